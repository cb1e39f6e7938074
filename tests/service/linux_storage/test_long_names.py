"""Images whose names are so long that no lock file next to them can have one."""

from __future__ import annotations

import errno
import os

import pytest

from machined.host.improvements import NONE
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, leftovers, refusal, unwatched
from tests.service.linux_storage.test_changes import held, make, types

LENGTHS = (249, 250, 251, 255)
"""Bytes of a name: from 250 on there is no lock file next to the image, above 251 no raw image."""


@pytest.mark.promise(
    "All is done to images with names of 255 bytes that is done to others", where="bare host"
)
@pytest.mark.parametrize("length", LENGTHS)
async def test_all_is_done_to_them(estate: Estate, storage: LinuxStorage, length: int) -> None:
    for kind in types(estate):
        if kind is ImageType.RAW and length > 251:
            continue
        make(estate, kind, "a" * length)
        one = await image(storage, "a" * length)
        if kind is not ImageType.RAW:
            assert (await storage.metadata(one)).hostname == "web-1"
        await storage.set_read_only(one, True)
        assert (await image(storage, one.name)).is_read_only
        await storage.set_read_only(one, False)
        await storage.clone(one, "b" * length, False, unwatched)
        await storage.rename(one, "c" * length)
        assert await storage.find(one.name) is None
        for name in ("b" * length, "c" * length):
            await storage.remove(await image(storage, name), unwatched)
            assert await storage.find(name) is None
        assert leftovers(estate) == []


async def test_one_in_use_is_left_alone(estate: Estate, storage: LinuxStorage) -> None:
    path = make(estate, ImageType.DIRECTORY, "a" * 255)
    status = path.stat()
    one = await image(storage, path.name)
    with held(estate.locks / f"inode-{status.st_dev}:{status.st_ino}"):
        for change in (
            storage.remove(one, unwatched),
            storage.rename(one, "new"),
            storage.set_read_only(one, True),
            storage.metadata(one),
        ):
            assert await refusal(change) == errno.EBUSY
    assert os.listdir(estate.locks) == []


async def test_two_do_not_take_the_same_name(estate: Estate, storage: LinuxStorage) -> None:
    make(estate, ImageType.DIRECTORY, "web")
    one = await image(storage, "web")
    with storage._setting.locks.name("b" * 255):
        assert await refusal(storage.clone(one, "b" * 255, False, unwatched)) == errno.EBUSY
        await storage.clone(one, "b" * 254, False, unwatched)
    await storage.clone(one, "b" * 255, False, unwatched)
    assert leftovers(estate) == []


async def test_a_disk_that_could_have_no_name_is_not_copied(estate: Estate, storage: LinuxStorage) -> None:
    """It takes long, and its end would be known from the beginning."""
    make(estate, ImageType.RAW, "disk")
    one = await image(storage, "disk")
    told: list[tuple[int, int]] = []
    assert (
        await refusal(storage.clone(one, "d" * 252, False, lambda *far: told.append(far)))
        == errno.ENAMETOOLONG
    )
    assert told == []
    await storage.clone(one, "d" * 251, False, unwatched)


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_as_systemd_has_it(estate: Estate) -> None:
    places = ((str(estate.other), str(estate.pool)), (str(estate.settings),))
    storage = LinuxStorage(
        estate.pool, folders=places[0], settings=places[1], locks=estate.locks, improvements=NONE
    )
    await storage.start()
    try:
        make(estate, ImageType.DIRECTORY, "a" * 250)
        one = await image(storage, "a" * 250)
        assert await refusal(storage.remove(one, unwatched)) == errno.ENAMETOOLONG
        assert await refusal(storage.metadata(one)) == errno.ENAMETOOLONG
        assert await refusal(storage.rename(one, "new")) == errno.ENAMETOOLONG
        assert leftovers(estate) == []
    finally:
        await storage.close()
