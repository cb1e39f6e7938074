"""A machine may run from a tree that is copied, and put something else in the place of what was found."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from machined.host.linux.storage.treecopy import TreeCopy

ENDLESS = os.makedev(1, 5)
"""The device number of /dev/zero."""

NEW: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_text("new"),
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to("/etc/passwd"),
    "pipe": os.mkfifo,
    "device": lambda path: os.mknod(path, stat.S_IFCHR | 0o600, ENDLESS),
    "socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
}
CALLS = {"file": "open", "folder": "open", "link": "readlink", "pipe": "stat"}
"""What can be replaced, and the call of the kernel that reads it."""
ANY = "pipe", "device", "socket"
"""What is copied as what it is when it is looked at."""


def copy(source: Path, target: Path) -> None:
    target.mkdir()
    fds = [os.open(path, os.O_RDONLY) for path in (source, target)]
    try:
        TreeCopy(*fds, lambda _size: None).run()
    finally:
        for fd in fds:
            os.close(fd)


def before(patch: pytest.MonkeyPatch, call: str, wanted: str, swap: Callable[[], object]) -> list[str]:
    """Have something done right before a call of the kernel on a name, once; its name then."""
    real = getattr(os, call)
    swapped: list[str] = []

    def called(path: Any, *words: Any, **options: Any) -> Any:
        if path == wanted and not swapped:
            swapped.append(path)
            swap()
        return real(path, *words, **options)

    patch.setattr(os, call, called)
    return swapped


@pytest.mark.usefixtures("volumes_possible")
@pytest.mark.promise(
    "What is replaced while it is copied neither ends a copy nor fills the disk", where="bare host"
)
@pytest.mark.parametrize("old", CALLS)
@pytest.mark.parametrize("new", NEW)
def test_what_is_replaced_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for kind in CALLS:
        NEW[kind](source / kind)
    (source / "other").write_text("stays")

    def swap() -> None:
        (source / old).rename(tmp_path / "old")
        NEW[new](source / old)

    with monkeypatch.context() as patched:
        swapped = before(patched, CALLS[old], old, swap)
        copy(source, tmp_path / "copy")
    assert swapped == [old]
    is_copied = new == old or (old == "pipe" and new in (*ANY, "link"))
    expected = {*CALLS, "other"} if is_copied else {*CALLS, "other"} - {old}
    assert set(os.listdir(tmp_path / "copy")) == expected
    assert (tmp_path / "copy/other").read_text() == "stays"


def test_a_file_in_the_place_of_another_is_copied_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As editors and package managers replace files. What was linked to the other is no link to this one."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("old")
    os.link(source / "file", source / "same")
    (tmp_path / "new").write_text("longer than the old one")
    (tmp_path / "new").chmod(0o640)
    names = [entry.name for entry in os.scandir(source)]
    first, second = names

    def swap() -> None:
        (tmp_path / "new").rename(source / first)

    with monkeypatch.context() as patched:
        assert before(patched, "open", first, swap) == []
        copy(source, tmp_path / "copy")
    assert (tmp_path / "copy" / first).read_text() == "longer than the old one"
    assert stat.S_IMODE((tmp_path / "copy" / first).stat().st_mode) == 0o640
    assert (tmp_path / "copy" / second).read_text() == "old"
