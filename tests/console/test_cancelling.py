"""Long work that the console cancels, at the demo's service and at one that has no such thing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machinedeck.bus.host import BusHost
from machinedeck.model.event import Event, OperationEnded, OperationMoved
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import ImageIdentity
from machinedeck.model.operation import Operation
from tests.support.daemon import private_daemon
from tests.support.demo_service import demo_service
from tests.support.machine1 import Machine1
from tests.support.waiting import until

COPY = Operation(1, "clone", "copy", 1, 4)


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[tuple[BusHost, list[Event]]]:
    """The demo's service, and what it told."""
    told: list[Event] = []
    with demo_service(tmp_path) as service:
        host = BusHost(service.address, "atlas", "a bus")
        await host.open(told.append)
        yield host, told
        await host.close()


async def identity(host: BusHost, name: str) -> ImageIdentity:
    (found,) = [one.identity for one in await host.images() if one.name == name]
    return found


async def refusal(host: BusHost, operation: Operation) -> Failure:
    with pytest.raises(Failure) as caught:
        await host.image_acting.cancel(operation)
    return caught.value


async def test_a_clone_is_cancelled(demo: tuple[BusHost, list[Event]]) -> None:
    host, told = demo
    source = await identity(host, "scratch")
    going = asyncio.create_task(host.image_acting.clone(source, "copy", is_read_only=False))
    await until(lambda: any(isinstance(event, OperationMoved) for event in told))
    (operation,) = {event.operation for event in told[:1] if isinstance(event, OperationMoved)}
    assert (operation.kind, operation.subject) == ("clone", "copy")
    await host.image_acting.cancel(operation)
    with pytest.raises(Failure) as caught:
        await going
    assert str(caught.value) == "Cannot clone scratch to copy: The operation was cancelled."
    assert caught.value.kind is Kind.REFUSED
    await until(lambda: any(isinstance(event, OperationEnded) for event in told))
    assert "copy" not in {one.name for one in await host.images()}
    failure = await refusal(host, operation)
    assert failure.kind is Kind.NOT_THERE
    assert str(failure) == f"Cannot cancel clone copy: There is no operation {operation.id}."


async def test_a_removal_is_cancelled(demo: tuple[BusHost, list[Event]]) -> None:
    host, told = demo
    source = await identity(host, "scratch")
    going = asyncio.create_task(host.image_acting.remove(source))
    await until(lambda: any(isinstance(event, OperationMoved) for event in told))
    (operation,) = {event.operation for event in told[:1] if isinstance(event, OperationMoved)}
    await host.image_acting.cancel(operation)
    with pytest.raises(Failure, match="was cancelled"):
        await going
    assert await identity(host, "scratch") == source


async def test_of_systemds_own_service_it_cannot_be_asked(tmp_path: Path) -> None:
    """It answers that it knows no such thing; of what the console measured itself it is not even asked."""
    with private_daemon(tmp_path) as address:
        connection = await Machine1(1).serve(address)
        host = BusHost(address, "atlas", "a bus")
        await host.open(lambda _event: None)
        for operation in (COPY, COPY._replace(id=-1, is_estimated=True)):
            failure = await refusal(host, operation)
            assert failure.kind is Kind.REFUSED
            assert failure.message == "systemd-machined cannot be told to stop."
        await host.close()
        await connection.close()


async def test_our_own_service_if_strict_is_like_systemds(tmp_path: Path) -> None:
    with demo_service(tmp_path, "--strict") as service:
        host = BusHost(service.address, "atlas", "a bus")
        await host.open(lambda _event: None)
        assert (await refusal(host, COPY)).message == "systemd-machined cannot be told to stop."
        await host.close()


async def test_who_only_looks_cancels_nothing(demo: tuple[BusHost, list[Event]]) -> None:
    host, _ = demo
    host.is_read_only = True
    assert "--read-only" in (await refusal(host, COPY)).message
