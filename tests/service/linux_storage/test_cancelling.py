"""Copies and removals on real file systems that are cancelled over the bus: each is whole or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.bus.local import LocalBus
from machined.contract import (
    MACHINE1,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    OPERATIONS_INTERFACE,
    OPERATIONS_PATH,
)
from machined.host.linux.storage.storage import LinuxStorage
from machined.service import Service
from machined.wire import CallError, Connection, Signal, connect
from tests.service.frame.fakehost import FakeHost
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import leftovers, make_directory, make_subvolume
from tests.support.waiting import until

COUNT, SIZE = 4000, 10_000
"""Files in the tree, and bytes in each."""


@pytest.fixture
async def client(storage: LinuxStorage, tmp_path: Path) -> AsyncIterator[Connection]:
    """A caller of the service on the storage."""
    bus = await LocalBus.listen(tmp_path / "bus")
    ours, theirs = await connect(bus.address), await connect(bus.address)
    service = Service(ours, FakeHost().host()._replace(storage=storage))
    await service.start()
    yield theirs
    await service.stop()
    await theirs.close()
    await ours.close()
    await bus.close()


class Figures:
    """What the signals tell of one operation."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.total = 0
        self.ended = 0

    async def follow(self, client: Connection) -> None:
        await self._listen(client, "OperationProgress")
        await self._listen(client, "OperationEnded")

    async def _listen(self, client: Connection, member: str) -> None:
        where = {"path": OPERATIONS_PATH, "interface": OPERATIONS_INTERFACE, "member": member}
        await client.subscribe(self._on_signal, sender=MACHINE1, **where)

    def _on_signal(self, signal: Signal) -> None:
        assert not self.ended, "the end comes last"
        if signal.member == "OperationEnded":
            self.ended += 1
        else:
            self.done.append(signal.body[3])
            self.total = signal.body[4]


def manage(client: Connection, member: str, signature: str, *arguments: object) -> asyncio.Task[list[object]]:
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    return asyncio.create_task(client.call(*manager, member, signature, *arguments))


async def names(client: Connection) -> set[str]:
    (listed,) = await manage(client, "ListImages", "")
    return {row[0] for row in listed} - {".host", "other"}  # type: ignore[attr-defined]


def make_tree(estate: Estate) -> Path:
    path = make_directory(estate, "tree")
    for number in range(COUNT):
        (path / f"file-{number}").write_bytes(b"x" * SIZE)
    return path


async def cancelled(client: Connection, figures: Figures, work: asyncio.Task[list[object]]) -> str:
    """Cancel the operation in the middle; the error that its caller gets, "" where it was done by then."""
    await until(lambda: figures.done[-1:] > [0] or work.done(), what="some of it is done")
    try:
        await client.call(MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "u", 1)
        await work
    except CallError as error:
        return error.name
    return ""


@pytest.mark.promise(
    "A clone that is cancelled leaves no half image, and tells how far it is until then", where="bare host"
)
async def test_a_clone(estate: Estate, client: Connection) -> None:
    make_tree(estate)
    figures = Figures()
    await figures.follow(client)
    going = manage(client, "CloneImage", "ssb", "tree", "new", False)
    assert await cancelled(client, figures, going) == "System.Error.ECANCELED"
    assert await names(client) == {"tree"}
    await until(lambda: figures.ended, what="the end is told")
    assert figures.done == sorted(figures.done)
    assert 0 < figures.done[-1] < COUNT * SIZE
    await until(lambda: leftovers(estate) == [], what="what was copied is gone")
    figures.done, figures.ended = [], 0
    await manage(client, "CloneImage", "ssb", "tree", "new", False)
    await until(lambda: figures.ended, what="the end is told")
    assert figures.done == sorted(figures.done)
    assert figures.done[-1] == figures.total >= COUNT * SIZE
    assert len(list((estate.pool / "new").glob("file-*"))) == COUNT


@pytest.mark.promise("A removal that is cancelled leaves no image of that name", where="bare host")
async def test_a_removal(estate: Estate, client: Connection) -> None:
    """What is left of it is hidden, and goes with the next CleanPool."""
    path = make_tree(estate)
    figures = Figures()
    await figures.follow(client)
    error = await cancelled(client, figures, manage(client, "RemoveImage", "s", "tree"))
    assert error in {"System.Error.ECANCELED", "", f"{OPERATIONS_INTERFACE}.NoSuchOperation"}
    assert not path.exists()
    rest = await names(client)
    assert {name.partition("-")[0] for name in rest} <= {".removed"}
    assert bool(rest) == (error == "System.Error.ECANCELED")
    await until(lambda: figures.ended, what="the end is told")
    assert figures.done == sorted(figures.done)
    await until(lambda: leftovers(estate) == [], what="no lock is left")
    await manage(client, "CleanPool", "s", "hidden")
    assert await names(client) == set()


@pytest.mark.parametrize("kind", ["btrfs", "btrfs-quota"], indirect=True)
async def test_a_snapshot(estate: Estate, client: Connection) -> None:
    """It is over before anybody can cancel it, or it is not there."""
    make_subvolume(estate, "volume")
    going = manage(client, "CloneImage", "ssb", "volume", "new", False)
    error = ""
    try:
        await client.call(MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "u", 1)
        await going
    except CallError as refused:
        error = refused.name
    await asyncio.gather(going, return_exceptions=True)
    assert await names(client) == ({"volume"} if error == "System.Error.ECANCELED" else {"volume", "new"})
    assert leftovers(estate) == []
