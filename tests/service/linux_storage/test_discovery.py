"""What is found, and what is told of it."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from pathlib import Path

import pytest

from machined.bus.image_list import ImageList
from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import attributes, calls
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.linux.storage.versions import newest, version_key
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import (
    image,
    make_directory,
    make_raw,
    make_subvolume,
    refusal,
)
from tests.service.linux_storage.volumes import sh


async def test_images_of_all_types_are_found_and_nothing_else(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    make_directory(estate, ".hidden")
    make_raw(estate, "disk")
    os.mknod(estate.pool / "device", 0o600 | 0o060000, os.makedev(7, 250))
    (estate.pool / "link").symlink_to("tree")
    (estate.other / "linked.raw").symlink_to(estate.pool / "disk.raw")
    (estate.pool / "versioned.v/versioned_1").mkdir(parents=True)
    (estate.pool / "versioned.v/versioned_2").mkdir()
    (estate.pool / "pressed.raw.v").mkdir()
    (estate.pool / "pressed.raw.v/pressed_3.raw").write_text("x")
    for nothing in ("file", "bell\a.raw", ".#lock.raw"):
        (estate.pool / nothing).write_text("x")
    (estate.pool / "empty.v").mkdir()
    (estate.pool / "nowhere").symlink_to("missing")
    (estate.pool / "loop").symlink_to("loop")
    os.mkdir(os.fsencode(estate.pool) + b"/\xff")
    os.mkfifo(estate.pool / "pipe")
    expected = {
        "tree": ("directory", "tree"),
        ".hidden": ("directory", ".hidden"),
        "disk": ("raw", "disk.raw"),
        "device": ("block", "device"),
        "link": ("directory", "link"),
        "versioned": ("directory", "versioned.v/versioned_2"),
        "pressed": ("raw", "pressed.raw.v/pressed_3.raw"),
    }
    found = {one.name: one for one in await storage.discover()}
    assert found.pop(".host").path == "/"
    assert found.pop("linked").path == f"{estate.other}/linked.raw"
    if estate.kind == "btrfs-quota":
        assert found.pop("other").type is ImageType.DIRECTORY
    assert {name: (one.type, one.path) for name, one in found.items()} == {
        name: (kind, f"{estate.pool}/{path}") for name, (kind, path) in expected.items()
    }
    for one in await storage.discover():
        assert await storage.find(one.name) == one
    for name in ("file", "nowhere", "loop", "pipe", "empty", "", "a/b", "..", "\udcff"):
        assert await storage.find(name) is None


async def test_the_first_hit_wins(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "both")
    make_raw(estate, "both")
    make_directory(estate, "web")
    (estate.other / "web.raw").write_text("x")
    assert (await image(storage, "both")).type is ImageType.DIRECTORY
    assert (await image(storage, "web")).path == f"{estate.other}/web.raw"
    names = [one.name for one in await storage.discover()]
    assert len(names) == len(set(names))


async def test_what_a_directory_tells(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    before = time.time() * 1e6
    found = await image(storage, "tree")
    assert before - 60e6 < found.created <= before + 1e6
    assert (found.modified, found.is_read_only) == (0, False)
    assert {found.usage, found.limit, found.usage_exclusive, found.limit_exclusive} == {UNKNOWN_SIZE}
    os.setxattr(path, "user.crtime_usec", (1_000_000_000).to_bytes(8, "little"))
    assert (await image(storage, "tree")).created == 1_000_000_000
    sh("chattr", "+i", path)
    assert (await image(storage, "tree")).is_read_only
    sh("chattr", "-i", path)


async def test_what_a_raw_image_tells(estate: Estate, storage: LinuxStorage) -> None:
    path = make_raw(estate, "disk")
    os.sync()
    found = await image(storage, "disk")
    assert found.limit == found.limit_exclusive == 1024**2
    assert found.usage == found.usage_exclusive == path.stat().st_blocks * 512
    assert found.modified == path.stat().st_mtime_ns // 1000
    assert not found.is_read_only
    path.chmod(0o444)
    assert (await image(storage, "disk")).is_read_only


@pytest.mark.parametrize(
    ("seconds", "told"), [(-1000, 2**64 - 1), (0, 0), (7, 7 * 10**6), (2**45, 2**64 - 1)]
)
@pytest.mark.parametrize("kind", ["btrfs"], indirect=True)
async def test_no_image_is_too_old_or_too_new_for_the_list(
    estate: Estate, storage: LinuxStorage, seconds: int, told: int
) -> None:
    os.utime(make_raw(estate, "disk"), ns=(0, seconds * 10**9))
    images = await storage.discover()
    assert {one.modified for one in images if one.name == "disk"} == {told}
    assert len((await ImageList().body(images))[0]) == len(images)


@pytest.mark.parametrize("nanoseconds", [-1, -(10**18), 2**64 * 1000, 2**80])
def test_odd_times_of_making(tmp_path: Path, nanoseconds: int) -> None:
    status = calls.status(str(tmp_path))._replace(born=nanoseconds)
    assert attributes.birth(str(tmp_path), status) == 2**64 - 1


async def test_a_read_only_file_system_makes_images_read_only(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    make_raw(estate, "disk")
    volume = estate.other.parent
    sh("mount", "-o", "remount,ro", volume)
    assert (await image(storage, "tree")).is_read_only
    assert (await image(storage, "disk")).is_read_only
    assert await refusal(storage.rename(await image(storage, "tree"), "new")) == errno.EROFS
    assert (await storage.metadata(await image(storage, "tree"))).hostname == "web-1"


@pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)
async def test_what_a_subvolume_tells(estate: Estate, storage: LinuxStorage) -> None:
    path = make_subvolume(estate, "volume")
    before = time.time() * 1e6
    (path / "data").write_bytes(os.urandom(3_000_000))
    sh("btrfs", "filesystem", "sync", path)
    found = await image(storage, "volume")
    assert found.type is ImageType.SUBVOLUME
    assert before - 60e6 < found.created <= before
    if estate.kind == "btrfs":
        assert {found.usage, found.limit, found.usage_exclusive, found.limit_exclusive} == {UNKNOWN_SIZE}
    else:
        assert 3_000_000 <= found.usage < 4_000_000
        assert found.usage == found.usage_exclusive
        (path / "more").write_bytes(os.urandom(3_000_000))
        sh("btrfs", "filesystem", "sync", path)
        assert (await image(storage, "volume")).usage >= 6_000_000
    sh("btrfs", "property", "set", path, "ro", "true")
    assert (await image(storage, "volume")).is_read_only
    assert (await image(storage, "volume")) in await storage.discover()


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_a_folder_that_cannot_be_read_fails_the_list(estate: Estate, storage: LinuxStorage) -> None:
    estate.other.rmdir()
    assert [one.name for one in await storage.discover()] == [".host"]
    estate.other.write_text("a file")
    assert await refusal(storage.discover()) == errno.ENOTDIR


@pytest.mark.promise("Thousands of images are listed without other calls waiting", where="bare host")
@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_many_images_are_listed_beside_other_work(estate: Estate, storage: LinuxStorage) -> None:
    for number in range(5000):
        (estate.pool / f"image-{number}").mkdir()
    listing = asyncio.create_task(storage.discover())
    turns = 0
    while not listing.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(await listing) == 5001
    assert turns > 20  # the loop went on turning meanwhile


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["w_1.raw", "w_10.raw", "w_9.raw", "w.raw", "v_99.raw"], "w_10.raw"),
        (["w_3+0-3.raw", "w_2.raw"], "w_2.raw"),
        (["w_3+0-3.raw"], "w_3+0-3.raw"),
        (["w_3+1-2.raw", "w_3+2-1.raw"], "w_3+2-1.raw"),
        (["w_2.raw", "w_2~rc1.raw"], "w_2.raw"),
        (["w_1.0-2.raw", "w_1.0.1.raw"], "w_1.0.1.raw"),
        (["w_1_no such.raw", "w.raw", "w_1"], None),
        (["w_7_s390x.raw", "w_7_x86-64.raw", "w_7.raw"], "w_7_x86-64.raw"),
        ([], None),
    ],
)
def test_the_newest_version(monkeypatch: pytest.MonkeyPatch, names: list[str], best: str | None) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert newest(names, "w", ".raw") == best


def test_versions_sort_as_specified() -> None:
    ordered = ["1~rc1", "1", "1-1", "1^post1", "1.a", "1.1", "1.2", "1.10", "2"]
    assert sorted(reversed(ordered), key=version_key) == ordered


def test_the_folder_of_a_link_is_resolved(tmp_path: Path) -> None:
    from machined.host.linux.storage import discovery

    (tmp_path / "real/web").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    found = discovery.find([str(tmp_path / "link")], "web")
    assert found is not None
    assert found.path == f"{tmp_path}/real/web"
