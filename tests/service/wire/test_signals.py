"""Subscriptions, match rules, and whose a signal is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from machined.wire import CallError, Connection, ConnectionLost, Signal, connect
from machined.wire.matches import Match
from tests.service.wire.drivers import INTERFACE, PATH, Ours
from tests.service.wire.fakebus import fake_bus

pytestmark = pytest.mark.usefixtures("no_task_left")
NAME = "org.example.Wire.Service"


async def settle(*connections: Connection) -> None:
    """Wait until what each sent has come to all: the bus keeps the order of messages."""
    for connection in connections:
        await connection.name_owner("org.freedesktop.DBus")
    for connection in connections:
        await connection.name_owner("org.freedesktop.DBus")


async def test_what_a_signal_is(pair: tuple[Any, Any]) -> None:
    service, client = pair
    heard: list[Signal] = []
    await client.subscribe(heard.append, interface=INTERFACE)
    service.emit(PATH, INTERFACE, "Changed", "su", "x", 1)
    await settle(service, client)
    assert heard == [Signal(service.unique_name, PATH, INTERFACE, "Changed", "su", ["x", 1])]


@pytest.mark.parametrize(
    ("match", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"path": "/a"}, [1]),
        ({"path_namespace": "/a"}, [1, 2]),
        ({"path_namespace": "/"}, [1, 2, 3, 4, 5]),
        ({"member": "Other"}, [4]),
        ({"interface": "org.example.Other"}, [5]),
        ({"arg0": "it's\\"}, [3]),
        ({"sender": ":1.999"}, []),
    ],
)
async def test_only_what_fits_is_heard(
    pair: tuple[Any, Any], match: dict[str, str], numbers: list[int]
) -> None:
    service, client = pair
    heard: list[int] = []
    await client.subscribe(lambda _signal: None)  # lets everything in
    await client.subscribe(lambda signal: heard.append(signal.body[-1]), **match)
    service.emit("/a", INTERFACE, "Changed", "su", "x", 1)
    service.emit("/a/b", INTERFACE, "Changed", "su", "x", 2)
    service.emit("/ab", INTERFACE, "Changed", "su", "it's\\", 3)
    service.emit("/ab", INTERFACE, "Other", "ou", "/x", 4)
    service.emit("/ab", "org.example.Other", "Changed", "u", 5)
    await settle(service, client)
    assert [number for number in heard if isinstance(number, int)] == numbers


async def test_identical_rules_are_given_to_the_bus_once(
    pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, client = pair
    sent: list[str] = []
    transmit = client._bus.transmit

    def spy(kind: Any, signature: str, body: Any, **fields: Any) -> None:
        if fields["member"].endswith("Match"):
            sent.append(fields["member"])
        transmit(kind, signature, body, **fields)

    monkeypatch.setattr(client._bus, "transmit", spy)
    heard: list[int] = []
    subscriptions = await asyncio.gather(
        *(
            client.subscribe(lambda signal: heard.append(signal.body[0]), interface=INTERFACE)
            for _ in range(3)
        )
    )
    assert sent == ["AddMatch"]
    await subscriptions[0].cancel()
    await subscriptions[0].cancel()
    service.emit(PATH, INTERFACE, "Changed", "u", 1)
    await settle(service, client)
    assert heard == [1, 1]
    await subscriptions[1].cancel()
    assert sent == ["AddMatch"]
    await subscriptions[2].cancel()
    assert sent == ["AddMatch", "RemoveMatch"]
    again = await client.subscribe(lambda signal: heard.append(signal.body[0]), interface=INTERFACE)
    service.emit(PATH, INTERFACE, "Changed", "u", 2)
    await settle(service, client)
    assert heard == [1, 1, 2]
    await again.cancel()
    service.emit(PATH, INTERFACE, "Changed", "u", 3)
    await settle(service, client)
    assert heard == [1, 1, 2]


async def test_a_well_known_sender_over_changes_of_its_owner(pair: tuple[Any, Any], address: str) -> None:
    service, client = pair
    spoofer = await connect(address)
    heard: list[int] = []
    await client.subscribe(lambda _signal: None, interface=INTERFACE)  # lets the others' signals in
    subscription = await client.subscribe(
        lambda signal: heard.append(signal.body[0]), sender=NAME, interface=INTERFACE
    )

    async def all_emit(number: int) -> None:
        service.emit(PATH, INTERFACE, "Changed", "u", number)
        spoofer.emit(PATH, INTERFACE, "Changed", "u", number + 1)
        spoofer.emit(PATH, INTERFACE, "Changed", "u", number + 2, destination=client.unique_name)
        await settle(service, spoofer, client)

    await all_emit(10)  # nobody owns it yet
    assert await service.request_name(NAME)
    await all_emit(20)
    await service.release_name(NAME)
    await all_emit(30)
    assert await spoofer.request_name(NAME)
    await all_emit(40)
    assert heard == [20, 41, 42]
    late: list[int] = []
    await client.subscribe(lambda signal: late.append(signal.body[0]), sender=NAME, member="Changed")
    await spoofer.close()
    assert await service.request_name(NAME)
    service.emit(PATH, INTERFACE, "Changed", "u", 50)
    await settle(service, client)
    assert heard[3:] == late == [50]
    await subscription.cancel()


async def test_no_signal_is_lost_right_after_subscribing_to_a_name(pair: tuple[Any, Any]) -> None:
    service, client = pair
    await service.request_name(NAME)
    for _ in range(20):
        heard: list[int] = []
        subscription = await client.subscribe(
            lambda signal, heard=heard: heard.append(signal.body[0]), sender=NAME
        )
        service.emit(PATH, INTERFACE, "Changed", "u", 1)
        await settle(service, client)
        assert heard == [1]
        await subscription.cancel()


async def test_forged_owner_changes_are_not_believed(pair: tuple[Any, Any]) -> None:
    service, client = pair
    told: list[str] = []
    await client.watch_name(NAME, told.append)
    bus = "org.freedesktop.DBus"
    service.emit(
        "/org/freedesktop/DBus",
        bus,
        "NameOwnerChanged",
        "sss",
        NAME,
        "",
        ":1.9",
        destination=client.unique_name,
    )
    await settle(service, client)
    assert told == []


async def test_watching_a_name(pair: tuple[Any, Any], address: str) -> None:
    service, client = pair
    told: list[str] = []
    watching = await client.watch_name(NAME, told.append)
    await client.watch_name(NAME, lambda _owner: 1 / 0)  # type: ignore[arg-type, return-value]
    third = await connect(address)
    gone: list[str] = []
    await client.watch_name(third.unique_name, gone.append)
    assert await client.name_owner(NAME) == ""
    assert await service.request_name(NAME)
    assert await service.request_name(NAME)
    assert not await third.request_name(NAME)
    assert not await third.request_name(NAME, replace=True)
    assert not await third.request_name(NAME, queue=True)
    assert await client.name_owner(NAME) == service.unique_name
    await service.release_name(NAME)
    await settle(service, client)
    assert told == [service.unique_name, third.unique_name]
    await third.close()
    await settle(service, client)
    assert told == [service.unique_name, third.unique_name, ""]
    assert gone == [""]
    await watching.cancel()
    await service.request_name(NAME)
    await settle(service, client)
    assert len(told) == 3


async def test_the_names_that_can_be_started(pair: tuple[Any, Any]) -> None:
    assert "org.freedesktop.DBus" in await pair[1].activatable_names()


async def test_a_callback_that_raises_hurts_nobody(
    pair: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    service, client = pair
    heard: list[int] = []
    await client.subscribe(lambda _signal: 1 / 0, interface=INTERFACE)
    await client.subscribe(lambda signal: heard.append(signal.body[0]), interface=INTERFACE)
    service.emit(PATH, INTERFACE, "Changed", "u", 1)
    service.emit(PATH, INTERFACE, "Changed", "u", 2)
    await settle(service, client)
    assert heard == [1, 2]
    assert "ZeroDivisionError" in caplog.text


async def test_a_callback_may_cancel_the_others(pair: tuple[Any, Any]) -> None:
    service, client = pair
    heard: list[str] = []
    subscriptions: list[Any] = []

    def first(_signal: Signal) -> None:
        heard.append("first")
        with pytest.raises(StopIteration):
            subscriptions[1].cancel().send(None)

    subscriptions.append(await client.subscribe(first, interface=INTERFACE))
    subscriptions.append(await client.subscribe(lambda _signal: heard.append("second"), interface=INTERFACE))
    service.emit(PATH, INTERFACE, "Changed")
    await settle(service, client)
    assert heard == ["first"]


async def test_a_refused_rule_leaves_nothing(pair: tuple[Any, Any]) -> None:
    _, client = pair
    with pytest.raises(CallError, match="MatchRuleInvalid"):
        await client.subscribe(lambda _signal: None, path="no path")
    assert not client._signals._listeners
    assert not client._signals._rules._held


async def test_a_cancelled_subscribe_leaves_nothing(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        signals = client.connection._signals
        tasks = [
            asyncio.create_task(client.connection.subscribe(lambda _signal: None, sender=NAME)),
            asyncio.create_task(client.connection.watch_name(NAME, lambda _owner: None)),
        ]
        await bus.receive()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not signals._listeners
        assert not signals._names._held
        assert not signals._rules._held
        assert b"RemoveMatch" in await bus.receive()


async def test_the_connection_ends_while_subscribing_and_before_cancelling(tmp_path: Path) -> None:
    async with fake_bus(tmp_path, Ours) as (bus, client):
        subscribing = asyncio.create_task(client.connection.subscribe(lambda _signal: None, sender=NAME))
        await bus.receive()
        bus.close()
        with pytest.raises(ConnectionLost):
            await subscribing
        with pytest.raises(ConnectionLost):
            await client.connection.subscribe(lambda _signal: None)


async def test_cancelling_without_a_connection(pair: tuple[Any, Any]) -> None:
    service, client = pair
    subscription = await client.subscribe(lambda _signal: None, sender=NAME)
    await client.close()
    await subscription.cancel()
    assert service.is_open


def test_the_text_of_a_rule() -> None:
    assert Match(sender=NAME, path="/a", arg0="it's").rule() == (
        f"type='signal',sender='{NAME}',path='/a',arg0='it'\\''s'"
    )
