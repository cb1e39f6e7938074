"""What is kept of a listing for the next: whatever changes, it tells what a new look tells."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from machined.host.linux.storage import calls, discovery, kept
from machined.host.linux.storage import mounts as mounts_module
from machined.host.linux.storage.attributes import CRTIME
from machined.host.linux.storage.description import Look
from machined.host.linux.storage.mounts import Mounts, Table
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, make_subvolume
from tests.service.linux_storage.volumes import sh

ROUNDS = int(os.environ.get("MACHINEDECK_LISTINGS", "60"))
SETTLED = 0.05
"""Seconds after a change in which the kernel's clock for files surely ticks."""


@pytest.fixture(autouse=True)
def soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SETTLED", int(SETTLED * 1e9))


class Changes:
    """Changes folders of images at random, in all ways that a listing can show."""

    def __init__(self, estate: Estate, seed: str) -> None:
        self._estate = estate
        self._random = random.Random(seed)
        self._names = [f"{letter}{end}" for letter in "abcdef" for end in ("", ".raw", ".v", ".raw.v")]
        self._made = 0

    def one(self) -> None:
        """Make one change; what cannot be done to what is there is fine."""
        kinds: list[Callable[[Path], None]] = [
            self._make, self._make, self._link, self._move, self._drop, self._mode, self._flag, self._born,
            self._write, self._mount, self._remount, self._replace, self._version, self._point,
        ]  # fmt: skip
        if self._estate.is_btrfs:
            kinds += [self._subvolume, self._seal]
        folder = self._random.choice([self._estate.pool, self._estate.other])
        change = self._random.choice(kinds)
        try:
            change(folder / self._random.choice(self._names))
        except (OSError, AssertionError):
            self._made -= 1
        self._made += 1

    def undo(self) -> None:
        """Let everything be removed."""
        volume = self._estate.other.parent
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for point in reversed(mounts):
            if point.startswith(f"{volume}/"):
                sh("umount", point)
        sh("mount", "-o", "remount,rw", volume)
        for path in (*self._estate.pool.iterdir(), *volume.glob("o*/*")):
            if path.is_dir() and not path.is_symlink():
                sh("chattr", "-i", path)

    def _make(self, path: Path) -> None:
        if path.name.endswith(".raw"):
            path.write_bytes(b"x" * self._random.randrange(20_000))
        else:
            path.mkdir()

    def _link(self, path: Path) -> None:
        path.symlink_to(path.with_name(self._random.choice(self._names)))

    def _move(self, path: Path) -> None:
        path.rename(path.with_name(self._random.choice(self._names)))

    def _drop(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

    def _mode(self, path: Path) -> None:
        path.chmod(self._random.choice([0o444, 0o644, 0o555, 0o755]))

    def _flag(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            sh("chattr", self._random.choice(["+i", "-i"]), path)

    def _born(self, path: Path) -> None:
        os.setxattr(path, CRTIME, self._random.randrange(10**15).to_bytes(8, "little"))

    def _write(self, path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(self._random.randrange(100_000))
            file.write(b"y" * 5000)
            if self._random.random() < 0.5:
                os.fsync(file.fileno())

    def _mount(self, path: Path) -> None:
        if self._random.random() < 0.5:
            sh("umount", path)
        elif path.is_dir() and not path.is_symlink():
            sh("mount", "--bind", path, path)
            sh("mount", "-o", "remount,bind,ro", path)

    def _remount(self, _path: Path) -> None:
        volume = self._estate.other.parent
        sh("mount", "-o", f"remount,{self._random.choice(['ro', 'rw', 'rw'])}", volume)

    def _replace(self, _path: Path) -> None:
        old = self._estate.other.with_name("old")
        if old.exists():
            shutil.rmtree(old)
        self._estate.other.rename(old)
        self._estate.other.mkdir()

    def _version(self, path: Path) -> None:
        (path / f"{path.name[0]}_{self._random.randrange(3)}{'.raw' if '.raw' in path.name else ''}").mkdir()

    def _point(self, path: Path) -> None:
        path.unlink()
        path.symlink_to(self._estate.settings)

    def _subvolume(self, path: Path) -> None:
        sh("btrfs", "subvolume", "create", path)

    def _seal(self, path: Path) -> None:
        sh("btrfs", "property", "set", path, "ro", self._random.choice(["true", "false"]))


def anew(estate: Estate) -> list[Image]:
    """A listing that knows nothing from before."""
    return discovery.discover([str(estate.other), str(estate.pool)])


@pytest.mark.promise("A listing is never stale, whatever changed since the last", where="bare host")
@pytest.mark.parametrize("seed", range(2))
async def test_a_listing_is_what_a_new_look_is(estate: Estate, storage: LinuxStorage, seed: int) -> None:
    changes = Changes(estate, f"{seed} {estate.kind}")
    hits = 0
    try:
        for _ in range(ROUNDS):
            for _ in range(3):
                await asyncio.to_thread(changes.one)
            assert await storage.discover() == anew(estate)
            await asyncio.sleep(SETTLED)  # else nothing would be kept
            before = await storage.discover()
            assert before == anew(estate)
            again = await storage.discover()
            hits += sum(one is other for one, other in zip(before, again, strict=True))
    finally:
        changes.undo()
    assert hits > ROUNDS


async def test_what_changed_just_now_is_described_anew(estate: Estate, storage: LinuxStorage) -> None:
    """The time of change tells changes apart only where the clock ticked between them."""
    path = estate.pool / "tree"
    path.mkdir()
    for number in range(20):
        os.setxattr(path, CRTIME, (number + 1).to_bytes(8, "little"))
        told = {one.name: one.created for one in await storage.discover()}
        assert told["tree"] == number + 1


@pytest.mark.parametrize("kind", ["btrfs-quota"], indirect=True)
async def test_the_usage_of_a_subvolume_is_fresh_in_a_listing(estate: Estate, storage: LinuxStorage) -> None:
    path = make_subvolume(estate, "volume")
    sh("btrfs", "filesystem", "sync", path)
    before = {one.name: one.usage for one in await storage.discover()}["volume"]
    (path / "data").write_bytes(os.urandom(3_000_000))
    sh("btrfs", "filesystem", "sync", path)
    after = {one.name: one.usage for one in await storage.discover()}["volume"]
    assert after >= before + 3_000_000
    assert (await image(storage, "volume")).usage == after


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_a_folder_in_the_place_of_another_is_listed_anew(estate: Estate, storage: LinuxStorage) -> None:
    (estate.pool / "old").mkdir()
    await asyncio.sleep(SETTLED)
    await storage.discover()
    sh("mount", "-t", "tmpfs", "none", estate.pool)
    try:
        (estate.pool / "new").mkdir()
        assert {one.name for one in await storage.discover()} == {"new", ".host"}
    finally:
        sh("umount", estate.pool)
    assert {one.name for one in await storage.discover()} == {"old", ".host"}


@pytest.mark.parametrize("kind", ["ext4", "btrfs"], indirect=True)
async def test_what_another_namespace_seals_is_told(estate: Estate, storage: LinuxStorage) -> None:
    """No change of our table of mounts is told of: the file system itself is asked."""
    (estate.pool / "tree").mkdir()
    await asyncio.sleep(SETTLED)
    before = await storage.discover()
    again = await storage.discover()
    assert all(one is other for one, other in zip(before, again, strict=True) if one.name == "tree")
    volume = str(estate.other.parent)
    for option, is_sealed in (("ro", True), ("rw", False)):
        sh("unshare", "--mount", "--propagation=private", "mount", "-o", f"remount,{option}", volume)
        told = {one.name: one.is_read_only for one in await storage.discover()}
        assert told["tree"] is is_sealed


async def test_a_name_that_comes_while_others_are_kept(estate: Estate, storage: LinuxStorage) -> None:
    """What is in a folder is read once; that something came or went its time of change tells."""
    (estate.pool / "tree").mkdir()
    await asyncio.sleep(SETTLED)
    await storage.discover()
    await storage.discover()
    read = storage._kept._last.noted_entries[str(estate.pool)]
    assert "tree" in dict(read.listed)
    new, newer = estate.pool / "new", estate.pool / "newer"
    for change in (new.mkdir, lambda: new.rename(newer), newer.rmdir):
        change()
        assert await storage.discover() == anew(estate)


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_names_that_a_key_would_change_are_not_kept(estate: Estate) -> None:
    mounts = Mounts()
    listing = kept.Listing(mounts.table())
    status = calls.status(str(estate.pool))._replace(changed=0)
    assert listing.can_keep_entries(status)
    encrypted = status._replace(attributes=status.attributes | calls.ATTR_ENCRYPTED)
    assert listing.can_keep(encrypted)
    assert not listing.can_keep_entries(encrypted)
    mounts.close()


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_the_table_of_mounts_is_read_once_it_changed(estate: Estate) -> None:
    mounts = Mounts()
    first = mounts.table()
    assert mounts.table() is first
    sh("mount", "-t", "tmpfs", "none", estate.pool)
    second = mounts.table()
    sh("umount", estate.pool)
    third = mounts.table()
    assert f" {estate.pool} ".encode() in second.text
    assert (third.text == first.text, third.turn > second.turn > first.turn) == (True, True)
    mounts.close()


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_a_table_of_mounts_that_could_not_be_read_is_read_the_next_time(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = Mounts()

    def fail(*_arguments: object) -> bytes:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    for name in ("read", "lseek"):
        with monkeypatch.context() as patched:
            patched.setattr(mounts_module.os, name, fail)
            with pytest.raises(OSError, match=os.strerror(errno.ENOMEM)):
                mounts.table()
        first = mounts.table()
        assert b" / / " in first.text
        sh("mount", "-t", "tmpfs", "none", estate.pool)
        with monkeypatch.context() as patched:
            patched.setattr(mounts_module.os, name, fail)
            with pytest.raises(OSError, match=os.strerror(errno.ENOMEM)):
                mounts.table()
        second = mounts.table()
        assert f" {estate.pool} ".encode() in second.text
        assert second.turn > first.turn
        sh("umount", estate.pool)
        mounts.close()
        mounts = Mounts()
    mounts.close()


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_a_folder_that_goes_while_it_is_listed_hides_no_other(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = estate.pool / "folder"
    (folder / "tree").mkdir(parents=True)
    (estate.other / "stays").mkdir()
    await asyncio.sleep(SETTLED)
    mounts = Mounts()
    memory = kept.Kept(mounts)
    describe = Look.describe

    def going(self: Look, name: str, *arguments: Any) -> Image | None:
        found = describe(self, name, *arguments)
        if name == "tree":
            folder.rename(estate.pool / "gone")
        return found

    folders = [str(folder), str(estate.other)]
    monkeypatch.setattr(Look, "describe", going)
    assert {one.name for one in discovery.discover(folders, kept=memory)} == {"tree", "stays", ".host"}
    monkeypatch.undo()
    assert {one.name for one in discovery.discover(folders, kept=memory)} == {"stays", ".host"}
    mounts.close()


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_what_was_sealed_for_a_moment_while_it_was_looked_at(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of mounts was the same before and is the same after: it tells nothing of between."""
    (estate.pool / "tree").mkdir()
    await asyncio.sleep(SETTLED)
    mounts = Mounts()
    memory = kept.Kept(mounts)
    volume = estate.other.parent
    describe = Look.describe

    def sealed(self: Look, name: str, *arguments: Any) -> Image | None:
        if name != "tree":
            return describe(self, name, *arguments)
        sh("mount", "-o", "remount,ro", volume)
        try:
            return describe(self, name, *arguments)
        finally:
            sh("mount", "-o", "remount,rw", volume)

    monkeypatch.setattr(Look, "describe", sealed)
    first = {one.name: one.is_read_only for one in discovery.discover([str(estate.pool)], kept=memory)}
    assert first["tree"]
    monkeypatch.undo()
    told = {one.name: one.is_read_only for one in discovery.discover([str(estate.pool)], kept=memory)}
    assert not told["tree"]
    mounts.close()


@pytest.mark.parametrize("end", [b"\r", b"\x0b", b"\x0c", b"\x85"])
def test_a_mount_may_be_called_anything(end: bytes) -> None:
    text = b"25 1 8:1 / / rw - ext4 /dev/a rw\n26 25 8:2 / /media/a%sb rw - vfat /dev/b rw\n" % end
    table = Table(1, text)
    assert len(list(table.lines())) == 2
    assert table.trusted() == {25}
