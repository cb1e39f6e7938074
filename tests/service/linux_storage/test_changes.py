"""Renames and the read-only mark, and the locks that keep others off."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from machined.host.linux.storage import locks
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import (
    image,
    leftovers,
    make_directory,
    make_raw,
    make_subvolume,
    refusal,
)


@contextmanager
def held(path: Path, kind: int = fcntl.F_WRLCK) -> Iterator[None]:
    """Hold a lock as systemd-nspawn does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(fd)


def make(estate: Estate, kind: ImageType, name: str) -> Path:
    match kind:
        case ImageType.RAW:
            return make_raw(estate, name)
        case ImageType.SUBVOLUME:
            return make_subvolume(estate, name)
        case _:
            return make_directory(estate, name)


def types(estate: Estate) -> list[ImageType]:
    """The types of images that an estate can have in its pool."""
    made = [ImageType.DIRECTORY, ImageType.RAW]
    return [*made, ImageType.SUBVOLUME] if estate.is_btrfs else made


async def test_rename_moves_an_image_and_its_side_files(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        for suffix in (".roothash", ".verity", ".nspawn"):
            (estate.pool / f"{kind}{suffix}").write_text(suffix)
        (estate.settings / f"{kind}.nspawn").write_text("settings")
        (estate.pool / f"new-{kind}.verity").write_text("in the way")
        await storage.rename(await image(storage, str(kind)), f"new-{kind}")
        assert not path.exists()
        assert await storage.find(str(kind)) is None
        assert (await image(storage, f"new-{kind}")).type is kind
        assert (estate.pool / f"new-{kind}.roothash").read_text() == ".roothash"
        assert (estate.pool / f"new-{kind}.verity").read_text() == "in the way"
        assert (estate.pool / f"{kind}.verity").exists()
        assert (estate.settings / f"new-{kind}.nspawn").read_text() == "settings"
        assert not (estate.settings / f"{kind}.nspawn").exists()
    assert leftovers(estate) == []


async def test_the_read_only_mark(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        for is_read_only in (True, True, False):
            await storage.set_read_only(await image(storage, str(kind)), is_read_only)
            found = await image(storage, str(kind))
            assert (found.type, found.is_read_only) == (kind, is_read_only)
            if kind is ImageType.RAW:
                assert path.stat().st_mode & 0o7777 == (0o444 if is_read_only else 0o644)
    assert leftovers(estate) == []


async def test_a_directory_that_is_read_only_is_renamed_and_stays_so(
    estate: Estate, storage: LinuxStorage
) -> None:
    make_directory(estate, "tree")
    await storage.set_read_only(await image(storage, "tree"), True)
    await storage.rename(await image(storage, "tree"), "new")
    assert (await image(storage, "new")).is_read_only
    await storage.set_read_only(await image(storage, "new"), False)


async def test_a_taken_name_is_refused(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "web")
    make_raw(estate, "disk")
    (estate.other / "far").mkdir()
    (estate.pool / "file").write_text("no image, and yet in the way")
    web, disk = await image(storage, "web"), await image(storage, "disk")
    for taken in ("disk", "far", "web", "file"):
        assert await refusal(storage.rename(web, taken)) == errno.EEXIST
    assert await refusal(storage.rename(disk, "web")) == errno.EEXIST
    assert await refusal(storage.rename(web, ".host")) == errno.EBUSY
    await storage.rename(web, "new")
    assert await refusal(storage.rename(web, "newer")) == errno.ENOENT


@pytest.mark.promise("An image that a machine runs from is neither renamed nor marked", where="bare host")
async def test_an_image_in_use_is_left_alone(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        status = path.stat()
        for lock in (
            path.parent / f".#{path.name}.lck",
            estate.locks / f"inode-{status.st_dev}:{status.st_ino}",
        ):
            with held(lock):
                found = await image(storage, str(kind))
                assert await refusal(storage.rename(found, "new")) == errno.EBUSY
                assert await refusal(storage.set_read_only(found, True)) == errno.EBUSY
                assert await refusal(storage.metadata(found)) == errno.EBUSY
    found = await image(storage, "directory")
    with held(estate.locks / "name-new"):
        assert await refusal(storage.rename(found, "new")) == errno.EBUSY
    with held(estate.pool / ".#directory.lck", fcntl.F_RDLCK):
        assert (await storage.metadata(found)).hostname == "web-1"
        assert await refusal(storage.rename(found, "new")) == errno.EBUSY


async def test_the_host_itself_is_in_use(estate: Estate, storage: LinuxStorage) -> None:
    host = await image(storage, ".host")
    assert await refusal(storage.rename(host, "new")) == errno.EBUSY
    assert await refusal(storage.set_read_only(host, True)) == errno.EBUSY
    assert (await storage.metadata(host)).os_release["ID"]


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locks.lock(str(path)):
        with pytest.raises(OSError, match="busy"), locks.lock(str(path)):
            raise AssertionError("two have it")
        with pytest.raises(OSError, match="busy"), locks.lock(str(path), is_shared=True):
            raise AssertionError("two have it")
    with locks.lock(str(path), is_shared=True):
        with locks.lock(str(path), is_shared=True):
            assert path.exists()
        assert path.exists()
    assert not path.exists()


def test_two_who_let_go_of_a_shared_lock_at_once_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sees that another has it still, and is not the last."""
    path = str(tmp_path / "lock")
    one, other = locks.lock(path, is_shared=True), locks.lock(path, is_shared=True)
    one.__enter__()
    other.__enter__()
    take = locks._is_locked
    waiting = [other]

    def taken(fd: int, kind: int) -> bool:
        is_taken = take(fd, kind)
        if waiting:
            waiting.pop().__exit__(None, None, None)
        return is_taken

    with monkeypatch.context() as patched:
        patched.setattr(locks, "_is_locked", taken)
        one.__exit__(None, None, None)
    assert not waiting
    assert os.listdir(tmp_path) == []


def test_locks_that_nobody_holds_are_swept(tmp_path: Path) -> None:
    for name in ("inode-1:2", "inode-3:4", "other"):
        (tmp_path / name).write_text("")
    with held(tmp_path / "inode-3:4"):
        locks.sweep(tmp_path, "inode-*")
        assert sorted(os.listdir(tmp_path)) == ["inode-3:4", "other"]
    locks.sweep(tmp_path / "missing", "*")
