"""`SYSTEMD_NSPAWN_LOCK`: whether images are locked at all."""

from __future__ import annotations

import errno
import os

import pytest

from machined.host.linux.storage import locks
from machined.host.linux.storage.locks import lock
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import image, leftovers, make_directory, refusal, unwatched

ON_EXT4 = pytest.mark.parametrize("kind", ["ext4"], indirect=True)


@ON_EXT4
@pytest.mark.parametrize("word", ["0", "no", "False", "OFF", "f", "n"])
async def test_no_lock_is_heeded_or_made(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(locks.SWITCH, word)
    storage = storage_of(estate)
    await storage.start()  # workers hear of it too
    make_directory(estate, "tree")
    estate.pool.joinpath(".#tree.lck").touch()
    with lock(str(estate.pool / ".#tree.lck")):
        await storage.set_read_only(await image(storage, "tree"), True)
        await storage.set_read_only(await image(storage, "tree"), False)
        assert (await storage.metadata(await image(storage, "tree"))).hostname == "web-1"
        await storage.clone(await image(storage, "tree"), "new", False, unwatched)
        assert not estate.locks.exists() or os.listdir(estate.locks) == []
        await storage.rename(await image(storage, "tree"), "other-name")
        await storage.remove(await image(storage, "other-name"), unwatched)
    await storage.close()
    assert leftovers(estate) == []


@ON_EXT4
@pytest.mark.parametrize("word", ["1", "yes", "maybe", ""])
async def test_locks_are_heeded_else(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv(locks.SWITCH, word)
    storage = storage_of(estate)
    await storage.start()
    make_directory(estate, "tree")
    with lock(str(estate.pool / ".#tree.lck")):
        assert await refusal(storage.remove(await image(storage, "tree"), unwatched)) == errno.EBUSY
    await storage.close()
