"""What the pool and its images may use."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import pool
from machined.host.linux.storage.storage import LinuxStorage
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, make_directory, make_raw, make_subvolume, refusal
from tests.service.linux_storage.volumes import sh

btrfs_only = pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)


def write(path: Path, megabytes: int) -> None:
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(10**6))
            os.fsync(file.fileno())


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_elsewhere_than_on_btrfs_nothing_is_known(estate: Estate, storage: LinuxStorage) -> None:
    assert await storage.pool() == (str(estate.pool), UNKNOWN_SIZE, UNKNOWN_SIZE)
    assert await refusal(storage.set_pool_limit(10**9)) == errno.EOPNOTSUPP
    make_directory(estate, "tree")
    assert await refusal(storage.set_limit(await image(storage, "tree"), 10**9)) == errno.EOPNOTSUPP
    estate.pool.joinpath("tree").rename(estate.other / "tree")
    estate.pool.rmdir()
    assert await storage.pool() == (str(estate.pool), UNKNOWN_SIZE, UNKNOWN_SIZE)
    assert await refusal(storage.set_pool_limit(10**9)) == errno.EOPNOTSUPP
    assert not estate.pool.exists()


@btrfs_only
async def test_the_limit_of_the_pool(estate: Estate, storage: LinuxStorage) -> None:
    await storage.set_pool_limit(10**9)
    sh("btrfs", "quota", "rescan", "--wait", estate.pool)
    status = await storage.pool()
    assert (status.path, status.limit) == (str(estate.pool), 10**9)
    assert status.usage < 10**6
    await storage.set_pool_limit(UNKNOWN_SIZE)
    assert (await storage.pool()).limit == UNKNOWN_SIZE
    assert not list(estate.pool.glob(".#*"))


@pytest.mark.parametrize("kind", ["btrfs"], indirect=True)
async def test_a_pool_that_is_not_there_is_made(estate: Estate, storage: LinuxStorage) -> None:
    sh("btrfs", "subvolume", "delete", estate.pool)
    await storage.set_pool_limit(10**9)
    assert (await storage.pool()).limit == 10**9
    assert estate.pool.stat().st_mode & 0o7777 == 0o700


@btrfs_only
@pytest.mark.promise("A pool whose limit is 0 can be given more again", where="bare host")
async def test_a_limit_of_nothing_is_lifted_again(estate: Estate, storage: LinuxStorage) -> None:
    make_subvolume(estate, "volume")
    await storage.set_pool_limit(10**9)
    await storage.set_limit(await image(storage, "volume"), 0)
    for _ in range(2):
        await storage.set_pool_limit(0)
        assert (await storage.pool()).limit == 0
        with pytest.raises(OSError, match="quota"):
            (estate.pool / "more").mkdir()
        with pytest.raises(OSError, match="quota"):
            (estate.pool / "volume/more").mkdir()
        assert (await storage.metadata(await image(storage, "volume"))).hostname == "web-1"
    await storage.set_pool_limit(2 * 10**9)
    await storage.set_limit(await image(storage, "volume"), UNKNOWN_SIZE)
    (estate.pool / "more").mkdir()
    (estate.pool / "volume/more").mkdir()


@btrfs_only
async def test_many_limits_of_the_pool_at_once(estate: Estate, storage: LinuxStorage) -> None:
    """The last one lasts, and what can raise it again is there as long as there is one."""
    for last in (10**9, UNKNOWN_SIZE):
        sizes = [10**9, UNKNOWN_SIZE] * 5 + [last]
        await asyncio.gather(*(storage.set_pool_limit(size) for size in sizes))
        assert (await storage.pool()).limit == last
        has_key = (estate.pool / pool.KEY).exists()
        assert has_key == (last != UNKNOWN_SIZE and estate.kind == "btrfs-quota")


@pytest.mark.parametrize("kind", ["btrfs-quota"], indirect=True)
def test_an_image_that_goes_meanwhile_keeps_no_limit_from_being_set(estate: Estate) -> None:
    """A change is made through whatever subvolume has room left, and they are listed before."""
    for name in ("a", "b", "c"):
        make_subvolume(estate, name)
    first, second, third = (name for name in os.listdir(estate.pool) if name in {"a", "b", "c"})
    tried: list[str] = []

    def change(fd: int) -> None:
        tried.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))
        if tried[-1] == first:
            sh("btrfs", "subvolume", "delete", estate.pool / second)
        if tried[-1] != third:
            raise OSError(errno.EDQUOT, "")

    pool.through(str(estate.pool), change)
    assert tried == [estate.pool.name, first, third]


@btrfs_only
async def test_what_is_in_a_full_pool_can_be_renamed_and_marked(
    estate: Estate, storage: LinuxStorage
) -> None:
    make_directory(estate, "tree")
    make_raw(estate, "disk")
    await storage.set_pool_limit(0)
    await storage.rename(await image(storage, "tree"), "new")
    await storage.set_read_only(await image(storage, "new"), True)
    await storage.set_read_only(await image(storage, "new"), False)
    await storage.set_read_only(await image(storage, "disk"), True)
    assert (await storage.pool()).limit == 0
    assert sorted(os.listdir(estate.locks)) == ["machined-quota"]
    with pytest.raises(OSError, match="quota"):
        (estate.pool / "more").mkdir()


@btrfs_only
async def test_limits_that_a_killed_process_left_raised_come_back(
    estate: Estate, storage: LinuxStorage
) -> None:
    from tests.service.linux_storage.conftest import storage_of

    make_directory(estate, "tree")
    await storage.set_pool_limit(5)
    room = storage._setting.room
    with room._raised([str(estate.pool)]):
        kept = (estate.locks / "machined-quota.limits").read_text()
        assert (await storage.pool()).limit > 10**6
    assert (await storage.pool()).limit == 5
    await storage.set_pool_limit(7)
    (estate.locks / "machined-quota.limits").write_text(kept)
    again = storage_of(estate)
    await again.start()
    assert (await again.pool()).limit == 5
    await again.close()


@btrfs_only
async def test_a_limit_that_is_set_while_others_have_room_lasts(
    estate: Estate, storage: LinuxStorage
) -> None:
    """Only what is known of that limit changes: the others that are raised come back as they were."""
    make_subvolume(estate, "volume")
    await storage.set_pool_limit(5)
    await storage.set_limit(await image(storage, "volume"), 6)
    volume = await image(storage, "volume")
    with storage._setting.room._raised([str(estate.pool), volume.path]):
        assert (await storage.pool()).limit > 10**6
        await storage.set_pool_limit(10**9)
        assert (await storage.pool()).limit == 10**9
    assert (await storage.pool()).limit == 10**9
    sh("btrfs", "quota", "rescan", "--wait", estate.pool)
    assert (await image(storage, "volume")).limit == 6
    with storage._setting.room._raised([str(estate.pool), volume.path]):
        await storage.set_limit(volume, 10**8)
        await storage.set_pool_limit(UNKNOWN_SIZE)
    assert (await storage.pool()).limit == UNKNOWN_SIZE
    sh("btrfs", "quota", "rescan", "--wait", estate.pool)
    assert (await image(storage, "volume")).limit == 10**8
    assert os.listdir(estate.locks) == ["machined-quota"]


@btrfs_only
@pytest.mark.parametrize("rest", ['{"folder": "/x", "li', "[]", '{"folder": 1, "limits": {"a": 2}}', ""])
async def test_a_damaged_record_keeps_nobody_from_having_room(
    estate: Estate, storage: LinuxStorage, caplog: pytest.LogCaptureFixture, rest: str
) -> None:
    await storage.set_pool_limit(5)
    record = estate.locks / "machined-quota.limits"
    record.parent.mkdir(exist_ok=True)
    record.write_text(rest)
    storage._setting.room.restore()
    assert "is damaged" in caplog.text
    assert not record.exists()
    record.write_text(rest)
    with storage._setting.room._raised([str(estate.pool)]):
        assert (await storage.pool()).limit > 10**6
    assert (await storage.pool()).limit == 5


@btrfs_only
async def test_the_limit_of_an_image(estate: Estate, storage: LinuxStorage) -> None:
    make_subvolume(estate, "volume")
    make_directory(estate, "tree")
    make_raw(estate, "disk")
    if estate.kind == "btrfs":
        assert await refusal(storage.set_limit(await image(storage, "volume"), 10**8)) == errno.ENOTCONN
        await storage.set_pool_limit(10**9)
    await storage.set_limit(await image(storage, "volume"), 10**8)
    sh("btrfs", "quota", "rescan", "--wait", estate.pool)
    found = await image(storage, "volume")
    assert (found.limit, found.limit_exclusive) == (10**8, UNKNOWN_SIZE)
    with pytest.raises(OSError, match="quota"):
        write(estate.pool / "volume/large", 200)
    await storage.set_limit(found, UNKNOWN_SIZE)
    assert (await image(storage, "volume")).limit == UNKNOWN_SIZE
    for name in ("tree", "disk"):
        assert await refusal(storage.set_limit(await image(storage, name), 10**8)) == errno.EOPNOTSUPP
