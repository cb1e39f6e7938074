"""Long work that is cancelled."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.linux.storage.crew import undisturbed
from machined.host.storage import Image, ImageType, Progress
from machined.images.catalog import Images
from machined.operations import MAX_OPERATIONS, Operation, Operations
from tests.service.domain.hosts import FakeHost, Permits
from tests.support.waiting import until

WEB = Image("web", "/var/lib/machines/web", ImageType.DIRECTORY)
WORK: dict[str, Callable[[Images, Permits], Coroutine[Any, Any, object]]] = {
    "clone": lambda images, permits: images.clone(WEB, "new", False, permits),
    "remove": lambda images, permits: images.remove(WEB, permits),
    "clean": lambda images, permits: images.clean("all", permits),
}


@pytest.fixture
def operations() -> Operations:
    return Operations()


@pytest.fixture
def images(fake: FakeHost, operations: Operations) -> Images:
    fake.storage.images["web"] = WEB
    fake.storage.gate = asyncio.Event()
    fake.storage.amounts = [(1, 9)]
    return Images(fake.host, operations)


@pytest.mark.parametrize("kind", WORK)
async def test_its_caller_is_told(
    images: Images, fake: FakeHost, operations: Operations, permits: Permits, kind: str
) -> None:
    going = asyncio.create_task(WORK[kind](images, permits))
    await until(lambda: fake.storage.done)
    operation = operations.find(1)
    assert (operation.kind, operation.uid, operation.asked) == (kind, 1000, permits.asked[-1])
    await operation.cancel()
    with pytest.raises(OSError, match="The operation was cancelled") as caught:
        await going
    assert caught.value.errno == errno.ECANCELED
    assert fake.storage.images == {"web": WEB}
    with pytest.raises(Refused) as refused:
        operations.find(1)
    assert refused.value.name == ErrorName.NO_SUCH_OPERATION


async def test_two_who_cancel_are_both_answered(
    images: Images, fake: FakeHost, operations: Operations, permits: Permits
) -> None:
    going = asyncio.create_task(images.clone(WEB, "new", False, permits))
    await until(operations.working)
    (operation,) = operations.working()
    await asyncio.gather(operation.cancel(), operation.cancel())
    with pytest.raises(OSError, match="cancelled"):
        await going


async def test_a_service_that_ends_is_no_matter_of_the_operation(
    images: Images, fake: FakeHost, operations: Operations, permits: Permits
) -> None:
    """Who cancels the task itself sees it end, also where somebody has cancelled the operation just then."""
    for is_cancelled in (False, True):
        going = asyncio.create_task(images.clone(WEB, "new", False, permits))
        await until(operations.working)
        (operation,) = operations.working()
        waiting = asyncio.create_task(operation.cancel()) if is_cancelled else None
        await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        if waiting is not None:
            await waiting


@pytest.mark.promise("A clean that is cancelled removes no more than it had begun with", where="bare host")
@pytest.mark.parametrize("is_operation", [True, False], ids=["by its number", "as the service ends"])
async def test_a_clean_ends_after_what_was_as_good_as_removed(
    images: Images,
    fake: FakeHost,
    operations: Operations,
    permits: Permits,
    monkeypatch: pytest.MonkeyPatch,
    is_operation: bool,
) -> None:
    """The removal of an image goes on as if nothing were, once nothing can be left half removed any more."""
    fake.storage.images["two"] = WEB._replace(name="two")
    begun, is_gone = asyncio.Event(), asyncio.Event()

    async def remove(image: Image, progress: Progress) -> None:
        progress(0, 0)
        begun.set()
        await undisturbed(is_gone.wait())
        del fake.storage.images[image.name]

    monkeypatch.setattr(fake.storage, "remove", remove)
    going = asyncio.create_task(images.clean("all", permits))
    await begun.wait()
    (operation,) = operations.working()
    if is_operation:
        waiting = asyncio.create_task(operation.cancel())
        await asyncio.sleep(0)
    else:
        going.cancel()
    is_gone.set()
    if is_operation:
        with pytest.raises(OSError, match="The operation was cancelled"):
            await going
        await waiting
    else:
        with pytest.raises(asyncio.CancelledError):
            await going
    assert set(fake.storage.images) == {"two"}


async def test_a_clean_that_was_as_good_as_done_ends_well(
    images: Images, fake: FakeHost, operations: Operations, permits: Permits, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, is_gone = asyncio.Event(), asyncio.Event()

    async def remove(_image: Image, progress: Progress) -> None:
        progress(0, 0)
        begun.set()
        await undisturbed(is_gone.wait())

    monkeypatch.setattr(fake.storage, "remove", remove)
    going = asyncio.create_task(images.clean("all", permits))
    await begun.wait()
    waiting = asyncio.create_task(operations.working()[0].cancel())
    await asyncio.sleep(0)
    is_gone.set()
    assert await going == [("web", WEB.usage_exclusive)]
    await waiting


async def test_nobody_can_cancel_what_waits_for_a_permission(images: Images, operations: Operations) -> None:
    answer, is_asked = asyncio.Event(), asyncio.Event()

    async def slow(_action: str, _details: object) -> int:
        is_asked.set()
        await answer.wait()
        raise Refused(ErrorName.ACCESS_DENIED, "no")

    going = asyncio.create_task(images.clone(WEB, "new", False, slow))
    await is_asked.wait()
    with pytest.raises(Refused, match="no operation 1"):
        operations.find(1)
    answer.set()
    with pytest.raises(Refused):
        await going


async def test_it_gives_its_place_back_and_the_others_go_on(
    images: Images, fake: FakeHost, operations: Operations, permits: Permits
) -> None:
    ended: list[int] = []

    class Listener:
        def on_operation(self, operation: Operation) -> None:
            assert operation.uid == 1000

        def on_operation_ended(self, operation: Operation) -> None:
            ended.append(operation.id)

    operations.listen(Listener())
    going = [
        asyncio.create_task(images.clone(WEB, f"new-{number}", False, permits))
        for number in range(MAX_OPERATIONS)
    ]
    await until(lambda: len(operations.working()) == MAX_OPERATIONS)
    await operations.find(7).cancel()
    assert ended == [7]
    last = asyncio.create_task(images.clone(WEB, "last", False, permits))
    await until(lambda: len(operations.working()) == MAX_OPERATIONS)
    assert fake.storage.gate is not None
    fake.storage.gate.set()
    told = await asyncio.gather(*going, last, return_exceptions=True)
    assert [number for number, one in enumerate(told) if one is not None] == [6]
