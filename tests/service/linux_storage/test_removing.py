"""Removed images: all of one goes, nothing beside it, and never half of it under its own name."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage import removing
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType
from tests.service.linux_storage.conftest import Estate
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
from tests.service.linux_storage.trees import deep, make_odd_tree
from tests.service.linux_storage.volumes import mounted, sh
from tests.support.waiting import until

BTRFS = pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)


async def test_an_image_goes_with_its_side_files(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        if kind is not ImageType.RAW:
            make_odd_tree(path)
        for suffix in (".roothash", ".verity", ".nspawn"):
            (estate.pool / f"{kind}{suffix}").write_text(suffix)
        (estate.settings / f"{kind}.nspawn").write_text("settings")
        (estate.settings / "other.nspawn").write_text("another's")
        await storage.remove(await image(storage, str(kind)), unwatched)
    assert {one.name for one in await storage.discover()} <= {".host", "other"}
    assert os.listdir(estate.settings) == ["other.nspawn"]
    assert set(os.listdir(estate.pool)) <= {"other", "lost+found"}
    assert leftovers(estate) == []


async def test_marks_keep_nothing(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    (path / "etc/inner").mkdir()
    (path / "etc/inner/file").write_text("x")
    for marked, mark in (("etc/inner/file", "+i"), ("etc/inner", "+a"), ("usr/lib", "+i"), (".", "+i")):
        sh("chattr", mark, path / marked)
    await storage.remove(await image(storage, "tree"), unwatched)
    assert not path.exists()
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        await storage.set_read_only(await image(storage, str(kind)), True)
        await storage.remove(await image(storage, str(kind)), unwatched)
        assert not path.exists()
        if kind is not ImageType.RAW:
            sh("chattr", "+i", make(estate, kind, "marked"))
            await storage.remove(await image(storage, "marked"), unwatched)
            assert await storage.find("marked") is None


async def test_a_link_goes_and_what_it_leads_to_stays(estate: Estate, storage: LinuxStorage) -> None:
    target = make_directory(estate, "target")
    (estate.other / "link").symlink_to(target)
    (estate.other / "disk.raw").symlink_to(make_raw(estate, "far"))
    await storage.remove(await image(storage, "link"), unwatched)
    await storage.remove(await image(storage, "disk"), unwatched)
    assert os.listdir(estate.other) == []
    assert (target / "etc/hostname").exists()
    assert (estate.pool / "far.raw").exists()


async def test_of_versions_the_newest_goes(estate: Estate, storage: LinuxStorage) -> None:
    for number in (1, 2):
        (estate.pool / f"web.v/web_{number}/etc").mkdir(parents=True)
    await storage.remove(await image(storage, "web"), unwatched)
    assert (await image(storage, "web")).path.endswith("/web_1")


@pytest.mark.parametrize(
    ("name", "path", "folder"),
    [
        ("web", "/srv/web", "/srv"),
        ("web", "/srv/images.v/web", "/srv/images.v"),
        ("web", "/srv/web.v/web_2", "/srv"),
        ("web", "/srv/images.v/web.v/web_2", "/srv/images.v"),
    ],
)
def test_it_goes_to_a_folder_of_images(name: str, path: str, folder: str) -> None:
    """Where the next clean finds it, whatever the folder is called."""
    hidden = removing._hidden(Image(name, path, ImageType.DIRECTORY))
    assert os.path.dirname(hidden) == folder


async def test_an_image_in_use_stays(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        path = make(estate, kind, str(kind))
        with held(path.parent / f".#{path.name}.lck"):
            assert await refusal(storage.remove(await image(storage, str(kind)), unwatched)) == errno.EBUSY
        assert path.exists()
    gone = await image(storage, "raw")
    os.unlink(gone.path)
    assert await refusal(storage.remove(gone, unwatched)) == errno.ENOENT
    assert await refusal(storage.remove(await image(storage, ".host"), unwatched)) == errno.EBUSY


@pytest.mark.promise("What is mounted in an image is not removed with it", where="bare host")
async def test_what_is_mounted_in_it_keeps_an_image(
    estate: Estate, storage: LinuxStorage, tmp_path: Path
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("stays")
    for kind in set(types(estate)) - {ImageType.RAW}:
        path = make(estate, kind, str(kind))
        (path / "etc/a b").mkdir()
        sh("mount", "--bind", tmp_path / "precious", path / "etc/a b")
        try:
            assert await refusal(storage.remove(await image(storage, str(kind)), unwatched)) == errno.EBUSY
        finally:
            sh("umount", path / "etc/a b")
        assert (path / "etc/hostname").exists()
    assert (tmp_path / "precious/file").read_text() == "stays"


@pytest.mark.promise("What something is mounted over is not removed under it", where="bare host")
async def test_what_something_is_mounted_over_stays(estate: Estate, storage: LinuxStorage) -> None:
    """To btrfs the name of a subvolume is what is below the mount, and not what was listed."""
    for kind in set(types(estate)) - {ImageType.RAW}:
        path = make(estate, kind, str(kind))
        shown = make(estate, kind, f"shown-{kind}")
        sh("mount", "--bind", shown, path)
        try:
            assert await refusal(storage.remove(await image(storage, str(kind)), unwatched)) == errno.EBUSY
            assert path.samefile(shown)  # it is mounted still
        finally:
            sh("umount", path)
        assert (path / "etc/hostname").exists()
        assert (shown / "etc/hostname").exists()
        await storage.remove(await image(storage, str(kind)), unwatched)


async def test_trees_of_any_depth_go(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    deep(path / "deep", 3000)
    await storage.remove(await image(storage, "tree"), unwatched)
    assert not path.exists()
    assert {one.name for one in await storage.discover()} <= {".host", "other"}


@BTRFS
async def test_subvolumes_in_an_image_go_with_it_and_their_groups_too(
    estate: Estate, storage: LinuxStorage
) -> None:
    await storage.set_pool_limit(10**9)
    for path in (make_directory(estate, "tree"), make_subvolume(estate, "volume")):
        sh("btrfs", "subvolume", "create", path / "etc/inner")
        sh("btrfs", "subvolume", "create", path / "etc/inner/innermost")
        (path / "etc/inner/innermost/file").write_text("x")
        sh("btrfs", "property", "set", path / "etc/inner/innermost", "ro", "true")
        sh("btrfs", "property", "set", path / "etc/inner", "ro", "true")
    await storage.set_limit(await image(storage, "volume"), 10**8)
    await storage.set_read_only(await image(storage, "volume"), True)
    for name in ("tree", "volume"):
        await storage.remove(await image(storage, name), unwatched)
    left = sh("btrfs", "subvolume", "list", "-o", estate.pool).splitlines()
    assert [line.rpartition("/")[2] for line in left if "machined-quota" not in line] == []
    levels = [line.split("/")[0] for line in sh("btrfs", "qgroup", "show", estate.pool).splitlines()[2:]]
    assert levels.count("254") == 0


@BTRFS
@pytest.mark.promise("Images can be removed from a pool that is full, or whose limit is 0", where="bare host")
async def test_images_of_a_full_pool_can_be_removed(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    make_raw(estate, "disk")
    inner = make_subvolume(estate, "volume") / "inner"
    sh("btrfs", "subvolume", "create", inner)
    await storage.set_pool_limit(10**9)
    await storage.set_limit(await image(storage, "volume"), 0)
    await storage.set_pool_limit(0)
    for name in ("tree", "disk", "volume"):
        await storage.remove(await image(storage, name), unwatched)
    assert {one.name for one in await storage.discover()} <= {".host", "other"}
    assert (await storage.pool()).limit == 0
    assert leftovers(estate) == []
    await storage.set_pool_limit(UNKNOWN_SIZE)


async def test_a_remove_that_is_cancelled_leaves_a_hidden_rest(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    for number in range(5000):
        (path / f"file-{number}").write_bytes(b"x" * 100)
    begun = asyncio.Event()
    removing = asyncio.create_task(storage.remove(await image(storage, "tree"), lambda *_amount: begun.set()))
    await begun.wait()
    removing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await removing
    assert await storage.find("tree") is None
    await until(lambda: leftovers(estate) == [])
    for rest in await storage.discover():
        if rest.is_hidden and rest.name != ".host":
            assert rest.name.startswith(".removed-")
            await storage.remove(rest, unwatched)
    assert {one.name for one in await storage.discover()} <= {".host", "other"}


async def test_an_image_that_is_being_removed_is_not_removed_twice(
    estate: Estate, storage: LinuxStorage
) -> None:
    path = make_directory(estate, "tree")
    for number in range(3000):
        (path / f"file-{number}").write_bytes(b"x" * 100)
    begun = asyncio.Event()
    found = await image(storage, "tree")
    removing = asyncio.create_task(storage.remove(found, lambda *_amount: begun.set()))
    await begun.wait()
    rests = [one for one in await storage.discover() if one.name.startswith(".removed-")]
    refused = [await refusal(storage.remove(rest, unwatched)) for rest in rests]
    # Gone meanwhile, where the first was quicker than the second came to look
    assert refused in ([], [errno.EBUSY], [errno.ENOENT])
    await removing


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_an_image_on_a_read_only_file_system_stays(
    estate: Estate, storage: LinuxStorage, tmp_path: Path
) -> None:
    (tmp_path / "far").mkdir()
    with mounted(tmp_path / "far", "ext4") as volume:
        (volume / "web").mkdir()
        (estate.other / "web").symlink_to(volume / "web")
        sh("mount", "-o", "remount,ro", volume)
        assert (await image(storage, "web")).is_read_only
        await storage.remove(await image(storage, "web"), unwatched)
        assert (volume / "web").exists()
