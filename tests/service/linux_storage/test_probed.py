"""Disk images are read beside a udev, which opens each new loop device to look at it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from tests.conftest import mounts
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.diskimages import ROOT, Disk, make_file_system
from tests.service.linux_storage.kits import fill, image, leftovers
from tests.service.linux_storage.test_disks import attached
from tests.service.linux_storage.test_metadata import WHOLE
from tests.support.waiting import until

TURNS = 40
AT_ONCE = 4

pytestmark = [
    pytest.mark.parametrize("kind", ["ext4"], indirect=True),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the partitions are those of x86-64"),
]


class Prober:
    """Looks at the loop devices over a file as udev does: it opens them, locks them shared, and reads."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.is_to_end = threading.Event()
        self.count = 0

    def run(self) -> None:
        while not self.is_to_end.is_set():
            for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
                try:
                    if backing.read_text().strip() == self._path:
                        self._probe(f"/dev/{backing.parts[3]}")
                except OSError:
                    continue  # it was detached just then

    def _probe(self, device: str) -> None:
        fd = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            os.pread(fd, 1 << 17, 0)
            self.count += 1
        finally:
            os.close(fd)


@contextmanager
def probed(path: Path) -> Iterator[Prober]:
    prober = Prober(path)
    thread = threading.Thread(target=prober.run)
    thread.start()
    try:
        yield prober
    finally:
        prober.is_to_end.set()
        thread.join()


@pytest.mark.promise(
    "What a disk image tells is read beside somebody who looks at each new device", where="bare host"
)
async def test_beside_one_who_looks_at_each_device(
    estate: Estate, storage: LinuxStorage, tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    system = make_file_system(tmp_path / "system.img", fill(tmp_path / "tree"))
    disk = Disk(estate.pool / "disk.raw")
    disk.add(ROOT, 4, system)
    path = disk.write()
    found = await image(storage, "disk")
    before = mounts()
    with probed(path) as prober:
        for _ in range(TURNS):
            told = await asyncio.gather(*(storage.metadata(found) for _ in range(AT_ONCE)))
            assert told == [WHOLE] * AT_ONCE
    assert prober.count
    await until(lambda: attached(path) == "", what="no loop device is left")
    assert mounts() == before
    assert leftovers(estate) == []
