"""Who is cancelled when an image has its name already gets all of it: its side files come right after."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from machined.host.linux.storage import removing
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places, Setting
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.gate import gate
from tests.service.linux_storage.kits import image, leftovers, make_raw, unwatched
from tests.service.linux_storage.test_changes import make, types

TURNS = 20
"""Turns of the event loop in which a cancelled task would get to its end, or kill its worker."""


def make_with_settings(estate: Estate, kind: ImageType) -> Path:
    """An image, and the settings that the worker reads last."""
    make(estate, kind, "web")
    path = estate.pool / "web.nspawn"
    path.write_text("[Exec]\n")
    (estate.pool / "web.roothash").write_text("12")
    return path


def is_whole(estate: Estate, kind: ImageType) -> bool:
    name = "new.raw" if kind is ImageType.RAW else "new"
    there = [estate.pool / one for one in (name, "new.nspawn", "new.roothash")]
    return all(path.exists() for path in there)


@pytest.mark.promise(
    "Who cancels a copy that has its name already is told that it is done, and it has its side files",
    where="bare host",
)
async def test_who_is_cancelled_at_the_last_moment(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        with gate(make_with_settings(estate, kind)) as last:
            going = asyncio.create_task(storage.clone(await image(storage, "web"), "new", False, unwatched))
            await last.reached.wait()
            going.cancel()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            last.open()
            await going
        assert is_whole(estate, kind)
        assert leftovers(estate) == []
        for name in ("web", "new"):
            await storage.remove(await image(storage, name), unwatched)


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_a_storage_that_closes_lets_it_come_to_its_end(estate: Estate) -> None:
    storage = storage_of(estate)
    await storage.start()
    with gate(make_with_settings(estate, ImageType.DIRECTORY)) as last:
        going = asyncio.create_task(storage.clone(await image(storage, "web"), "new", False, unwatched))
        await last.reached.wait()
        closing = asyncio.create_task(storage.close())
        for _ in range(TURNS):
            await asyncio.sleep(0)
        last.open()
        await asyncio.gather(going, closing)
    assert is_whole(estate, ImageType.DIRECTORY)
    assert leftovers(estate) == []


class Unwanted(Report):
    """Of work that nobody waits for any more."""

    def check(self) -> None:
        raise OSError(errno.ECANCELED, "")


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_who_removes_a_disk_asks_before_it_goes(estate: Estate, storage: LinuxStorage) -> None:
    path = make_raw(estate, "disk")
    settings = estate.pool / "disk.nspawn"
    settings.touch()
    setting = Setting(Places(str(estate.pool), (str(estate.pool),), locks=str(estate.locks)))
    with pytest.raises(OSError, match=r".") as raised:
        removing.remove(setting, await image(storage, "disk"), Unwanted(None))
    assert raised.value.errno == errno.ECANCELED
    assert path.exists()
    assert settings.exists()
    assert leftovers(estate) == []
