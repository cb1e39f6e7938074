"""What is watched beside the bus: an error in there is told, and what cannot be watched holds nothing up."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.model.event import Listener
from machinedeck.sources import image_folders
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def fail(*_: object) -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("a fault in the program")


async def images(on_change: Callable[[], None]) -> None:
    await fail(on_change)


async def work(store: Store, listener: Listener) -> None:
    await fail(store, listener)


@pytest.mark.parametrize("watches", [{"watch_images": images}, {"watch_work": work}], ids=["images", "work"])
async def test_an_error_in_a_watch_is_told(watches: dict[str, object], host: FakeHost) -> None:
    follower = Follower(host, Store(), **watches)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(10):
            await follower.start()


async def test_where_no_folder_can_be_followed_all_else_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(image_folders, "Inotify", refuse)
    async with asyncio.timeout(10):
        await image_folders.follow_image_folders([str(tmp_path)], pytest.fail)


async def test_a_burst_of_changes_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of a thousand files had the lists read anew for minutes, once for each."""
    monkeypatch.setattr(image_folders, "SETTLE_SECONDS", 0.5)
    made: list[Path] = []
    told: list[int] = []

    def make(number: int = 1) -> None:
        for _ in range(number):
            made.append(tmp_path / f"image-{len(made)}")
            made[-1].mkdir()

    following = asyncio.create_task(
        image_folders.follow_image_folders([str(tmp_path)], lambda: told.append(len(made)))
    )
    try:
        while not told:  # it is followed from some moment on
            make()
            await asyncio.sleep(0.01)
        told.clear()
        make(100)
        await until(lambda: len(made) in told, what="the last of them to be told")
        await asyncio.sleep(3 * image_folders.SETTLE_SECONDS)  # in which another would be told
        assert len(told) == 1
    finally:
        following.cancel()
        await asyncio.wait([following])
