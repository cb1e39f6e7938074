"""Copies to file systems of machines on which all is somebody's, as it is on FAT."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from machined.host.linux.helper import kernel
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside import owned
from tests.service.linux_inside.guests import Guest
from tests.service.linux_inside.test_copying import into

UID = 1000


@contextmanager
def stick(machine: Guest, path: str, *options: str) -> Iterator[Path]:
    """Have one mounted in a machine; where it is seen from the host."""
    words = [sys.executable, owned.__file__, str(machine.place.leader), path, str(UID), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"mounted\n"
            yield machine.root / path.lstrip("/")
        finally:
            server.kill()


def make_tree(top: Path) -> None:
    (top / "folder/deeper").mkdir(parents=True)
    (top / "folder/file").write_text("text")
    (top / "folder/deeper/empty").touch()
    for path in (top, *top.rglob("*")):
        os.chown(path, UID, UID)


@pytest.mark.promise("A tree is copied to a file system on which all is somebody's", where="bare host")
@pytest.mark.parametrize("options", [(), ("plain",)])
async def test_a_tree(inside: LinuxInside, plain: Guest, tmp_path: Path, options: tuple[str, ...]) -> None:
    make_tree(tmp_path / "one")
    (plain.path / "tmp/stick").mkdir()
    with stick(plain, "/tmp/stick", *options) as there:
        await inside.copy(plain.place, into(tmp_path / "one", "/tmp/stick/two"))
        copied = sorted(str(path.relative_to(there)) for path in there.rglob("*"))
        assert copied == [
            "two",
            "two/folder",
            "two/folder/deeper",
            "two/folder/deeper/empty",
            "two/folder/file",
        ]
        assert (there / "two/folder/file").read_text() == "text"
        assert {path.stat().st_uid for path in there.rglob("*")} == {UID}
        assert os.listdir(there) == ["two"]


@pytest.mark.parametrize("options", [(), ("plain",)])
def test_a_name_that_something_has_stays_its(plain: Guest, options: tuple[str, ...]) -> None:
    """Also where the file system cannot rename and see to that at once."""
    (plain.path / "tmp/stick").mkdir()
    with stick(plain, "/tmp/stick", *options) as there:
        (there / "file").write_text("one")
        (there / "folder").mkdir()
        (there / "taken").write_text("stays")
        folder = os.open(there, os.O_RDONLY)
        try:
            for name in ("file", "folder"):
                with pytest.raises(FileExistsError):
                    kernel.rename_new(name, "taken", folder, folder)
                kernel.rename_new(name, f"new {name}", folder, folder)
                kernel.rename_new(f"{there}/new {name}", f"{there}/{name}")
        finally:
            os.close(folder)
        assert sorted(os.listdir(there)) == ["file", "folder", "taken"]
        assert ((there / "taken").read_text(), (there / "file").read_text()) == ("stays", "one")


@pytest.fixture
def no_renameat2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no file system that renames without replacing."""

    class Library:
        def renameat2(self, *_words: object) -> int:
            ctypes.set_errno(errno.EINVAL)
            return -1

    monkeypatch.setattr(kernel, "libc", Library())


def test_a_file_is_linked_where_it_cannot_be_renamed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_renameat2: None
) -> None:
    """So that nothing which comes just then is replaced."""
    monkeypatch.delattr(os, "rename")
    (tmp_path / "one").write_text("one")
    (tmp_path / "taken").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        kernel.rename_new(str(tmp_path / "one"), str(tmp_path / "taken"))
    kernel.rename_new(str(tmp_path / "one"), str(tmp_path / "two"))
    assert sorted(os.listdir(tmp_path)) == ["taken", "two"]


def test_a_file_that_can_be_linked_and_not_unlinked_keeps_its_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_renameat2: None
) -> None:
    unlink = os.unlink

    def fail(path: str, *, dir_fd: int | None = None) -> None:
        if path.endswith("one"):
            raise PermissionError(errno.EPERM, "")
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", fail)
    (tmp_path / "one").write_text("one")
    with pytest.raises(PermissionError):
        kernel.rename_new(str(tmp_path / "one"), str(tmp_path / "two"))
    assert os.listdir(tmp_path) == ["one"]
