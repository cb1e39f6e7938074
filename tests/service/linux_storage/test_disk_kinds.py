"""What disk images of all file systems tell, also beside their copies, and what they may not have done."""

from __future__ import annotations

import asyncio
import lzma
import os
import shutil
from pathlib import Path

import pytest

from machined.host.linux.storage import filesystems
from machined.host.linux.storage.loops import looped
from machined.host.linux.storage.partitions import Part
from machined.host.linux.storage.rootfiles import MOST
from machined.host.linux.storage.storage import LinuxStorage
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.diskimages import make_file_system
from tests.service.linux_storage.kits import fill, image, leftovers
from tests.service.linux_storage.volumes import sh

KINDS = Path(__file__).with_name("disk_kinds")
READERS = 8

pytestmark = pytest.mark.parametrize("kind", ["ext4"], indirect=True)


def unpack(kind: str, path: Path) -> None:
    if f"\t{kind}\n" not in Path("/proc/filesystems").read_text():
        pytest.skip(f"this kernel knows no {kind}")
    path.write_bytes(lzma.decompress((KINDS / f"{kind}.xz").read_bytes()))


@pytest.mark.promise("Disk images of squashfs, erofs and xfs are read too", where="bare host")
@pytest.mark.parametrize("type", ["squashfs", "erofs", "xfs"])
async def test_other_file_systems(estate: Estate, storage: LinuxStorage, type: str) -> None:
    unpack(type, estate.pool / "disk.raw")
    told = await storage.metadata(await image(storage, "disk"))
    assert (told.hostname, told.os_release) == ("web-1", {"ID": "small"})
    assert leftovers(estate) == []


@pytest.mark.promise("A disk image is read beside its copies, by many at once", where="bare host")
@pytest.mark.parametrize("type", ["xfs", "btrfs", "ext4"])
async def test_beside_its_copies(estate: Estate, storage: LinuxStorage, tmp_path: Path, type: str) -> None:
    """They have one id, by which the kernel tells file systems apart; each tells its own all the same."""
    one, other = estate.pool / "one.raw", estate.pool / "other.raw"
    if type == "xfs":
        unpack(type, one)
    else:
        (tmp_path / "tree").mkdir()
        make_file_system(one, fill(tmp_path / "tree"), type)
    shutil.copyfile(one, other)
    place = tmp_path / "place"
    place.mkdir()
    sh("mount", "-o", "loop", other, place)
    (place / "etc/hostname").write_text("other")
    sh("umount", place)
    shutil.copyfile(other, estate.pool / "mounted.raw")
    sh("mount", "-o", "loop", estate.pool / "mounted.raw", place)
    try:
        images = [await image(storage, name) for name in ("one", "other")] * READERS
        told = await asyncio.gather(*(storage.metadata(found) for found in images))
    finally:
        sh("umount", place)
    assert [metadata.hostname for metadata in told] == ["web-1", "other"] * READERS
    assert leftovers(estate) == []


def options_of(device: str) -> list[str]:
    """How an ext4 on a loop device is mounted."""
    number = os.minor(os.stat(device).st_rdev)
    return Path(f"/proc/fs/ext4/loop{number}/options").read_text().split()


async def test_no_disk_may_have_the_kernel_panic(estate: Estate, tmp_path: Path) -> None:
    """Its superblock says what is done when an error is found in it, and anybody may ask what it tells."""
    (tmp_path / "tree").mkdir()
    path = make_file_system(estate.pool / "disk.raw", fill(tmp_path / "tree"))
    sh("tune2fs", "-e", "panic", path)
    fd = os.open(path, os.O_RDONLY)
    try:
        kind = filesystems.kind_of(fd, 0)
        with looped(fd, Part(0, 0)) as device, filesystems.mounted(kind, device):
            options = options_of(device)
    finally:
        os.close(fd)
    assert "errors=remount-ro" in options
    assert "ro" in options


async def test_files_of_which_the_report_is_much_longer(
    estate: Estate, storage: LinuxStorage, tmp_path: Path
) -> None:
    """Of a byte that is no letter JSON makes six."""
    (tmp_path / "tree").mkdir()
    tree = fill(tmp_path / "tree")
    value = "\1" * (MOST - 6)
    for name in ("etc/machine-info", "usr/lib/os-release"):
        (tree / name).write_text(f'X="{value}"\n')
    make_file_system(estate.pool / "disk.raw", tree)
    told = await storage.metadata(await image(storage, "disk"))
    assert told.machine_info == told.os_release == {"X": value}
