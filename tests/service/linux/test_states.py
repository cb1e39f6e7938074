"""The files that machines are written down in."""

from __future__ import annotations

import logging
import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machined.host.linux.states import LinuxStates, escape, record_of, text_of, unescape
from machined.host.states import MachineRecord

WEB = MachineRecord(
    "web-1", bytes(range(1, 17)), 'la"b \\x $y', "container", 97, "/srv/a b\\c é", (1, 22),
    r"machine-web\x2d1.scope", "/org/freedesktop/systemd1/job/7", 1795647697104129, 1214631979,
    2**32 - 1, "", "",
)  # fmt: skip
BY_SYSTEMD_257 = r"""# This is private data. Do not parse.
NAME=web-1
SCOPE=machine-web\\x2d1.scope
SCOPE_JOB=/org/freedesktop/systemd1/job/7
SERVICE=la\"b \\x $y
ROOT=/srv/a b\\c \303\251
ID=0102030405060708090a0b0c0d0e0f10
LEADER=97
CLASS=container
REALTIME=1795647697104129
MONOTONIC=1214631979
NETIF=1 22
"""
BY_SYSTEMD_258 = """# This is private data. Do not parse.
NAME=web-1
UID=0
SCOPE="machine-web\\\\x2d1.scope"
SERVICE='la"b \\x $y'
ROOT=/srv
ID=0102030405060708090a0b0c0d0e0f10
LEADER=97
LEADER_PIDFDID=66594
CLASS=container
REALTIME=1795647697104129
MONOTONIC=1214631979
NETIF=" 1 22"
"""


@pytest.fixture
def states(tmp_path: Path) -> LinuxStates:
    states = LinuxStates(tmp_path / "machines")
    states.prepare()
    return states


async def test_half_a_record_is_none(
    states: LinuxStates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk takes some of it, and then no more."""
    await states.save(WEB)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # Python ignores SIGXFSZ
    try:
        await states.save(WEB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "web-1 could not be written down" in caplog.text
    assert not {name for name in files(tmp_path) if "web-1" in name and not name.startswith("unit:")}


def files(tmp_path: Path) -> dict[str, str]:
    return {
        path.name: os.readlink(path) if path.is_symlink() else path.read_text()
        for path in (tmp_path / "machines").iterdir()
    }


def test_a_record_is_written_as_systemd_writes_it() -> None:
    assert text_of(WEB) == BY_SYSTEMD_257
    assert record_of(BY_SYSTEMD_257.encode()) == WEB


def test_what_is_not_known_is_left_out() -> None:
    plain = MachineRecord("a", b"", "", "vm", 5, "", (), "a.service", "", 1, 2, 2**32 - 1, "", "")
    assert text_of(plain).splitlines()[1:] == [
        "NAME=a", "SCOPE=a.service", "LEADER=5", "CLASS=vm", "REALTIME=1", "MONOTONIC=2",
    ]  # fmt: skip
    assert record_of(text_of(plain).encode()) == plain


def test_files_of_a_newer_systemd_are_understood() -> None:
    read = record_of(BY_SYSTEMD_258.encode())
    assert read == WEB._replace(scope_job="", root_directory="/srv")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives(text: str) -> None:
    escaped = escape(text)
    assert "\n" not in escaped
    assert escaped.isascii()
    assert unescape(escaped.encode()) == text


@pytest.mark.parametrize(
    "text", ["", "NAME=a\n", "CLASS=vm\n", "CLASS=vm\nLEADER=x\n", "CLASS=vm\nLEADER=1\nID=zz\n"]
)
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        record_of(text.encode())


async def test_files_and_links_come_and_go(states: LinuxStates, tmp_path: Path) -> None:
    await states.save(WEB)
    await states.save(WEB._replace(scope_job=""))
    link = r"unit:machine-web\x2d1.scope"
    assert files(tmp_path) == {
        "web-1": BY_SYSTEMD_257.replace("SCOPE_JOB=/org/freedesktop/systemd1/job/7\n", ""),
        link: "web-1",
    }
    folder = tmp_path / "machines"
    assert (folder / "web-1").stat().st_mode & 0o7777 == 0o644
    assert folder.stat().st_mode & 0o7777 == 0o755
    await states.remove("web-1")
    await states.remove("web-1")
    assert files(tmp_path) == {}


async def test_readers_never_see_half_a_file(states: LinuxStates, tmp_path: Path) -> None:
    await states.save(WEB)
    with (tmp_path / "machines/web-1").open() as opened:
        await states.save(WEB._replace(service="x"))
        assert opened.read() == BY_SYSTEMD_257


async def test_an_earlier_life_is_loaded_and_tidied_up(states: LinuxStates, tmp_path: Path) -> None:
    await states.save(WEB)
    folder = tmp_path / "machines"
    (folder / ".#web-1").write_text("half")
    (folder / "broken").write_text("LEADER=many\n")
    (folder / "a_b").write_text("no name of a machine")
    (folder / "dir").mkdir()
    (folder / "unit:gone.scope").symlink_to("gone")
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to("web-1")
    later = LinuxStates(folder)
    later.prepare()
    assert await later.load() == [WEB]
    assert {path.name for path in folder.iterdir()} == {
        "web-1", r"unit:machine-web\x2d1.scope", "broken", "a_b", "dir", "fifo", "link",
    }  # fmt: skip
    await later.remove("web-1")
    assert not [path for path in folder.iterdir() if "web" in os.path.basename(path)]


async def test_the_name_of_the_file_counts(states: LinuxStates, tmp_path: Path) -> None:
    (tmp_path / "machines/other").write_text(BY_SYSTEMD_257)
    assert await states.load() == [WEB._replace(name="other")]


async def test_a_link_of_somebody_else_is_taken_over(states: LinuxStates, tmp_path: Path) -> None:
    (tmp_path / r"machines/unit:machine-web\x2d1.scope").symlink_to("old")
    await states.save(WEB)
    assert files(tmp_path)[r"unit:machine-web\x2d1.scope"] == "web-1"


async def test_what_cannot_be_written_is_logged_and_no_lie_is_left(
    states: LinuxStates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await states.save(WEB)
    (tmp_path / "machines/.#web-1").mkdir()
    with caplog.at_level(logging.ERROR):
        await states.save(WEB._replace(leader=98))
    assert "web-1 could not be written down" in caplog.text
    assert "web-1" not in files_of(tmp_path)


def files_of(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "machines").iterdir()}


def test_the_folder_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "no/such"):
        with pytest.raises(OSError, match=name.split("/", maxsplit=1)[0]):
            LinuxStates(tmp_path / name).prepare()
