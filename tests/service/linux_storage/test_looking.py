"""Short looks into images, and the locks of images; if strict, as was seen of systemd-machined 257."""

from __future__ import annotations

import errno

import pytest

from machined.host.improvements import ALL, NONE, Improvements
from machined.host.linux.storage import rootfiles
from machined.host.linux.storage.locks import Locks
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Metadata
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, make_directory, refusal
from tests.service.linux_storage.test_strictness import improvements, storage

__all__ = ["improvements", "storage"]


async def test_a_look_into_an_image_and_its_locks(
    storage: LinuxStorage, estate: Estate, improvements: Improvements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strictly nobody can have it to himself meanwhile; either way, while somebody has it nobody looks."""
    root = make_directory(estate, "web")
    inode = estate.locks / f"inode-{root.stat().st_dev}:{root.stat().st_ino}"
    beside = estate.pool / ".#web.lck"
    keys = Locks(estate.locks)
    seen: list[tuple[bool, bool, bool]] = []
    read = rootfiles.read_metadata

    def watched(fd: int) -> Metadata:
        try:
            with keys.image(str(root)):
                is_free = True
        except OSError as error:
            is_free = error.errno != errno.EBUSY
        seen.append((beside.exists(), inode.exists(), is_free))
        return read(fd)

    monkeypatch.setattr(rootfiles, "read_metadata", watched)
    web = await image(storage, "web")
    assert isinstance(await storage.metadata(web), Metadata)
    assert isinstance(await storage.metadata_of("web"), Metadata)
    assert seen == [(False, False, True) if improvements == ALL else (True, True, False)] * 2
    assert not beside.exists()
    assert not inode.exists()
    with keys.image(str(root)):
        assert await refusal(storage.metadata(web)) == errno.EBUSY


async def test_the_folder_of_the_locks_after_a_look(
    storage: LinuxStorage, estate: Estate, improvements: Improvements
) -> None:
    make_directory(estate, "web")
    assert not estate.locks.exists()
    assert isinstance(await storage.metadata_of("web"), Metadata)
    assert estate.locks.exists() == (improvements == NONE)
