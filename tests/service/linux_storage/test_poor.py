"""A pool on a file system that knows little: no rename that replaces nothing, no links, no nameless files."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_inside import owned
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import image, leftovers, unwatched
from tests.service.linux_storage.test_changes import make
from tests.service.linux_storage.volumes import sh

pytestmark = pytest.mark.parametrize("kind", ["ext4"], indirect=True)


@contextlib.contextmanager
def poor(place: Path) -> Iterator[None]:
    words = [sys.executable, owned.__file__, str(os.getpid()), str(place), "0", "plain"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"mounted\n"
            yield
        finally:
            sh("umount", "--lazy", place)
            server.kill()


@pytest.fixture
def place(estate: Estate) -> Iterator[Estate]:
    with poor(estate.pool):
        yield estate


@pytest.mark.promise(
    "Images are changed on file systems that cannot rename without replacing", where="bare host"
)
async def test_images_there(place: Estate) -> None:
    storage = storage_of(place)
    await storage.start()
    try:
        for kind, suffix in ((ImageType.DIRECTORY, ""), (ImageType.RAW, ".raw")):
            path = await asyncio.to_thread(make, place, kind, "web")
            (place.pool / "web.nspawn").write_text("[Exec]")
            await storage.clone(await image(storage, "web"), "new", False, unwatched)
            assert (place.pool / "new.nspawn").read_text() == "[Exec]"
            await storage.rename(await image(storage, "web"), "old")
            assert not path.exists()
            assert (place.pool / f"old{suffix}").exists()
            assert (place.pool / "old.nspawn").exists()
            for name in ("new", "old"):
                await storage.remove(await image(storage, name), unwatched)
            assert os.listdir(place.pool) == []
    finally:
        await storage.close()
    assert leftovers(place) == []


async def test_side_files_that_are_none(estate: Estate, storage: LinuxStorage) -> None:
    make(estate, ImageType.DIRECTORY, "web")
    os.mkfifo(estate.pool / "web.nspawn")
    (estate.pool / "web.roothash").mkdir()
    (estate.pool / "web.verity").symlink_to("/dev/zero")
    (estate.pool / "web.usrhash").write_text("12")
    async with asyncio.timeout(30):
        await storage.clone(await image(storage, "web"), "new", False, unwatched)
    assert {path.name for path in estate.pool.glob("new*")} == {"new", "new.usrhash"}
