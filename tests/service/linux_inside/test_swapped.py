"""Whoever is root in a machine may mount something on what is made there, before it is given its owner."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machined.host.linux.helper import mounting
from machined.host.linux.helper.manner import Manner
from machined.host.linux.helper.trees import TreeCopy
from tests.service.linux_inside.guests import sh

OWNER = 4321


class Scene:
    """A folder of the host, shown in a machine, and a folder of the machine that is copied into."""

    def __init__(self, path: Path) -> None:
        self.shown, self.source, self.target = path / "shown", path / "source", path / "target"
        for folder in (self.shown, self.source, self.target):
            folder.mkdir(mode=0o700)
        (self.shown / "file").write_text("of the host")
        self.fds = [os.open(folder, os.O_RDONLY) for folder in (self.source, self.target)]

    def copy(self, name: str, *, replaces: bool = False, is_inside: bool = True) -> None:
        tree = TreeCopy(replaces, OWNER, lambda _size: None, Manner(), is_inside=is_inside)
        tree.copy(self.fds[0], name.encode(), self.fds[1], name.encode())

    def facts(self) -> list[tuple[int, int, int]]:
        """What may not change of the host's."""
        found = [self.shown.stat(), (self.shown / "file").stat()]
        return [(one.st_uid, one.st_mode, one.st_mtime_ns) for one in found]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    if os.geteuid():
        pytest.skip("to mount needs root")
    scene = Scene(tmp_path)
    yield scene
    for fd in scene.fds:
        os.close(fd)
    sh(tmp_path, "for one in target/* target/.#*; do ! mountpoint -q $one || umount --lazy $one; done")


def after(patch: pytest.MonkeyPatch, name: str, swap: Callable[[bytes], None]) -> None:
    """Have something happen right after a call that makes something."""
    make = getattr(os, name)

    def made(path: bytes, *words: int, dir_fd: int) -> None:
        make(path, *words, dir_fd=dir_fd)
        swap(path)

    patch.setattr(os, name, made)


def swaps(scene: Scene) -> dict[str, Callable[[bytes], None]]:
    """What may come in the place of what was made."""

    def mount(what: Path) -> Callable[[bytes], None]:
        return lambda name: sh(scene.target, f"mount --bind {what} {os.fsdecode(name)}")

    def link(name: bytes) -> None:
        place = scene.target / os.fsdecode(name)
        place.rename(scene.target / "aside")
        place.symlink_to(scene.shown)

    def other(name: bytes) -> None:
        (scene.target / os.fsdecode(name)).rename(scene.target / "aside")
        os.rename(scene.target / "theirs", scene.target / os.fsdecode(name))

    return {"folder": mount(scene.shown), "file": mount(scene.shown / "file"), "link": link, "other": other}


def refused(work: Callable[[], None]) -> None:
    with pytest.raises(OSError, match="was put in the place of") as raised:
        work()
    assert raised.value.errno == errno.EBUSY


@pytest.mark.promise("What the host shows a machine changes its owner by no copy", where="bare host")
@pytest.mark.parametrize("swap", ["folder", "link", "other"])
def test_a_folder_that_is_copied(scene: Scene, monkeypatch: pytest.MonkeyPatch, swap: str) -> None:
    (scene.source / "made").mkdir(mode=0o777)
    (scene.source / "made/planted").write_text("of the machine")
    (scene.target / "theirs").mkdir()
    os.chown(scene.target / "theirs", 7, 7)
    before = scene.facts()
    after(monkeypatch, "mkdir", swaps(scene)[swap])
    refused(lambda: scene.copy("made"))
    assert scene.facts() == before
    assert sorted(os.listdir(scene.shown)) == ["file"]
    if swap == "other":
        assert (scene.target / "made").stat().st_uid == 7


@pytest.mark.parametrize("swap", ["file", "link", "other"])
@pytest.mark.parametrize("replaces", [False, True])
def test_a_fifo_that_is_copied(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, swap: str, replaces: bool
) -> None:
    os.mkfifo(scene.source / "made")
    os.mkfifo(scene.target / "theirs")
    os.chown(scene.target / "theirs", 7, 7)
    before = scene.facts()
    after(monkeypatch, "mknod", swaps(scene)[swap])
    refused(lambda: scene.copy("made", replaces=replaces))
    assert scene.facts() == before


@pytest.mark.parametrize("swap", ["folder", "link", "other"])
def test_a_folder_that_is_made_for_a_mount(scene: Scene, monkeypatch: pytest.MonkeyPatch, swap: str) -> None:
    (scene.target / "theirs").mkdir()
    os.chown(scene.target / "theirs", 7, 7)
    before = scene.facts()
    after(monkeypatch, "mkdir", swaps(scene)[swap])
    refused(lambda: mounting._make_one(scene.fds[1], b"made", 0o755, OWNER))
    assert scene.facts() == before


@pytest.mark.parametrize("is_inside", [True, False])
def test_what_nobody_meddles_with_gets_owner_and_times(scene: Scene, is_inside: bool) -> None:
    (scene.source / "tree/folder").mkdir(parents=True)
    os.mkfifo(scene.source / "tree/fifo", 0o640)
    os.symlink("nowhere", scene.source / "tree/link")
    os.mknod(scene.source / "tree/null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    for name in ("fifo", "link", "null", "folder"):
        os.utime(scene.source / "tree" / name, (5, 7), follow_symlinks=False)
    scene.copy("tree", is_inside=is_inside)
    for name in ("fifo", "link", "null", "folder"):
        made, original = ((one / "tree" / name).lstat() for one in (scene.target, scene.source))
        assert (made.st_uid, made.st_gid, made.st_mtime) == (OWNER, OWNER, 7), name
        assert (stat.S_IFMT(made.st_mode), made.st_rdev) == (stat.S_IFMT(original.st_mode), original.st_rdev)
