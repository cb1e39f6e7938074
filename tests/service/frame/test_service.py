"""The service as a whole: its name, its beginning and its end, its log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from machined.bus.objects import ObjectTree
from machined.bus.table import Interface, Property
from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH, machine_path
from machined.host.linux.log_targets import TARGETS
from machined.host.states import MachineRecord
from machined.service import NameInUse, Service
from machined.wire import CallError, Connection, Signal, Variant, connect
from tests.service.frame.fakehost import FakeHost
from tests.service.frame.questions import LOG, PROPERTIES


async def test_a_name_in_use_is_neither_taken_nor_waited_for(address: str, service: Service) -> None:
    second = await connect(address)
    try:
        owner = await second.name_owner(MACHINE1)
        with pytest.raises(NameInUse, match=f"{MACHINE1} is in use"):
            await Service(second, FakeHost().host()).start()
        assert await second.name_owner(MACHINE1) == owner
        await service.stop()
        assert await second.name_owner(MACHINE1) == ""
    finally:
        await second.close()


async def test_machines_of_an_earlier_life_are_told_of_before_calls_are_answered(address: str) -> None:
    fake = FakeHost()
    host = fake.host()
    may_load = asyncio.Event()
    load = host.states.load

    async def slowly() -> list[MachineRecord]:
        await may_load.wait()
        return await load()

    host.states.load = slowly  # type: ignore[method-assign]
    connection, client = await connect(address), await connect(address)
    heard: list[Any] = []

    def on_signal(signal: Signal) -> None:
        heard.append((signal.member, *signal.body))

    try:
        subscription = await client.subscribe(on_signal, sender=MACHINE1, path=MANAGER_PATH)
        named = asyncio.Event()
        watch = await client.watch_name(MACHINE1, lambda _owner: named.set())
        service = Service(connection, host)
        starting = asyncio.create_task(service.start())
        await asyncio.wait_for(named.wait(), 5)
        call = asyncio.create_task(client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "ListMachines"))
        await client.name_owner(MACHINE1)
        assert not call.done()
        may_load.set()
        await starting
        (machines,) = await call
        assert heard == [("MachineNew", name, machine_path(name)) for name in ("box", "plain")]
        assert [machine[0] for machine in machines] == [".host", "box", "plain"]
        await subscription.cancel()
        await watch.cancel()
        await service.stop()
    finally:
        await client.close()
        await connection.close()


async def test_what_happens_after_the_bus_has_gone_is_no_error(address: str, fake: FakeHost) -> None:
    connection = await connect(address)
    service = Service(connection, fake.host())
    await service.start()
    await connection.close()
    service.on_machine_removed(service.registry.get("box"))
    await service.stop()


async def test_the_list_is_made_anew_when_machines_come_and_go(address: str, fake: FakeHost) -> None:
    fake.processes.units[99] = "new.service"
    connection, client = await connect(address), await connect(address)
    service = Service(connection, fake.host())
    await service.start()

    async def names() -> list[str]:
        (machines,) = await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "ListMachines")
        return [machine[0] for machine in machines]

    try:
        assert await names() == await names() == [".host", "box", "plain"]
        words = ("new", b"", "test", "container", 99, "/r")
        await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "RegisterMachine", "sayssus", *words)
        assert await names() == [".host", "box", "plain", "new"]
        await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "UnregisterMachine", "s", "box")
        assert await names() == [".host", "plain", "new"]
    finally:
        await client.close()
        await service.stop()
        await connection.close()


async def test_others_add_objects(address: str, fake: FakeHost) -> None:
    def export(tree: ObjectTree) -> None:
        tree.add("/more", 5, Interface("a.More", [Property("Value", "u", lambda value: value)]))

    connection = await connect(address)
    service = Service(connection, fake.host(), [export])
    await service.start()
    client = await connect(address)
    try:
        (value,) = await client.call(MACHINE1, "/more", PROPERTIES, "Get", "ss", "a.More", "Value")
        assert value.value == 5
    finally:
        await client.close()
        await service.stop()
        await connection.close()


@pytest.fixture
def _same_logging() -> Iterator[None]:
    """Undo what a test does to the logging of this process."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    logging.disable(logging.NOTSET)


async def set_log(client: Connection, name: str, value: str) -> None:
    await client.call(MACHINE1, LOG[0], PROPERTIES, "Set", "ssv", LOG[1], name, Variant("s", value))


async def get_log(client: Connection) -> dict[str, str]:
    (found,) = await client.call(MACHINE1, LOG[0], PROPERTIES, "GetAll", "s", LOG[1])
    return {name: variant.value for name, variant in found.items()}


@pytest.mark.usefixtures("_same_logging")
@pytest.mark.parametrize(
    ("level", "shown", "logged"),
    [
        ("debug", "debug", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR]),
        ("info", "info", [logging.INFO, logging.WARNING, logging.ERROR]),
        ("notice", "notice", [logging.WARNING, logging.ERROR]),
        ("4", "warning", [logging.WARNING, logging.ERROR]),
        ("err", "err", [logging.ERROR]),
        ("emerg", "emerg", []),
    ],
)
async def test_the_level_of_the_log_changes(
    client: Connection, level: str, shown: str, logged: list[int]
) -> None:
    await set_log(client, "LogLevel", level)
    assert (await get_log(client))["LogLevel"] == shown
    ours = logging.getLogger("machined.service")
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
    assert [one for one in levels if ours.isEnabledFor(one)] == logged


@pytest.mark.usefixtures("_same_logging")
async def test_the_log_can_be_turned_off_and_on(client: Connection) -> None:
    ours = logging.getLogger("machined.service")
    await set_log(client, "LogTarget", "null")
    assert (await get_log(client))["LogTarget"] == "null"
    assert not ours.isEnabledFor(logging.CRITICAL)
    await set_log(client, "LogTarget", "console")
    assert ours.isEnabledFor(logging.CRITICAL)


@pytest.mark.usefixtures("_same_logging")
@pytest.mark.parametrize("target", TARGETS)
async def test_every_target_is_taken_and_told(client: Connection, target: str) -> None:
    await set_log(client, "LogTarget", target)
    assert (await get_log(client))["LogTarget"] == target
    with pytest.raises(CallError, match="InvalidArgs"):
        await set_log(client, "LogTarget", "printer")
    assert (await get_log(client))["LogTarget"] == target
