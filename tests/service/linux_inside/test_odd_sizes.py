"""Copies of files that end before the size they say: of sysfs, or cut off while they are copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from machined.host.linux.helper import contents
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside.guests import Guest
from tests.service.linux_inside.test_copying import into

SYSFS = Path("/sys/devices/system/cpu/possible")
PIECE = 65536


def copied(source: Path, target: Path, advance: contents.Advance = lambda _size: None) -> bytes:
    with source.open("rb") as read, target.open("w+b") as written:
        contents.copy_contents(read.fileno(), written.fileno(), advance)
    return target.read_bytes()


def said(path: Path) -> bytes:
    """What a file has in it, which is less than it says."""
    text = path.read_bytes()
    assert path.stat().st_size > len(text)
    return text


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files copied in small pieces, and none shared."""
    monkeypatch.setattr(contents, "_PIECE", PIECE)
    monkeypatch.setattr(contents, "_shared", lambda *_: False)


async def test_a_file_of_sysfs_is_as_long_as_what_is_in_it(inside: LinuxInside, plain: Guest) -> None:
    text = said(SYSFS)
    await inside.copy(plain.place, into(SYSFS, "/tmp/copy"))
    assert (plain.path / "tmp/copy").read_bytes() == text


@pytest.mark.parametrize("knows_holes", [True, False])
@pytest.mark.parametrize("left", [0, 1000, PIECE, PIECE + 7])
def test_a_log_that_is_cut_off_meanwhile(
    tmp_path: Path, in_pieces: None, monkeypatch: pytest.MonkeyPatch, left: int, knows_holes: bool
) -> None:
    """What was copied until then is kept, and nothing is made up."""
    if not knows_holes:
        monkeypatch.setattr(contents, "_next_data", lambda _fd, at: (at, os.stat(log).st_size or 1))
    log = tmp_path / "log"
    text = os.urandom(4 * PIECE)
    log.write_bytes(text)

    def advance(_size: int) -> None:
        os.truncate(log, left)

    assert copied(log, tmp_path / "copy", advance) == text[: max(left, PIECE)]


def test_a_log_that_is_begun_anew_meanwhile(tmp_path: Path, in_pieces: None) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 4 * PIECE)

    def advance(_size: int) -> None:
        log.write_bytes(b"new")

    assert copied(log, tmp_path / "copy", advance) == b"x" * PIECE


@pytest.mark.parametrize("left", [0, 5 * PIECE, 8 * PIECE])
def test_a_hole_is_as_long_as_what_is_left_of_it(tmp_path: Path, in_pieces: None, left: int) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"x" * PIECE)
    os.truncate(disk, 8 * PIECE)
    copy = copied(disk, tmp_path / "copy", lambda _size: os.truncate(disk, left))
    assert copy == b"x" * PIECE + bytes(max(0, left - PIECE))
    assert (tmp_path / "copy").stat().st_blocks * 512 <= PIECE


def test_a_file_that_is_cut_off_in_a_hole(tmp_path: Path, in_pieces: None) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.write(b"x" * PIECE)
        file.seek(6 * PIECE)
        file.write(b"y" * PIECE)
    copy = copied(disk, tmp_path / "copy", lambda _size: os.truncate(disk, 3 * PIECE))
    assert copy == b"x" * PIECE + bytes(2 * PIECE)
