"""Names by which an image would be on no list any more: folders of versions are known by theirs."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from machined.host.improvements import NONE
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import fill, image, leftovers, refusal, unwatched
from tests.service.linux_storage.test_changes import make, types


async def names(storage: LinuxStorage) -> set[str]:
    return {one.name for one in await storage.discover()} - {".host", "other", "lost+found"}


def make_versions(estate: Estate) -> tuple[Path, Path]:
    """Two versions of one image."""
    paths = estate.pool / "web.v/web_1", estate.pool / "web.v/web_2"
    for path in paths:
        path.mkdir(parents=True)
        fill(path)
    return paths


@pytest.mark.promise("No image is lost by its new name", where="bare host")
async def test_a_name_as_that_of_a_folder_of_versions(estate: Estate, storage: LinuxStorage) -> None:
    for kind in types(estate):
        make(estate, kind, "web")
        one = await image(storage, "web")
        if kind is ImageType.RAW:  # whose file does not end as its name does
            await storage.clone(one, "copy.v", False, unwatched)
            await storage.rename(one, "new.v")
            assert await names(storage) == {"copy.v", "new.v"}
        else:
            assert await refusal(storage.clone(one, "copy.v", False, unwatched)) == errno.EINVAL
            assert await refusal(storage.rename(one, "new.v")) == errno.EINVAL
            assert await names(storage) == {"web"}
        for name in await names(storage):
            await storage.remove(await image(storage, name), unwatched)
        assert leftovers(estate) == []


async def test_a_version_keeps_its_name(estate: Estate, storage: LinuxStorage) -> None:
    """All else is done to it; a copy of it is an image of its own."""
    older, newer = make_versions(estate)
    one = await image(storage, "web")
    assert one.path == str(newer)
    assert await refusal(storage.rename(one, "new")) == errno.EOPNOTSUPP
    assert (await image(storage, "web")).path == str(newer)
    await storage.clone(one, "new", False, unwatched)
    await storage.remove(one, unwatched)
    assert (await image(storage, "web")).path == str(older)
    assert await names(storage) == {"web", "new"}
    assert leftovers(estate) == []


@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_as_systemd_has_it(estate: Estate) -> None:
    storage = LinuxStorage(
        estate.pool, folders=(str(estate.pool),), settings=(), locks=estate.locks, improvements=NONE
    )
    await storage.start()
    try:
        older, _newer = make_versions(estate)
        await storage.rename(await image(storage, "web"), "new")
        assert (await image(storage, "web")).path == str(older)
        await storage.clone(await image(storage, "web"), "copy.v", False, unwatched)
        assert await names(storage) == {"web"}
        assert (estate.pool / "web.v/new/etc/hostname").exists()
        assert (estate.pool / "copy.v/etc/hostname").exists()
    finally:
        await storage.close()
