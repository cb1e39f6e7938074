"""Copies to file systems of machines on which all is somebody's, as it is on FAT."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside import owned
from tests.service.linux_inside.guests import Guest
from tests.service.linux_inside.test_copying import into

UID = 1000


@contextmanager
def stick(machine: Guest, path: str) -> Iterator[Path]:
    """Have one mounted in a machine; where it is seen from the host."""
    words = [sys.executable, owned.__file__, str(machine.place.leader), path, str(UID)]
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
async def test_a_tree(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    make_tree(tmp_path / "one")
    (plain.path / "tmp/stick").mkdir()
    with stick(plain, "/tmp/stick") as there:
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
