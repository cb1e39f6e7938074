"""Who is cancelled before an image has its name gets nothing; after it, all of it, its side files too."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from machined.host.linux.storage import removing, report
from machined.host.linux.storage.crew import Crew
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places, Setting
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import ImageType
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.gate import gate
from tests.service.linux_storage.kits import image, leftovers, make_raw, unwatched
from tests.service.linux_storage.test_changes import make, types

TURNS = 20
"""Turns of the event loop in which a cancelled task would get to its end, or kill its worker."""


class Worker:
    """What a worker says and hears, without one; it is told to end by nobody."""

    def __init__(self, crew: Crew, patch: pytest.MonkeyPatch) -> None:
        self._line: socket.socket | None = None
        self.is_there = asyncio.Event()
        self.killed: list[int] = []
        patch.setattr(crew, "_send", self._take)
        patch.setattr(crew, "_kill", self.killed.append)

    async def _take(self, _request: dict[str, Any], theirs: socket.socket) -> None:
        self._line = theirs.dup()
        self.is_there.set()

    def say(self, *words: object) -> None:
        assert self._line is not None
        self._line.sendall(json.dumps(words).encode() + b"\n")

    async def hear(self) -> bytes:
        assert self._line is not None
        self._line.setblocking(False)
        return await asyncio.get_running_loop().sock_recv(self._line, 9)

    def end(self) -> None:
        assert self._line is not None
        self._line.close()


async def turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def test_who_is_cancelled_after_the_worker_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left to its end, also by a service that ends, and what it says then is what counts."""
    crew = Crew()
    worker = Worker(crew, monkeypatch)
    for words in (["done", 7], ["failed", errno.EEXIST, "File exists"]):
        worker.is_there.clear()
        going = asyncio.create_task(crew.run("clone", {}))
        await worker.is_there.wait()
        worker.say(report.LAST)
        assert await worker.hear() == b"\n"
        going.cancel()
        ending = asyncio.create_task(crew.kill_all())
        await turns()
        assert not going.done()
        assert worker.killed == []
        worker.say(*words)
        worker.end()
        if words[0] == "done":
            assert await going == words[1]
        else:
            with pytest.raises(FileExistsError):
                await going
        await ending


async def test_who_is_cancelled_before_the_worker_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew()
    worker = Worker(crew, monkeypatch)
    going = asyncio.create_task(crew.run("clone", {}))
    await worker.is_there.wait()
    await turns()
    going.cancel()
    await turns()
    assert len(worker.killed) == 1
    worker.say(report.LAST)  # it is about to be killed, and must not be told to go on
    worker.end()
    with pytest.raises(asyncio.CancelledError):
        await going


async def test_a_worker_that_a_service_which_ends_has_killed_is_not_told_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may ask before the kill comes, which would leave half of what can be seen."""
    crew = Crew()
    worker = Worker(crew, monkeypatch)
    going = asyncio.create_task(crew.run("clone", {}))
    await worker.is_there.wait()
    await turns()
    ending = asyncio.create_task(crew.kill_all())
    await turns()
    assert len(worker.killed) == 1
    worker.say(report.LAST)
    hearing = asyncio.create_task(worker.hear())
    await turns()
    is_answered = hearing.done()
    hearing.cancel()
    worker.end()
    assert not is_answered
    with pytest.raises(OSError, match=r".") as raised:
        await going
    assert raised.value.errno == errno.ESHUTDOWN
    await ending


async def test_a_worker_that_is_born_when_all_are_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew()
    worker = Worker(crew, monkeypatch)
    take, may_send = crew._send, asyncio.Event()

    async def late(request: dict[str, Any], theirs: socket.socket) -> None:
        await may_send.wait()
        worker.killed.clear()  # nobody was there to be killed
        await take(request, theirs)

    monkeypatch.setattr(crew, "_send", late)
    going = asyncio.create_task(crew.run("clone", {}))
    await turns()
    ending = asyncio.create_task(crew.kill_all())
    await turns()
    may_send.set()
    await worker.is_there.wait()
    await turns()
    killed = list(worker.killed)
    worker.end()
    with pytest.raises(OSError, match=r".") as raised:
        await going
    assert raised.value.errno == errno.ESHUTDOWN
    await ending
    assert len(killed) == 1


def test_a_worker_that_is_not_answered_has_nothing_seen() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.close()
        with pytest.raises(OSError, match=r"."):
            Report(theirs).check()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match=r".") as raised:
            Report(theirs).check()
        assert raised.value.errno == errno.ECANCELED


def make_with_settings(estate: Estate, kind: ImageType) -> Path:
    """An image and its settings."""
    make(estate, kind, "web")
    path = estate.pool / "web.nspawn"
    path.write_text("[Exec]\n")
    (estate.pool / "web.roothash").write_text("12")
    return path


@pytest.mark.promise(
    "A copy is never seen without its side files, and who cancels it gets none of them", where="bare host"
)
async def test_who_is_cancelled_while_side_files_are_copied(estate: Estate, storage: LinuxStorage) -> None:
    for kind in {ImageType.DIRECTORY, ImageType.RAW} & set(types(estate)):
        with gate(make_with_settings(estate, kind)) as settings:
            one = await image(storage, "web")
            going = asyncio.create_task(storage.clone(one, "new", False, unwatched))
            await settings.reached.wait()
            assert list(estate.pool.glob("new*")) == []
            going.cancel()
            with pytest.raises(asyncio.CancelledError):
                await going
        assert list(estate.pool.glob("new*")) == []
        await storage.clone(one, "new", False, unwatched)
        suffix = ".raw" if kind is ImageType.RAW else ""
        there = {path.name for path in estate.pool.glob("new*")}
        assert there == {f"new{suffix}", "new.nspawn", "new.roothash"}
        for name in ("web", "new"):
            await storage.remove(await image(storage, name), unwatched)
        await storage._tidying.end()
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
