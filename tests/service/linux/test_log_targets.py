"""Where the log goes: each target of LogControl1."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.bus import log_control
from machined.bus.log_control import Log
from machined.host.linux import journal, log_targets
from machined.host.linux.log_targets import TARGETS, handler_of

LEVELS = list(log_control._LEVELS.values())
RECORD = logging.LogRecord("x", logging.WARNING, "", 0, "one\ntwo", (), None)
SENDER = f"machined[{os.getpid()}]: "
FILED = journal.FACILITY_AUTH << 3 | 4


class Places:
    """Stand-ins for the places of a host, and what came there."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "kmsg")
        self._kernel = os.open(folder / "kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self._sockets = {
            name: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for name in ("journal", "log")
        }
        for name, sock in self._sockets.items():
            sock.bind(str(folder / name))
            sock.setblocking(False)

    def close(self, name: str = "") -> None:
        """Take one away, or all."""
        for each, sock in self._sockets.items():
            if name in {"", each}:
                sock.close()
        if not name:
            os.close(self._kernel)

    def kernel(self) -> str:
        try:
            return os.read(self._kernel, 1 << 16).decode()
        except BlockingIOError:
            return ""

    def came(self, name: str) -> list[str]:
        found: list[str] = []
        while True:
            try:
                found.append(self._sockets[name].recv(1 << 16).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Places]:
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "journal"))
    monkeypatch.setattr(log_targets, "SYSLOG", str(tmp_path / "log"))
    monkeypatch.setattr(log_targets, "KERNEL_LOG", str(tmp_path / "kmsg"))
    made = Places(tmp_path)
    yield made
    made.close()


def write(target: str) -> None:
    handler = handler_of(target, "machined", LEVELS)
    handler.handle(RECORD)
    handler.close()


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("auto", "stderr"),
        ("console", "stderr"),
        ("console-prefixed", "prefixed"),
        ("journal", "journal"),
        ("journal-or-kmsg", "journal"),
        ("kmsg", "kernel"),
        ("syslog", "log"),
        ("syslog-or-kmsg", "log"),
    ],
)
def test_each_target_is_written_to_alone(
    places: Places, capfd: pytest.CaptureFixture[str], target: str, place: str
) -> None:
    write(target)
    printed = {"stderr": "machined: one\ntwo\n", "prefixed": "<4>one\n<4>two\n"}.get(place, "")
    assert capfd.readouterr().err == printed
    lines = "".join(f"<{FILED}>{SENDER}{line}\n" for line in ("one", "two"))
    assert places.kernel() == (lines if place == "kernel" else "")
    journaled = places.came("journal")
    assert len(journaled) == (place == "journal")
    assert all("PRIORITY=4\n" in one and "SYSLOG_IDENTIFIER=machined\n" in one for one in journaled)
    logged = places.came("log")
    assert len(logged) == 2 * (place == "log")
    form = rf"<{FILED}>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d {re.escape(SENDER)}(one|two)"
    assert all(re.fullmatch(form, one) for one in logged)


@pytest.mark.parametrize(
    ("target", "gone", "is_kernels"),
    [
        ("journal", "journal", False),
        ("syslog", "log", False),
        ("journal-or-kmsg", "journal", True),
        ("syslog-or-kmsg", "log", True),
    ],
)
def test_nothing_is_lost_where_nobody_takes_it(
    places: Places, capfd: pytest.CaptureFixture[str], target: str, gone: str, is_kernels: bool
) -> None:
    places.close(gone)
    write(target)
    assert ("one" in places.kernel()) == is_kernels
    assert ("one" in capfd.readouterr().err) != is_kernels


def test_a_kernel_log_that_cannot_be_written_to(
    places: Places, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "kmsg").unlink()
    write("kmsg")
    assert capfd.readouterr().err == "machined: one\ntwo\n"


def test_the_log_changes_its_target(places: Places, capfd: pytest.CaptureFixture[str]) -> None:
    log = Log()
    for target in (*TARGETS, "kmsg", "console"):
        log.write_to(target)
    log.handle(RECORD)
    assert places.kernel() == ""
    assert capfd.readouterr().err == f"{log_control.IDENTIFIER}: one\ntwo\n"
    assert sys.stderr.writable()
