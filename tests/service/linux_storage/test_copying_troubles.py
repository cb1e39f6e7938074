"""What gets in the way of a copy: limits, files that vanish, file systems that are read-only."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import image, leftovers, make_directory, refusal, unwatched
from tests.service.linux_storage.test_changes import make, types
from tests.service.linux_storage.volumes import mounted, sh

BTRFS = pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)
COUNT, SIZE = 3000, 10_000
MB = 10**6


@contextlib.asynccontextmanager
async def far(estate: Estate, home: Path) -> AsyncIterator[tuple[Path, LinuxStorage]]:
    """A folder of images on another file system, and a storage that finds them: copies share nothing."""
    with mounted(home, "ext4", "300M") as volume:
        storage = storage_of(estate._replace(other=volume))
        await storage.start()
        try:
            yield volume, storage
        finally:
            await storage.close()


@BTRFS
@pytest.mark.promise(
    "A copy that exceeds the quota is refused with EDQUOT, and none is left", where="bare host"
)
async def test_a_quota_that_is_hit_in_the_middle_of_a_copy(estate: Estate) -> None:
    async with far(estate, estate.settings) as (volume, storage):
        for number in range(20):
            path = volume / f"web/folder-{number}"
            path.mkdir(parents=True)
            (path / "file").write_bytes(os.urandom(4 * MB))
        make_directory(estate, "tree")
        await storage.set_pool_limit(10**9)
        sh("btrfs", "quota", "rescan", "--wait", estate.pool)
        limit = (await storage.pool()).usage + 40 * MB
        await storage.set_pool_limit(limit)
        web, done = await image(storage, "web"), [0]
        number = await refusal(storage.clone(web, "new", False, lambda so_far, _: done.append(so_far)))
        assert number == errno.EDQUOT
        assert 0 < max(done) < 80 * MB  # it had begun
        names = {one.name for one in await storage.discover()}
        assert names - {"lost+found", "other"} == {"tree", "web", ".host"}
        assert leftovers(estate) == []
        assert (await storage.pool()).limit == limit
        assert await refusal(storage.clone(web, "new", False, unwatched)) == errno.EDQUOT
        await storage.remove(await image(storage, "tree"), unwatched)
        await storage.set_pool_limit(5 * 10**8)
        await storage.clone(web, "new", False, unwatched)
        assert len(list((estate.pool / "new").glob("*/file"))) == 20
        await storage.set_pool_limit(UNKNOWN_SIZE)
        await storage.remove(await image(storage, "new"), unwatched)
        assert leftovers(estate) == []


@pytest.mark.promise("A copy goes on without the files that vanish meanwhile", where="bare host")
async def test_files_that_vanish_while_a_worker_copies(estate: Estate, storage: LinuxStorage) -> None:
    path = make_directory(estate, "tree")
    for number in range(COUNT):
        (path / f"file-{number}").write_bytes(b"x" * SIZE)
    for number in range(50):
        (path / f"folder-{number}/inner").mkdir(parents=True)
    gone: list[str] = []

    def on_progress(done: int, _total: int) -> None:
        """Stop the worker once it has copied something, take away what it has not, and let it go on."""
        if not done or gone:
            return
        workers = copiers(storage)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        for unfinished in [one for one in estate.pool.glob(".#clone-*") if one.is_dir()]:
            there = {one.name for one in unfinished.iterdir()}
            gone.extend(one.name for one in path.glob("f*-*") if one.name not in there)
        sh("rm", "-rf", *(path / name for name in gone))
        for pid in workers:
            os.kill(pid, signal.SIGCONT)

    for _ in range(10):
        await storage.clone(await image(storage, "tree"), "new", False, on_progress)
        if gone:
            break
        await storage.remove(await image(storage, "new"), unwatched)  # it was done before we were told
    copied = sorted((estate.pool / "new").glob("file-*"))
    assert len(gone) > 50
    assert 0 < len(copied) <= COUNT + 50 - len(gone)
    assert all(one.stat().st_size == SIZE for one in copied)
    assert {one.name for one in copied} >= {one.name for one in path.glob("file-*")}
    assert (estate.pool / "new/etc/hostname").exists()
    assert leftovers(estate) == []


def copiers(storage: LinuxStorage) -> list[int]:
    """The workers that are at work."""
    nursery = storage._crew._nursery
    assert nursery is not None
    children = Path(f"/proc/{nursery.pid}/task/{nursery.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


@pytest.mark.promise("Images on a file system that is read-only are left as they are", where="bare host")
async def test_a_pool_that_is_read_only(estate: Estate, storage: LinuxStorage) -> None:
    paths = {kind: make(estate, kind, str(kind)) for kind in types(estate)}
    volume = estate.other.parent
    sh("mount", "-o", "remount,ro", volume)
    try:
        for kind, path in paths.items():
            one = await image(storage, str(kind))
            assert one.is_read_only
            for change in (
                storage.remove(one, unwatched),
                storage.rename(one, "new"),
                storage.clone(one, "new", False, unwatched),
                storage.set_read_only(one, False),
            ):
                assert await refusal(change) == errno.EROFS
            assert path.exists()
        assert await storage.find("new") is None
    finally:
        sh("mount", "-o", "remount,rw", volume)
    assert leftovers(estate) == []
    raw = await image(storage, str(ImageType.RAW))
    await storage.rename(raw, "new")
    assert await storage.find("new") is not None
