"""The small parts of a real host: facts, readiness, the journal."""

from __future__ import annotations

import logging
import os
import socket
import time
from pathlib import Path

import pytest

from machined.bus import log_control
from machined.contract import VSOCK_CID_ANY
from machined.host.linux import facts, journal
from machined.host.linux.clock import LinuxClock
from machined.host.linux.facts import read_facts
from machined.host.linux.journal import JournalHandler, message_of
from machined.host.linux.log_targets import Prioritized
from machined.host.linux.readiness import tell_manager


@pytest.fixture
def machine_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "machine-id"
    path.write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.setattr(facts, "MACHINE_ID", path)
    return path


def test_the_facts_of_this_host(machine_id: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "VSOCK", tmp_path / "none")
    read = read_facts()
    assert read.machine_id.hex() == "0123456789abcdef" * 2
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(read.boot_realtime / 1e6 - (time.time() - uptime)) < 2
    assert read.vsock_cid == VSOCK_CID_ANY
    monkeypatch.setattr(facts, "VSOCK", Path("/dev/null"))
    assert read_facts().vsock_cid == 1


@pytest.mark.parametrize("text", ["", "uninitialized\n", "0" * 32, "ab" * 15])
def test_what_is_no_machine_id(machine_id: Path, text: str) -> None:
    machine_id.write_text(text)
    with pytest.raises(OSError, match="no machine id"):
        read_facts()


def test_the_clock_tells_microseconds() -> None:
    clock = LinuxClock()
    assert abs(clock.realtime() / 1e6 - time.time()) < 1
    assert abs(clock.monotonic() / 1e6 - time.monotonic()) < 1


@pytest.mark.parametrize("is_abstract", [False, True])
def test_readiness_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool) -> None:
    name = f"@machinedeck-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(f"\0{name[1:]}" if is_abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        tell_manager("READY=1", "STATUS=3 machines")
        assert told.recv(100) == b"READY=1\nSTATUS=3 machines"


def test_nobody_may_want_to_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_manager("READY=1")
    assert not caplog.records
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    tell_manager("READY=1")
    assert "cannot be told READY=1" in caplog.text


def record(text: str, level: int = logging.INFO, **fields: str) -> logging.LogRecord:
    made = logging.LogRecord("x", level, "", 0, text, (), None)
    made.fields = fields
    return made


def test_records_go_to_the_journal_with_their_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "journal"))
    levels = list(log_control._LEVELS.values())
    seen: list[logging.LogRecord] = []

    class Fallback(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)

    handler = JournalHandler("machined", levels, Fallback())
    handler.emit(record("nobody listens"))
    assert [one.getMessage() for one in seen] == ["nobody listens"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "journal"))
        handler.emit(record("New machine web.", NAME="web"))
        lines = told.recv(1000).decode().splitlines()
        assert {"MESSAGE=New machine web.", "PRIORITY=6", "SYSLOG_IDENTIFIER=machined", "NAME=web"} < set(
            lines
        )
        handler.emit(record("bad", logging.ERROR))
        assert b"PRIORITY=3\n" in told.recv(1000)
    handler.close()
    assert len(seen) == 1


def test_text_of_several_lines_is_sent_with_its_length() -> None:
    assert message_of({"A": "x", "B": "y\nz"}) == b"A=x\nB\n\x03\0\0\0\0\0\0\0y\nz\n"


def test_lines_for_a_stream_begin_with_their_priority() -> None:
    formatter = Prioritized(list(log_control._LEVELS.values()))
    assert formatter.format(record("a\nb", logging.WARNING)) == "<4>a\n<4>b"
    assert formatter.format(record("c", logging.CRITICAL)) == "<2>c"
    assert formatter.format(record("d", logging.DEBUG)) == "<7>d"
