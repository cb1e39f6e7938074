"""Services that are killed with kill -9: images are whole or absent, and nothing else is left."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from machined.host.linux.storage.storage import LinuxStorage
from tests.conftest import children
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import image, leftovers, make_directory, make_subvolume, unwatched
from tests.support.waiting import until

#: A service that says when it begins and ends; some things it goes on with until it is killed.
SERVICE = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from machined.host.linux.storage.storage import LinuxStorage
from machined.images.catalog import Images
from machined.operations import Operations

pool, other, settings, locks, verb = sys.argv[1:]
subject = "disk" if verb.endswith("disk") else "tree"

class Storage(LinuxStorage):
    async def discover(self):
        return [one for one in await super().discover() if one.name != "other"]

async def permit(*_details):
    pass

async def main():
    storage = Storage(Path(pool), folders=(other, pool), settings=(settings,), locks=Path(locks))
    await storage.start()
    one = await storage.find(subject)
    print("begins", flush=True)
    while True:
        if verb.startswith("clone"):
            await storage.clone(one, "new", False, lambda *_: None)
            await storage.remove(await storage.find("new"), lambda *_: None)
        elif verb == "rename":
            await storage.rename(one, "new")
            one = await storage.find("new")
            await storage.rename(one, "tree")
            one = await storage.find("tree")
        elif verb in ("clean-all", "clean-hidden"):
            await Images(SimpleNamespace(storage=storage), Operations()).clean(verb[6:], permit)
            break
        else:
            await storage.remove(one, lambda *_: None)
            one = await storage.find("spare")
            if one is None:
                break
    print("ends", flush=True)

asyncio.run(main())
"""
FILES = 300
DISK = os.urandom(1_000_000) * 20
MOMENTS = int(os.environ.get("MACHINEDECK_KILLS", "4"))
SEQUENCE = 20
"""Moments that come of one seed."""
IMAGES = {"clean-hidden": ("tree", ".one", ".two"), "clone-disk": ("disk",)}
"""The images that there are at first, where not these:"""
USUAL = ("tree", "spare")
LASTS = 0.15
"""Seconds of which one is killed that goes on until it is killed."""
LATE = 10
"""How often it is tried to kill one before its end."""


def make_tree(estate: Estate, name: str) -> Path:
    if name == "disk":
        (estate.pool / "disk.raw").write_bytes(DISK)
        return estate.pool / "disk.raw"
    path = (
        make_subvolume(estate, name)
        if estate.is_btrfs and name in {"spare", ".two"}
        else make_directory(estate, name)
    )
    for number in range(FILES):
        (path / f"file-{number}").write_bytes(b"x" * 3000)
    return path


def is_whole(path: Path) -> bool:
    if path.suffix == ".raw":
        return path.read_bytes() == DISK
    return len(list(path.glob("file-*"))) == FILES and (path / "etc/hostname").exists()


def killed(estate: Estate, verb: str, after: float | None) -> tuple[int, float]:
    """Run a service and kill it after some seconds of its work, if that is given.

    Returns:
        The session that its workers are in; and for how long it worked, 0 where it was killed before its end.
    """
    words = [sys.executable, "-c", SERVICE, *(str(part) for part in estate[1:]), verb]
    with subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == b"begins\n"
        begin = time.perf_counter()
        if after is not None:
            time.sleep(after)
            service.send_signal(signal.SIGKILL)
        lasted = time.perf_counter() - begin if service.stdout.readline() else 0.0
    return service.pid, lasted


async def images(storage: LinuxStorage) -> set[str]:
    return {one.name for one in await storage.discover()} - {".host", "other"}


@pytest.mark.promise("A service that is killed leaves every image whole or absent", where="bare host")
@pytest.mark.parametrize("verb", ["clone", "clone-disk", "remove", "rename", "clean-all", "clean-hidden"])
async def test_a_killed_service_leaves_whole_images_and_nothing_else(
    estate: Estate, verb: str, storage: LinuxStorage
) -> None:
    names = IMAGES.get(verb, USUAL)
    lasts = LASTS
    if verb.startswith(("remove", "clean")):  # which come to an end by themselves
        await make_images(estate, storage, names)
        lasts = (await asyncio.to_thread(killed, estate, verb, None))[1]
        assert lasts
    for number in range(MOMENTS):
        if number % SEQUENCE == 0:
            moments = random.Random(f"{verb} {estate.kind} {number // SEQUENCE}")
        latest = lasts
        for _ in range(LATE):
            await make_images(estate, storage, names)
            moment = moments.uniform(0, latest)
            session, ended = await asyncio.to_thread(killed, estate, verb, moment)
            await until_ended(session)
            await see_what_is_left(estate, verb, names)
            if not ended:
                break  # it was killed at its work
            latest = moment  # it works faster than when that was measured
        assert not ended


async def make_images(estate: Estate, storage: LinuxStorage, names: tuple[str, ...]) -> None:
    for name in names:
        if await storage.find(name) is None:
            make_tree(estate, name)


async def see_what_is_left(estate: Estate, verb: str, names: tuple[str, ...]) -> None:
    """See that every image is whole, and that nothing else is there once a service has started again."""
    again = storage_of(estate)
    await again.start()
    for name in await images(again):
        if name.startswith(".removed-"):
            await again.remove(await image(again, name), unwatched)
        else:
            assert is_whole(Path((await image(again, name)).path)), name
    assert await images(again) <= {*names, "new"}
    if verb in {"clone", "clone-disk", "clean-hidden"}:
        assert await again.find(names[0]) is not None
    if (left := await again.find("new")) is not None:
        await again.remove(left, unwatched)
    await until(lambda: leftovers(estate) == [])
    await again.close()


async def until_ended(session: int) -> None:
    """Wait for the workers of a killed service: they end right after it."""
    await until(lambda: not is_alive(session), 30)


def is_alive(session: int) -> bool:
    """Whether a process of a session is left that has not ended."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        if int(its) == session and state not in "ZX":
            return True
    return False


def kill_children(pid: int) -> None:
    for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(worker), signal.SIGKILL)


async def test_a_killed_worker_is_told_of_and_its_rest_is_gone(estate: Estate, storage: LinuxStorage) -> None:
    make_tree(estate, "tree")
    (estate.pool / "tree/large").write_bytes(os.urandom(50_000_000))
    begun = asyncio.Event()

    def on_progress(*_amount: Any) -> None:
        begun.set()

    copying = asyncio.create_task(storage.clone(await image(storage, "tree"), "new", False, on_progress))
    await begun.wait()
    nursery = storage._crew._nursery
    assert nursery is not None
    kill_children(nursery.pid)
    (ended,) = await asyncio.gather(copying, return_exceptions=True)
    if ended is not None:  # else it was done before we came to it
        assert isinstance(ended, OSError)
        assert ended.errno == errno.ESHUTDOWN
        assert await storage.find("new") is None
    await until(lambda: leftovers(estate) == [])


async def test_a_killed_nursery_is_replaced(estate: Estate, storage: LinuxStorage) -> None:
    make_tree(estate, "tree")
    nursery = storage._crew._nursery
    assert nursery is not None
    os.kill(nursery.pid, signal.SIGKILL)
    await until(lambda: nursery.pid not in children())
    await storage.clone(await image(storage, "tree"), "new", False, unwatched)
    assert is_whole(estate.pool / "new")


async def test_a_storage_that_closes_ends_its_work(estate: Estate) -> None:
    make_tree(estate, "tree")
    (estate.pool / "tree/large").write_bytes(os.urandom(50_000_000))
    storage = storage_of(estate)
    await storage.start()
    begun = asyncio.Event()
    copying = asyncio.create_task(
        storage.clone(await image(storage, "tree"), "new", False, lambda *_amount: begun.set())
    )
    await begun.wait()
    await storage.close()
    if await asyncio.gather(copying, return_exceptions=True) != [None]:
        assert not (estate.pool / "new").exists()
    assert leftovers(estate) == []


async def test_many_jobs_at_once(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "tree")
    found = await image(storage, "tree")
    await asyncio.gather(*(storage.clone(found, f"new-{n}", False, unwatched) for n in range(64)))
    assert len(await images(storage)) == 65
    await asyncio.gather(*[storage.remove(await image(storage, f"new-{n}"), unwatched) for n in range(64)])
    assert await images(storage) == {"tree"}
    assert leftovers(estate) == []
