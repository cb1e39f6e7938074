"""What raw and block images tell, and that hostile ones tell nothing and leave nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import platform
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from machined.host.linux.storage import disks
from machined.host.linux.storage.setting import Places, Setting
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType, Metadata
from tests.conftest import mounts
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.diskimages import (
    GENERIC,
    MEGABYTE,
    ROOT,
    SWAP,
    USR,
    Disk,
    make_file_system,
)
from tests.service.linux_storage.kits import fill, image, leftovers, refusal
from tests.service.linux_storage.test_changes import held
from tests.service.linux_storage.test_metadata import WHOLE
from tests.service.linux_storage.volumes import sh
from tests.support.waiting import until

pytestmark = [
    pytest.mark.parametrize("kind", ["ext4"], indirect=True),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the partitions are those of x86-64"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a small system in it."""
    (tmp_path / "tree").mkdir()
    return fill(tmp_path / "tree")


@pytest.fixture
def system(tmp_path: Path, tree: Path) -> Path:
    """A file system with that tree."""
    return make_file_system(tmp_path / "system.img", tree)


def attached(path: Path | str) -> str:
    """The loop devices over a file."""
    return sh("losetup", "--associated", path)


async def read(storage: LinuxStorage, name: str) -> Metadata:
    """What an image tells, and the proof that nothing of the reading is left."""
    found = await image(storage, name)
    before = mounts()
    try:
        return await storage.metadata(found)
    finally:
        assert mounts() == before
        await until(lambda: attached(found.path) == "")


@pytest.mark.promise("What a disk image tells is read without udev and leaves nothing", where="bare host")
@pytest.mark.parametrize("type", ["ext4", "btrfs"])
async def test_an_image_that_is_one_file_system(
    estate: Estate, storage: LinuxStorage, tree: Path, type: str
) -> None:
    make_file_system(estate.pool / "disk.raw", tree, type)
    assert await read(storage, "disk") == WHOLE
    assert leftovers(estate) == []


def spoil_journal(path: Path) -> bytes:
    """Have a file system say that its journal is to be replayed."""
    data = bytearray(path.read_bytes())
    features = struct.unpack_from("<I", data, 1024 + 96)[0]
    struct.pack_into("<I", data, 1024 + 96, features | 4)
    path.write_bytes(data)
    return bytes(data)


async def test_a_journal_that_is_to_be_replayed_is_left_alone(
    estate: Estate, storage: LinuxStorage, tree: Path
) -> None:
    path = make_file_system(estate.pool / "disk.raw", tree, "ext4-unchecked")
    before = spoil_journal(path)
    assert await read(storage, "disk") == WHOLE
    assert path.read_bytes() == before


@pytest.mark.parametrize("sector", [512, 4096])
async def test_a_root_partition(estate: Estate, storage: LinuxStorage, system: Path, sector: int) -> None:
    disk = Disk(estate.pool / "disk.raw", sector=sector)
    disk.add(SWAP, 1, None, size=MEGABYTE)
    disk.add(ROOT, 4, system)
    disk.write()
    assert await read(storage, "disk") == WHOLE


async def test_the_table_at_the_end_counts_where_the_first_is_gone(
    estate: Estate, storage: LinuxStorage, system: Path
) -> None:
    disk = Disk(estate.pool / "disk.raw")
    disk.add(GENERIC, 4, system)
    disk.write(primary=False)
    assert await read(storage, "disk") == WHOLE


async def test_usr_may_be_a_partition(
    estate: Estate, storage: LinuxStorage, tree: Path, tmp_path: Path
) -> None:
    usr = make_file_system(tmp_path / "usr.img", tree / "usr")
    sh("rm", "-r", tree / "usr/lib")
    root = make_file_system(tmp_path / "root.img", tree)
    disk = Disk(estate.pool / "both.raw")
    disk.add(ROOT, 1, root)
    disk.add(USR, 12, usr)
    disk.write()
    assert await read(storage, "both") == WHOLE
    alone = Disk(estate.pool / "alone.raw")
    alone.add(USR, 12, usr)
    alone.write()
    assert await read(storage, "alone") == Metadata(os_release=WHOLE.os_release)


async def test_of_several_roots_the_newest_counts(
    estate: Estate, storage: LinuxStorage, system: Path
) -> None:
    disk = Disk(estate.pool / "disk.raw")
    disk.add(ROOT, 1, None, size=MEGABYTE, label="lab_9")
    disk.add(ROOT, 4, system, label="lab_10")
    disk.add(ROOT, 13, None, size=MEGABYTE, label="lab_11", flags=1 << 63)
    disk.write()
    assert await read(storage, "disk") == WHOLE


async def test_an_old_partition_table(estate: Estate, storage: LinuxStorage, system: Path) -> None:
    (estate.pool / "disk.raw").write_bytes(old_disk(system))
    assert await read(storage, "disk") == WHOLE


def old_disk(system: Path) -> bytes:
    """A disk with a partition table as they were before GUIDs."""
    data = bytearray(MEGABYTE) + system.read_bytes() + bytes(MEGABYTE)
    struct.pack_into("<B3sB3sII", data, 446, 0x80, b"", 0x83, b"", 2048, 16384)
    data[510:512] = b"\x55\xaa"
    return bytes(data)


async def test_a_block_device(estate: Estate, storage: LinuxStorage, system: Path) -> None:
    device = sh("losetup", "--find", "--show", "--read-only", system).strip()
    try:
        (estate.pool / "device").symlink_to(device)
        found = await image(storage, "device")
        assert (found.type, found.is_read_only) == (ImageType.BLOCK, True)
        assert found.usage == found.limit == 8 * MEGABYTE
        assert await storage.metadata(found) == WHOLE
        with held(estate.locks / f"block-7:{device.removeprefix('/dev/loop')}"):
            assert await refusal(storage.metadata(found)) == errno.EBUSY
    finally:
        sh("losetup", "--detach", device)


async def test_links_in_a_disk_stay_in_it(
    estate: Estate, storage: LinuxStorage, tree: Path, tmp_path: Path
) -> None:
    (tree / "etc/os-release").symlink_to("/etc/os-release")
    (tree / "etc/hostname").unlink()
    (tree / "etc/hostname").symlink_to("../../../../etc/hostname")
    (tree / "etc/machine-info").unlink()
    (tree / "etc/machine-info").symlink_to("/proc/self/root/etc/os-release")
    make_file_system(estate.pool / "disk.raw", tree)
    told = await read(storage, "disk")
    # A link to itself is no file that is missing, so that there is no other one in its place
    assert (told.hostname, told.machine_info, told.os_release) == ("", {}, {})


def zeros(path: Path, _system: Path) -> None:
    path.write_bytes(bytes(MEGABYTE))


def tiny(path: Path, _system: Path) -> None:
    path.write_bytes(b"x")


def empty(path: Path, _system: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path, system: Path) -> None:
    disk = Disk(path)
    disk.add(ROOT, 4, system)
    disk.write()
    os.truncate(path, 6 * MEGABYTE)


def no_system(path: Path, system: Path) -> None:
    disk = Disk(path)
    disk.add(SWAP, 4, system)
    disk.write()


def two_generic(path: Path, system: Path) -> None:
    disk = Disk(path)
    disk.add(GENERIC, 1, system)
    disk.add(GENERIC, 12, system)
    disk.write()


def overlapping(path: Path, system: Path) -> None:
    disk = Disk(path)
    disk.add(ROOT, 4, system)
    disk.add(USR, 5, None, size=MEGABYTE)
    disk.write()


def over_the_table(path: Path, _system: Path) -> None:
    disk = Disk(path)
    disk.add(ROOT, 0, None, size=MEGABYTE)
    disk.write()


def encrypted(path: Path, _system: Path) -> None:
    path.write_bytes(b"LUKS\xba\xbe" + bytes(MEGABYTE))


def damaged(path: Path, system: Path) -> None:
    data = bytearray(system.read_bytes())
    data[1024:1080] = b"\xff" * 56
    path.write_bytes(data)


HOSTILE: list[tuple[Callable[[Path, Path], None], int | None]] = [
    (zeros, errno.ENOPKG),
    (tiny, errno.ENOPKG),
    (empty, errno.ENOPKG),
    (truncated, errno.EUCLEAN),
    (no_system, errno.ENXIO),
    (two_generic, errno.ENXIO),
    (overlapping, errno.EUCLEAN),
    (over_the_table, errno.EUCLEAN),
    (encrypted, errno.ENOKEY),
    (damaged, None),
]


@pytest.mark.promise("A hostile disk image is refused, and nothing of it stays mounted", where="bare host")
@pytest.mark.parametrize(("make", "number"), HOSTILE, ids=[make.__name__ for make, _number in HOSTILE])
async def test_hostile_images_are_refused(
    estate: Estate,
    storage: LinuxStorage,
    system: Path,
    make: Callable[[Path, Path], None],
    number: int | None,
) -> None:
    make(estate.pool / "disk.raw", system)
    assert await refusal(read(storage, "disk")) in ({number} if number else range(1, 200))
    assert leftovers(estate) == []


async def test_tables_with_random_damage_end_in_an_answer(
    estate: Estate, system: Path, tmp_path: Path
) -> None:
    disk = Disk(tmp_path / "disk.raw")
    disk.add(ROOT, 4, system)
    whole = disk.write().read_bytes()[: 2 * MEGABYTE]
    setting = Setting(Places(str(estate.pool), (str(estate.pool),), (), str(estate.locks)))
    picked = random.Random(1)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(picked.randrange(1, 6)):
            data[picked.randrange(512, 1200)] = picked.randrange(256)
        (estate.pool / "bad.raw").write_bytes(data)
        found = Image("bad", str(estate.pool / "bad.raw"), ImageType.RAW)
        with pytest.raises(OSError, match=r"."):
            disks.read_disk(setting, found)


async def test_a_reader_that_is_cancelled_leaves_nothing(
    estate: Estate, storage: LinuxStorage, tree: Path
) -> None:
    path = make_file_system(estate.pool / "disk.raw", tree)
    found = await image(storage, "disk")
    for turn in range(20):
        reading = asyncio.create_task(storage.metadata(found))
        for _ in range(turn):
            await asyncio.sleep(0.0005)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    await until(lambda: attached(path) == "")
    await until(lambda: leftovers(estate) == [])


async def test_a_listing_mounts_nothing(estate: Estate, storage: LinuxStorage, tree: Path) -> None:
    path = make_file_system(estate.pool / "disk.raw", tree)
    with path.open("r+b") as file:
        file.seek(1024)
        file.write(b"\xff" * 1024)
    assert {one.name for one in await storage.discover()} == {".host", "disk"}
    assert attached(path) == ""
