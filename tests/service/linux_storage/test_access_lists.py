"""Copies keep who may do what: access control lists (acl(5)), and no mark that would keep them from going."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, leftovers, make_directory, make_raw, unwatched
from tests.service.linux_storage.trees import ACCESS, ACL
from tests.service.linux_storage.volumes import sh

DEFAULT = "system.posix_acl_default"
LISTS = ((".", ACCESS), (".", DEFAULT), ("etc", ACCESS), ("etc", DEFAULT), ("etc/hostname", ACCESS))


def give(root: Path) -> None:
    """Give a tree access control lists."""
    for where, kind in LISTS:
        os.setxattr(root / where, kind, ACL)


def lists(root: Path) -> dict[str, bytes]:
    """All access control lists in a tree."""
    found = {}
    for path in (root, *root.rglob("*")):
        for kind in set(os.listxattr(path)) & {ACCESS, DEFAULT}:
            found[f"{path.relative_to(root)} {kind}"] = os.getxattr(path, kind)
    return found


@pytest.mark.promise("A copy keeps access control lists", where="bare host")
async def test_access_control_lists_are_copied(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    give(path)
    os.setxattr(make_raw(estate, "disk"), ACCESS, ACL)
    for name in ("tree", "disk"):
        await storage.clone(await image(storage, name), f"new-{name}", False, unwatched)
    assert lists(estate.pool / "new-tree") == {f"{where} {kind}": ACL for where, kind in LISTS}
    for where, _kind in LISTS:
        assert (estate.pool / "new-tree" / where).stat().st_mode == (path / where).stat().st_mode
    # The last entry, of all others, is that of the mode that copies of disks have
    assert os.getxattr(estate.pool / "new-disk.raw", ACCESS)[:-8] == ACL[:-8]
    # What a default list gives to all that is made in a directory, the copy of what has none does not get
    assert ACCESS not in os.listxattr(estate.pool / "new-tree/usr/lib")
    assert ACCESS not in os.listxattr(estate.pool / "new-tree/etc/machine-id")


@pytest.mark.parametrize("kind", ["ext4", "btrfs"], indirect=True)
async def test_a_pool_with_a_default_list_gives_it_to_no_copy(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    make_raw(estate, "disk")
    os.setxattr(estate.pool, DEFAULT, ACL)
    for name in ("tree", "disk"):
        await storage.clone(await image(storage, name), f"new-{name}", False, unwatched)
    assert lists(path) == lists(estate.pool / "new-tree") == {}
    assert ACCESS not in os.listxattr(estate.pool / "new-disk.raw")
    assert (estate.pool / "new-tree/usr").stat().st_mode == (path / "usr").stat().st_mode


@pytest.mark.parametrize("kind", ["ext4", "btrfs"], indirect=True)
async def test_lists_are_left_where_a_file_system_keeps_none(estate: Estate, storage: LinuxStorage) -> None:
    """The copy is made all the same, with the modes of the originals."""
    path = make_directory(estate, "tree")
    give(path)
    sh("mount", "-t", "ramfs", "none", estate.other)
    try:
        there = LinuxStorage(
            estate.other,
            folders=(str(estate.other), str(estate.pool)),
            settings=(str(estate.settings),),
            locks=estate.locks,
        )
        await there.start()
        await there.clone(await image(there, "tree"), "new", False, unwatched)
        assert lists(estate.other / "new") == {}
        assert (estate.other / "new/etc/hostname").stat().st_mode == (path / "etc/hostname").stat().st_mode
        await there.close()
    finally:
        sh("umount", estate.other)


async def test_marks_that_keep_files_are_not_copied(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    marks = (("etc/hostname", "i"), ("etc/machine-id", "a"), ("usr", "i"))
    for where, mark in marks:
        sh("chattr", f"+{mark}", path / where)
    await storage.clone(await image(storage, "tree"), "new", False, unwatched)
    assert (estate.pool / "new/etc/hostname").read_bytes() == (path / "etc/hostname").read_bytes()
    for where in ("etc/hostname", "etc/machine-id", "usr/lib/os-release"):
        (estate.pool / "new" / where).unlink()
    for name in ("new", "tree"):
        await storage.remove(await image(storage, name), unwatched)
    assert leftovers(estate) == []
