"""Copies of images: like the original, never half there."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.linux.storage.treecopy import TreeCopy
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import (
    image,
    leftovers,
    make_directory,
    make_raw,
    make_subvolume,
    refusal,
    unwatched,
)
from tests.service.linux_storage.test_changes import held, make, types
from tests.service.linux_storage.trees import depth_of, make_odd_tree, tree_facts
from tests.service.linux_storage.volumes import mounted, sh
from tests.support.waiting import until

BTRFS = pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)


@pytest.mark.promise("A copy of an image is like the original in every respect", where="bare host")
async def test_a_copied_directory_is_like_the_original(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    make_odd_tree(path)
    told: list[tuple[int, int]] = []
    await storage.clone(await image(storage, "tree"), "new", False, lambda *amount: told.append(amount))
    made = await image(storage, "new")
    assert made.type is (ImageType.SUBVOLUME if estate.is_btrfs else ImageType.DIRECTORY)
    assert not made.is_read_only
    assert tree_facts(estate.pool / "new") == tree_facts(path)
    assert (estate.pool / "new/sparse").stat().st_blocks * 512 < 1_000_000
    assert depth_of(estate.pool / "new/deep") == 1000
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 5_000_000
    assert leftovers(estate) == []
    await storage.remove(made, unwatched)
    await storage.remove(await image(storage, "tree"), unwatched)
    assert {one.name for one in await storage.discover()} <= {".host", "other"}
    assert leftovers(estate) == []


@BTRFS
async def test_a_subvolume_becomes_a_snapshot_with_those_below_it(
    estate: Estate, storage: LinuxStorage
) -> None:
    path = make_subvolume(estate, "volume")
    make_odd_tree(path, depth=10)
    sh("btrfs", "subvolume", "create", path / "below/inner")
    sh("btrfs", "subvolume", "create", path / "below/inner/innermost")
    (path / "below/inner/innermost/file").write_text("far in")
    await storage.clone(await image(storage, "volume"), "new", False, unwatched)
    assert tree_facts(estate.pool / "new") == tree_facts(path)
    (estate.pool / "new/below/inner/innermost/file").write_text("changed")
    assert (path / "below/inner/innermost/file").read_text() == "far in"
    await storage.clone(await image(storage, "volume"), "sealed", True, unwatched)
    assert (await image(storage, "sealed")).is_read_only
    with pytest.raises(OSError, match="Read-only"):
        (estate.pool / "sealed/below/inner/file").write_text("x")
    assert leftovers(estate) == []
    for name in ("volume", "new", "sealed"):
        await storage.remove(await image(storage, name), unwatched)
    assert sh("btrfs", "subvolume", "list", "-o", estate.pool) == ""


async def test_a_copied_raw_image_is_like_the_original(estate: Estate, storage: LinuxStorage) -> None:
    path = make_raw(estate, "disk", 10**8)
    os.setxattr(path, "user.colour", b"blue")
    os.utime(path, ns=(10**18, 10**18))
    before = await image(storage, "disk")
    await storage.clone(before, "new", False, unwatched)
    await storage.clone(before, "sealed", True, unwatched)
    assert (estate.pool / "new.raw").read_bytes() == path.read_bytes()
    assert (estate.pool / "new.raw").stat().st_blocks * 512 < 10**6
    for name, mode in (("new", 0o644), ("sealed", 0o444)):
        made = await image(storage, name)
        assert (estate.pool / f"{name}.raw").stat().st_mode & 0o7777 == mode
        assert (made.created, made.modified, made.limit) == (before.created, before.modified, before.limit)
        assert made.is_read_only is (mode == 0o444)
        assert os.getxattr(made.path, "user.colour") == b"blue"
    assert leftovers(estate) == []


async def test_a_copy_that_is_read_only_is_marked(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        make(estate, kind, str(kind))
        await storage.clone(await image(storage, str(kind)), f"new-{kind}", True, unwatched)
        assert (await image(storage, f"new-{kind}")).is_read_only
        await storage.remove(await image(storage, f"new-{kind}"), unwatched)
        assert await storage.find(f"new-{kind}") is None


async def test_side_files_are_copied(estate: Estate, storage: LinuxStorage) -> None:
    (estate.other / "far").mkdir()
    (estate.other / "far.roothash").write_text("hash")
    (estate.settings / "far.nspawn").write_text("settings")
    (estate.pool / "new.verity").write_text("in the way")
    (estate.other / "far.verity").write_text("data")
    (estate.settings / "far.nspawn").chmod(0o600)
    await storage.clone(await image(storage, "far"), "new", False, unwatched)
    assert (estate.pool / "new.roothash").read_text() == "hash"
    assert (estate.settings / "new.nspawn").read_text() == "settings"
    assert (estate.settings / "new.nspawn").stat().st_mode & 0o7777 == 0o664
    assert (estate.pool / "new.verity").read_text() == "in the way"
    assert leftovers(estate) == []


async def test_what_cannot_be_copied_is_refused(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    (estate.pool / "file").write_text("no image, and yet in the way")
    os.mknod(estate.pool / "device", 0o600 | 0o060000, os.makedev(7, 250))
    tree = await image(storage, "tree")

    async def clone(name: str) -> int:
        return await refusal(storage.clone(tree, name, False, unwatched))

    assert await clone("device") == errno.EEXIST
    assert await clone("file") == errno.EEXIST
    assert await clone(".host") == errno.EBUSY
    with held(estate.locks / "name-new"):
        assert await clone("new") == errno.EBUSY
    device = await image(storage, "device")
    assert await refusal(storage.clone(device, "new", False, unwatched)) == errno.EOPNOTSUPP
    (estate.pool / "tree").rename(estate.pool / "gone")
    assert await clone("new") == errno.ENOENT
    assert leftovers(estate) == []
    assert await storage.find("new") is None


async def test_an_image_in_use_is_copied_all_the_same(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    with held(estate.pool / ".#tree.lck"):
        await storage.clone(await image(storage, "tree"), "new", False, unwatched)
    assert (await storage.metadata(await image(storage, "new"))).hostname == "web-1"


@BTRFS
async def test_a_copy_counts_in_the_pool_with_the_limits_of_its_original(
    estate: Estate, storage: LinuxStorage
) -> None:
    await storage.set_pool_limit(5 * 10**8)
    make_subvolume(estate, "volume")
    await storage.set_limit(await image(storage, "volume"), 10**8)
    await storage.clone(await image(storage, "volume"), "new", False, unwatched)
    sh("btrfs", "quota", "rescan", "--wait", estate.pool)
    assert (await image(storage, "new")).limit == 10**8
    before = (await storage.pool()).usage
    (estate.pool / "new/more").write_bytes(os.urandom(5_000_000))
    sh("btrfs", "filesystem", "sync", estate.pool)
    assert (await storage.pool()).usage >= before + 5_000_000
    make_directory(estate, "tree")
    await storage.clone(await image(storage, "tree"), "newer", False, unwatched)
    assert (await image(storage, "newer")).limit == UNKNOWN_SIZE


@BTRFS
async def test_a_pool_too_small_for_a_copy(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    (path / "large").write_bytes(os.urandom(3_000_000))
    await storage.set_pool_limit(10**9)
    (estate.pool / "tree/sparse").write_bytes(b"")
    await storage.set_pool_limit(1)
    assert await refusal(storage.clone(await image(storage, "tree"), "new", False, unwatched)) == errno.EDQUOT
    assert await storage.find("new") is None
    assert leftovers(estate) == []
    assert (await storage.pool()).limit == 1


async def test_a_full_disk_ends_a_copy(estate: Estate, storage: LinuxStorage, tmp_path: Path) -> None:
    with (estate.other / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, 4 * 10**8)
    (tmp_path / "far").mkdir()
    with mounted(tmp_path / "far", "ext4", "300M") as volume:
        (volume / "web").mkdir()
        (volume / "web/large").write_bytes(bytes(25 * 10**7))
        far = storage_of(estate._replace(other=volume))
        await far.start()
        number = await refusal(far.clone(await image(far, "web"), "new", False, unwatched))
        assert number == errno.ENOSPC
        assert await far.find("new") is None
        assert leftovers(estate) == []
        await far.close()


async def test_a_copy_that_is_cancelled_leaves_nothing(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    for number in range(3000):
        (path / f"file-{number}").write_bytes(b"x" * 10_000)
    begun = asyncio.Event()
    copying = asyncio.create_task(
        storage.clone(await image(storage, "tree"), "new", False, lambda *_amount: begun.set())
    )
    await begun.wait()
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert await storage.find("new") is None
    await until(lambda: leftovers(estate) == [])
    await storage.clone(await image(storage, "tree"), "new", False, unwatched)


def test_files_that_vanish_during_a_copy_are_left_out(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    target.mkdir()
    for name in ("one", "two"):
        (source / name / "inner").mkdir(parents=True)
        (source / name / "file").write_text("text")
        (source / name / "more").write_text("text")
    gone: list[str] = []

    def on_count(_size: int) -> None:
        """Remove the rest once the first file is copied."""
        if not gone:
            (done,) = target.glob("*/*")
            other = "two" if done.parent.name == "one" else "one"
            gone.append(other)
            sh("rm", "-r", source / other, source / done.parent.name / "inner")
            for path in (source / done.parent.name).glob("*"):
                if path.name != done.name:
                    path.unlink()

    fds = [os.open(path, os.O_RDONLY) for path in (source, target)]
    TreeCopy(fds[0], fds[1], on_count).run()
    for fd in fds:
        os.close(fd)
    (copied,) = target.iterdir()
    assert gone
    assert copied.name != gone[0]
    assert len(list(copied.iterdir())) == 1


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_the_host_is_copied_without_the_pool(estate: Estate, storage: LinuxStorage) -> None:
    """A copy of a tree that holds the pool is not copied into itself."""
    from machined.host.storage import Image

    (estate.pool / "other").mkdir()
    (estate.pool / "other/file").write_text("x")
    around = Image("around", str(estate.pool.parent), ImageType.DIRECTORY)
    await storage.clone(around, "new", False, unwatched)
    assert sorted(os.listdir(estate.pool / "new")) == ["lost+found", "other", "pool"]
    assert os.listdir(estate.pool / "new/pool") == []
