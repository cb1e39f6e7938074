"""Subvolumes are copied and removed in threads: what becomes of those who are cancelled, and when not."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machined.host.linux.storage import btrfs, snapshots, subvolumes
from machined.host.linux.storage.pool import opened
from machined.host.linux.storage.report import Unreported
from machined.host.linux.storage.sidefiles import SideFiles
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import (
    image,
    leftovers,
    make_directory,
    make_subvolume,
    refusal,
    unwatched,
)
from tests.service.linux_storage.volumes import sh

ON_BTRFS = pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)


async def names(storage: LinuxStorage) -> set[str]:
    return {one.name for one in await storage.discover()} - {"other"}


async def no_worker(*_words: object) -> object:
    raise AssertionError("a worker is asked")


@ON_BTRFS
async def test_no_worker_is_asked(
    estate: Estate, storage: LinuxStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subvolume(estate, "volume")
    told: list[tuple[int, int]] = []
    with monkeypatch.context() as patched:
        patched.setattr(storage._crew, "run", no_worker)
        await storage.clone(await image(storage, "volume"), "new", False, lambda *far: told.append(far))
        await storage.remove(await image(storage, "volume"), lambda *far: told.append(far))
    assert told == [(0, 0), (0, 0)]
    assert await names(storage) == {"new", ".host"}
    assert leftovers(estate) == []


@ON_BTRFS
async def test_a_subvolume_on_another_file_system_is_copied_by_a_worker(
    estate: Estate, storage: LinuxStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subvolume(estate, "volume")
    asked: list[bool] = []

    def never(*_words: object, **_options: object) -> bool:
        asked.append(True)
        return False

    monkeypatch.setattr(snapshots, "is_taken", never)  # of ours; the worker has its own
    await storage.clone(await image(storage, "volume"), "new", False, unwatched)
    assert asked == [True]
    assert (await image(storage, "new")).type is ImageType.SUBVOLUME
    assert leftovers(estate) == []


@ON_BTRFS
async def test_what_is_no_subvolume_any_more_is_removed_by_a_worker(
    estate: Estate, storage: LinuxStorage
) -> None:
    path = make_directory(estate, "tree")
    told = Image("tree", str(path), ImageType.SUBVOLUME)
    assert not subvolumes.remove(storage._setting, Unreported(), told)
    await storage.remove(told, unwatched)
    assert not path.exists()
    assert leftovers(estate) == []


@ON_BTRFS
async def test_who_is_cancelled_leaves_no_snapshot(
    estate: Estate, storage: LinuxStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subvolume(estate, "volume")
    begun, may_go_on = asyncio.Event(), threading.Event()
    loop, take = asyncio.get_running_loop(), snapshots.is_taken

    def slow(source: int, folder: int, name: str, *, is_read_only: bool = False) -> bool:
        loop.call_soon_threadsafe(begun.set)
        assert may_go_on.wait(60)
        return take(source, folder, name, is_read_only=is_read_only)

    monkeypatch.setattr(snapshots, "is_taken", slow)
    going = asyncio.create_task(storage.clone(await image(storage, "volume"), "new", False, unwatched))
    await begun.wait()
    going.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not going.done()  # it ends once the thread has
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert await names(storage) == {"volume", ".host"}
    assert leftovers(estate) == []


@ON_BTRFS
@pytest.mark.parametrize("work", ["clone", "remove"])
async def test_who_is_cancelled_too_late_is_told_that_it_is_done(
    estate: Estate, storage: LinuxStorage, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """The side files come last, and may take long: by then the image is what it was to be."""
    make_subvolume(estate, "volume")
    begun, may_go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(_files: SideFiles, *_arguments: object) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert may_go_on.wait(60)

    @contextlib.contextmanager
    def copies(files: SideFiles, *_arguments: object) -> Iterator[Callable[[], None]]:
        yield lambda: slow(files)

    monkeypatch.setattr(SideFiles, "copies", copies)
    monkeypatch.setattr(SideFiles, "remove", slow)
    volume = await image(storage, "volume")
    told: list[tuple[int, int]] = []
    done = (
        storage.clone(volume, "new", False, lambda *far: told.append(far))
        if work == "clone"
        else storage.remove(volume, lambda *far: told.append(far))
    )
    going = asyncio.create_task(done)
    await begun.wait()
    going.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not going.done()
    may_go_on.set()
    await going
    assert told == [(0, 0)]
    assert await names(storage) == ({"volume", "new", ".host"} if work == "clone" else {".host"})
    assert leftovers(estate) == []


def test_a_removal_that_was_cancelled_before_it_began_does_nothing(tmp_path: Path) -> None:
    report = Unreported()
    report.cancel()
    with pytest.raises(OSError, match=r".") as raised:
        subvolumes.remove(LinuxStorage(tmp_path)._setting, report, Image("a", "/a", ImageType.SUBVOLUME))
    assert raised.value.errno == errno.ECANCELED


@ON_BTRFS
async def test_errors_are_told(estate: Estate, storage: LinuxStorage) -> None:
    make_subvolume(estate, "volume")
    make_directory(estate, "taken")
    volume = await image(storage, "volume")
    assert await refusal(storage.clone(volume, "taken", False, unwatched)) == errno.EEXIST
    with storage._setting.locks.image(volume.path):
        assert await refusal(storage.remove(volume, unwatched)) == errno.EBUSY
    assert await names(storage) == {"volume", "taken", ".host"}
    assert leftovers(estate) == []


@ON_BTRFS
async def test_more_subvolumes_than_the_kernel_tells_of_at_once(
    estate: Estate, storage: LinuxStorage
) -> None:
    """It fills a buffer with what it finds, and is asked again for the rest."""
    made = {f"volume-{number}" for number in range(400)}
    paths = [estate.pool / name for name in sorted(made)]
    with opened(str(estate.pool)) as fd:
        for name in made:
            btrfs.create(fd, name)
    (paths[17] / "file").write_text("x")
    sh("btrfs", "property", "set", paths[17], "ro", "true")
    told = {one.name: one for one in await storage.discover()}
    assert {name for name, one in told.items() if one.type is ImageType.SUBVOLUME} >= made
    assert [name for name in made if told[name].is_read_only] == [paths[17].name]
    assert all(told[name].created for name in made)
    with opened(str(estate.pool)) as fd:
        found = btrfs.nested(fd, btrfs.subvolume_of(fd))
    assert {one.path.rpartition("/")[2] for one in found} >= made
    assert (await image(storage, paths[17].name)) == told[paths[17].name]
