"""Long work is cancelled over the bus: who may, and who hears what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from machined.contract import (
    MACHINE1,
    MANAGE_IMAGES,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    OPERATIONS_INTERFACE,
    OPERATIONS_PATH,
)
from machined.host.storage import Image, Progress
from machined.service import Service
from machined.wire import CallError, Connection, Signal, connect
from tests.service.frame.fakehost import FakeHost
from tests.service.frame.test_senders import DENIED, NOBODY, call_as_nobody, public
from tests.support.waiting import until

__all__ = ["public"]

CANCELLED = "System.Error.ECANCELED"
UNKNOWN = f"{OPERATIONS_INTERFACE}.NoSuchOperation"
CLONE = ("string:deb-12", "string:new", "boolean:false")
DETAILS = {"image": "deb-12", "verb": "clone", "new_name": "new"}


@pytest.fixture
def ended(fake: FakeHost, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What ended before its time: a clone takes for ever."""
    found: list[str] = []

    async def clone(_image: Image, new_name: str, _is_read_only: bool, progress: Progress) -> None:
        progress(1, 3)
        try:
            await asyncio.Event().wait()
        finally:
            found.append(new_name)

    monkeypatch.setattr(fake.storage, "clone", clone)
    return found


async def cancel(client: Connection, id: int) -> str:
    """The error of a call of Cancel; "" for none."""
    try:
        assert await client.call(MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "u", id) == []
    except CallError as error:
        return error.name
    return ""


async def working(client: Connection) -> list[object]:
    (rows,) = await client.call(MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "ListOperations")
    return list(rows)


async def until_begun(client: Connection) -> None:
    while not await working(client):  # noqa: ASYNC110 - the service is asked as its clients ask it
        await asyncio.sleep(0.01)


def cloning(client: Connection) -> asyncio.Task[list[object]]:
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    return asyncio.create_task(client.call(*manager, "CloneImage", "ssb", "deb-12", "new", False))


@pytest.mark.promise("Long work can be cancelled, and its caller is told that it was", where="bare host")
async def test_who_waits_for_it_hears_of_it(
    service: Service, client: Connection, address: str, ended: list[str]
) -> None:
    heard: list[tuple[object, ...]] = []

    def on_ended(signal: Signal) -> None:
        heard.append(tuple(signal.body))

    await client.subscribe(
        on_ended,
        sender=MACHINE1,
        path=OPERATIONS_PATH,
        interface=OPERATIONS_INTERFACE,
        member="OperationEnded",
    )
    going = cloning(client)
    await until_begun(client)
    other = await connect(address)
    assert await cancel(other, 1) == ""
    assert ended == ["new"]
    await other.close()
    with pytest.raises(CallError) as caught:
        await going
    assert (caught.value.name, caught.value.message) == (CANCELLED, "The operation was cancelled.")
    await until(lambda: heard == [(1, "clone", "new")])
    assert await working(client) == []
    assert await cancel(client, 1) == UNKNOWN


async def test_what_was_never_there(client: Connection) -> None:
    with pytest.raises(CallError, match="There is no operation 4711") as caught:
        await client.call(MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "u", 4711)
    assert caught.value.name == UNKNOWN


async def as_nobody(public: str, is_own: bool, meanwhile: Callable[[], object]) -> tuple[str, str]:
    """A clone begun by nobody, or root, that nobody cancels: what is answered to the one and to the other."""
    client = await connect(public)
    cancelling = (public, OPERATIONS_PATH, OPERATIONS_INTERFACE, "Cancel", "uint32:1")
    clone = (public, MANAGER_PATH, MANAGER_INTERFACE, "CloneImage", *CLONE)
    going = asyncio.create_task(call_as_nobody(*clone)) if is_own else cloning(client)
    await until_begun(client)
    meanwhile()
    told = await call_as_nobody(*cancelling)
    if DENIED in told:
        assert await cancel(client, 1) == ""
    (answer,) = await asyncio.gather(going, return_exceptions=True)
    await client.close()
    return told, f"{answer.name}" if isinstance(answer, CallError) else str(answer)


async def test_who_began_it_may_without_being_asked(public: str, fake: FakeHost, ended: list[str]) -> None:
    told, answer = await as_nobody(public, True, lambda: fake.authority.denied.add(MANAGE_IMAGES))
    assert "method return" in told
    assert CANCELLED in answer
    assert ended == ["new"]
    assert fake.authority.asked == [(NOBODY, MANAGE_IMAGES, DETAILS, False)]  # for the clone alone


@pytest.mark.parametrize("is_denied", [False, True])
async def test_others_are_asked_about_as_for_the_work_itself(
    public: str, fake: FakeHost, ended: list[str], is_denied: bool
) -> None:
    if is_denied:
        fake.authority.denied.add(MANAGE_IMAGES)
    told, answer = await as_nobody(public, False, lambda: None)
    assert fake.authority.asked == [(NOBODY, MANAGE_IMAGES, DETAILS, False)]
    assert (DENIED in told) == is_denied
    assert ("method return" in told) == (not is_denied)
    assert answer == CANCELLED
