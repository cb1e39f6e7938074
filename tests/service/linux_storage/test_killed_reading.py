"""Services that are killed while they read disk images: no mount, loop device, lock or process is left."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import mounts
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.diskimages import make_file_system
from tests.service.linux_storage.kits import fill, leftovers
from tests.service.linux_storage.test_disks import attached
from tests.service.linux_storage.test_killed import until_ended
from tests.support.waiting import until

MOMENTS = int(os.environ.get("MACHINEDECK_KILLS", "6"))
#: A service that has a disk image read by eight at once, over and over.
SERVICE = """
import asyncio, sys
from pathlib import Path
from machined.host.linux.storage.storage import LinuxStorage

pool, other, settings, locks = sys.argv[1:]

async def read(storage, one):
    while True:
        assert (await storage.metadata(one)).hostname == "web-1"

async def main():
    storage = LinuxStorage(Path(pool), folders=(other, pool), settings=(settings,), locks=Path(locks))
    await storage.start()
    one = await storage.find("disk")
    await storage.metadata(one)
    print("begins", flush=True)
    await asyncio.gather(*(read(storage, one) for _ in range(8)))

asyncio.run(main())
"""


@contextmanager
def reader(estate: Estate) -> Iterator[subprocess.Popen[bytes]]:
    """Have such a service, in a session of its own."""
    words = [sys.executable, "-c", SERVICE, *(str(part) for part in estate[1:])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"begins\n"
        yield service


@pytest.mark.promise("A service that is killed while it reads disk images leaves nothing", where="bare host")
@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_nothing_is_left(estate: Estate) -> None:
    tree = estate.settings / "tree"
    tree.mkdir()
    path = make_file_system(estate.pool / "disk.raw", fill(tree))
    before = mounts()
    moments = random.Random("reading")
    for _ in range(MOMENTS):
        with reader(estate) as service:
            await until(lambda: attached(path) != "", what="it is in the middle of reading")
            await asyncio.sleep(moments.uniform(0, 0.05))
            service.send_signal(signal.SIGKILL)
        await until_ended(service.pid)
        await until(lambda: attached(path) == "", what="no loop device is left")
        assert mounts() == before
    again = storage_of(estate)
    await again.start()
    await until(lambda: leftovers(estate) == [], what="their locks are swept")
    await again.close()
