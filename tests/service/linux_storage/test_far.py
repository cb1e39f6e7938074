"""Images that links lead to, or that are mounted, from another btrfs: its groups have the same numbers."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import btrfs, quota
from machined.host.linux.storage.pool import opened, through
from machined.host.linux.storage.room import Room
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.gate import gate
from tests.service.linux_storage.kits import image, leftovers, make_subvolume, unwatched
from tests.service.linux_storage.volumes import mounted, sh

LIMIT = 5 * 10**6

pytestmark = pytest.mark.parametrize("kind", ["btrfs-quota"], indirect=True)


@contextlib.contextmanager
def far(home: Path, *, has_quotas: bool = True) -> Iterator[Path]:
    """A subvolume on another file system, which counts, too, or does not."""
    with mounted(home, "btrfs", "300M") as volume:
        if has_quotas:
            sh("btrfs", "quota", "enable", volume)
        sh("btrfs", "subvolume", "create", volume / "far")
        if has_quotas:
            sh("btrfs", "quota", "rescan", "--wait", volume)
        yield volume / "far"


def limits(path: Path) -> set[int]:
    """All limits that are set on a file system."""
    with opened(str(path)) as fd:
        return {one.referenced for one in quota.read(fd).limits.values()} - {UNKNOWN_SIZE}


def id_of(path: Path) -> int:
    with opened(str(path)) as fd:
        return btrfs.subvolume_of(fd)


@pytest.mark.promise(
    "A limit is set for the image that it was meant for, wherever that is", where="bare host"
)
@pytest.mark.parametrize("way", ["link", "mount"])
async def test_the_limit_of_an_image_on_another_file_system(
    estate: Estate, storage: LinuxStorage, way: str
) -> None:
    near = make_subvolume(estate, "near")
    with far(estate.settings) as there:
        assert id_of(there) == id_of(near)
        here = estate.pool / "image"
        if way == "link":
            here.symlink_to(there)
        else:
            here.mkdir()
            sh("mount", "--bind", there, here)
        try:
            await storage.set_limit(await image(storage, "image"), LIMIT)
            assert (limits(estate.pool), limits(there)) == (set(), {LIMIT})
            assert (await image(storage, "image")).limit == LIMIT
            assert (await image(storage, "near")).limit == UNKNOWN_SIZE
            await storage.set_limit(await image(storage, "image"), UNKNOWN_SIZE)
            assert limits(there) == set()
        finally:
            if way == "mount":
                sh("umount", here)
    assert leftovers(estate) == []


async def test_who_is_cancelled_while_a_subvolume_is_copied_from_there(
    estate: Estate, storage: LinuxStorage
) -> None:
    """There can be no snapshot of it. To find that out is not the last moment to cancel the copy."""
    with far(estate.settings, has_quotas=False) as there:
        (there / "file").write_text("text")
        (estate.pool / "image").symlink_to(there)
        one = await image(storage, "image")
        assert one.type is ImageType.SUBVOLUME
        with gate(there / "file") as file:
            going = asyncio.create_task(storage.clone(one, "new", False, unwatched))
            await file.reached.wait()
            going.cancel()
            await asyncio.wait({going}, timeout=30)
            assert going.cancelled()
        await storage._tidying.end()
    assert list(estate.pool.glob("new*")) == []
    assert leftovers(estate) == []


def test_a_limit_is_never_set_through_another_file_system(estate: Estate) -> None:
    """Not where no subvolume of this one has room left, either."""
    (estate.pool / "image").mkdir()
    tried: list[bytes | None] = []

    def change(fd: int) -> None:
        tried.append(btrfs.file_system(fd))
        raise OSError(errno.EDQUOT, "")

    with far(estate.settings) as there:
        sh("mount", "--bind", there, estate.pool / "image")
        try:
            with opened(str(estate.pool)) as fd:
                home = btrfs.file_system(fd)
            with pytest.raises(OSError, match=r".") as raised:
                through(str(estate.pool), change)
        finally:
            sh("umount", estate.pool / "image")
    assert raised.value.errno == errno.EDQUOT
    assert set(tried) == {home}


def test_room_is_made_on_one_file_system_only(estate: Estate) -> None:
    """Else the limit of the other's group would be set for that of the same number here, and back after."""
    near = make_subvolume(estate, "near")
    done: list[set[int]] = []
    with far(estate.settings) as there:
        sh("btrfs", "qgroup", "limit", "100M", near)
        sh("btrfs", "qgroup", "limit", "4M", there)
        before = limits(near)

        def work() -> None:
            done.append(limits(near))
            if len(done) == 1:
                raise OSError(errno.EDQUOT, "")

        Room(estate.locks / "machined-quota").with_room([str(estate.pool), str(there)], work)
        assert done == [before, before]
        assert (limits(near), limits(there)) == (before, {4 * 1024**2})


def test_a_quota_of_another_kind_is_told_of(estate: Estate, tmp_path: Path) -> None:
    """There are user and project quotas, which no room is made for."""

    def work() -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with mounted(tmp_path, "ext4") as volume, pytest.raises(OSError, match="quota") as raised:
        Room(estate.locks / "machined-quota").with_room([str(volume)], work)
    assert raised.value.errno == errno.EDQUOT
