"""The console's clients against a service on a real message bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.contract import MACHINE1, SYSTEMD1_MANAGER_INTERFACE, SYSTEMD1_PATH
from machined.wire import Call, Connection, Variant
from machinedeck.bus.host import BusHost
from machinedeck.bus.systemd1 import Systemd1
from machinedeck.core.follower import Follower
from machinedeck.core.status import Link
from machinedeck.core.store import Store
from machinedeck.model.event import Event, Lost, MachineAppeared, MachineGone
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import State
from machinedeck.model.wish import Wish
from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1, Reply
from tests.support.waiting import until


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[str]:
    with private_daemon(tmp_path) as address:
        yield address


@pytest.fixture
async def service(bus: str) -> AsyncIterator[tuple[Machine1, Connection]]:
    machine1 = Machine1(2)
    connection = await machine1.serve(bus)
    yield machine1, connection
    await connection.close()


async def test_machines_are_read_as_the_service_words_them(
    bus: str, service: tuple[Machine1, Connection]
) -> None:
    host = BusHost(bus, "atlas", "a bus")
    await host.open(lambda _event: None)
    listed = {machine.name: machine for machine in await host.machines()}
    assert set(listed) == {".host", "machine-00", "machine-01"}
    known = await host.properties(listed["machine-01"])
    assert (known.state, known.unit, known.leader) == (
        State.RUNNING,
        "systemd-nspawn@machine-01.service",
        4242,
    )
    assert known.identity.timestamp_monotonic == 1001
    system = await host.os("machine-01")
    assert system is not None
    assert system.name == "Debian GNU/Linux 12"
    assert await host.addresses("machine-01") == ("10.0.0.1",)
    images = await host.images()
    assert images[0].usage is None
    assert (await host.pool()).path == "/var/lib/machines"
    await host.close()


async def test_events_and_the_end_are_told(bus: str, service: tuple[Machine1, Connection]) -> None:
    machine1, connection = service
    told: list[Event] = []
    host = BusHost(bus, "atlas", "a bus")
    await host.open(told.append)
    machine1.appear(connection, "new")
    machine1.vanish(connection, "new")
    await until(lambda: any(isinstance(event, MachineGone) for event in told))
    # Named tuples of different types are equal when their values are
    assert [(type(event), *event) for event in told] == [(MachineAppeared, "new"), (MachineGone, "new")]
    await host.close()
    await asyncio.sleep(0)
    assert not any(isinstance(event, Lost) for event in told), "closing is not losing"


class SilentPid1(Machine1):
    """PID 1 keeps its name on the bus and answers nothing: it hangs, or is stopped by a debugger."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.asked: list[str] = []
        self.state = "running"

    def on_getall(self, call: Call) -> Reply:
        signature, (values,) = super().on_getall(call)
        return signature, [values | {"State": Variant("s", self.state)}]

    async def answer(self, call: Call) -> Reply | None:
        if call.path.startswith(SYSTEMD1_PATH):
            self.asked.append(str(call.member))
            await asyncio.Event().wait()
        return await super().answer(call)


@pytest.mark.promise("A PID 1 that hangs keeps no list waiting")
async def test_a_pid_1_that_never_answers(bus: str) -> None:
    machine1 = SilentPid1(2)
    connection = await machine1.serve(bus)
    store = Store()
    following = Follower(BusHost(bus, "atlas", "a bus"), store).start()
    try:
        await until(lambda: store.status.link is Link.UP and len(store.registered) == 2)
        await until(lambda: store.registered["machine-01"].state is State.RUNNING, what="its state")
        assert machine1.asked[0] == "Subscribe"
        machine1.appear(connection, "new")
        await until(lambda: "new" in store.registered and store.registered["new"].state is State.RUNNING)
        # It was asked: as soon as it goes on it tells of its jobs, and states are read anew
        machine1.state = "closing"
        connection.emit(
            SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "JobNew",
            "uos", 1, f"{SYSTEMD1_PATH}/job/1", "systemd-nspawn@machine-01.service",
        )  # fmt: skip
        await until(lambda: store.registered["machine-01"].state is State.CLOSING, what="its new state")
    finally:
        following.cancel()
        await asyncio.wait([following])
        await connection.close()


async def test_a_bus_that_goes_is_told(tmp_path: Path) -> None:
    told: list[Event] = []
    host = BusHost("", "atlas", "a bus")
    with private_daemon(tmp_path) as address:
        connection = await Machine1(1).serve(address)
        host = BusHost(address, "atlas", "a bus")
        await host.open(told.append)
    await until(lambda: told and isinstance(told[-1], Lost))
    with pytest.raises(Failure) as caught:
        await host.machines()
    assert caught.value.kind is Kind.NO_BUS
    await host.close()
    await connection.close()


async def test_no_job_is_waited_for_that_was_named_just_before_the_end() -> None:
    class Ending:
        """A connection whose end is told before whoever has asked gets the last answer."""

        async def call(self, *_: object, **__: object) -> list[str]:
            systemd1.on_lost(Failure(Kind.NO_BUS, "The message bus closed the connection."))
            return [f"{SYSTEMD1_PATH}/job/1"]

    systemd1 = Systemd1(Ending())  # type: ignore[arg-type]
    with pytest.raises(Failure, match="closed the connection"):
        async with asyncio.timeout(10):
            await systemd1.start("systemd-nspawn@web.service")


async def test_nobody_there(bus: str, tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        await BusHost(bus, "atlas", "a bus").open(lambda _event: None)
    assert caught.value.kind is Kind.NO_SERVICE
    assert MACHINE1 in caught.value.message
    with pytest.raises(Failure) as caught:
        await BusHost(f"unix:path={tmp_path}/none", "atlas", "a bus").open(lambda _event: None)
    assert caught.value.kind is Kind.NO_BUS


async def test_another_run_of_a_machine_is_not_terminated(
    bus: str, service: tuple[Machine1, Connection]
) -> None:
    host = BusHost(bus, "atlas", "a bus")
    await host.open(lambda _event: None)
    listed = {machine.name: machine for machine in await host.machines()}
    known = await host.properties(listed["machine-01"])
    service[0].names.insert(0, "another")
    with pytest.raises(Failure) as caught:
        await host.machine_acting.terminate(known.identity)
    assert caught.value.kind is Kind.NOT_THERE
    assert "Nothing was done" in caught.value.hint
    await host.close()


async def test_unknown_methods_are_a_refusal_with_its_name(
    bus: str, service: tuple[Machine1, Connection]
) -> None:
    host = BusHost(bus, "atlas", "a bus")
    await host.open(lambda _event: None)
    with pytest.raises(Failure) as caught:
        await host.open_terminal(Wish("machine-00"))
    assert caught.value.kind is Kind.REFUSED
    assert caught.value.name.endswith("UnknownMethod")
    await host.close()
