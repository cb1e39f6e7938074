"""Monitors: they see all that they ask for, and are clients no more."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

from machined.bus.local import LocalBus
from machined.wire import Connection
from tests.service.local_bus.conftest import ECHO, ECHO_PATH
from tests.service.local_bus.raw import BUS, BUS_PATH, ERROR, RETURN, SIGNAL, Heard, RawClient

Join = Callable[..., Awaitable[RawClient]]
MONITORING = {"interface": f"{BUS}.Monitoring", "path": BUS_PATH}


async def become_monitor(client: RawClient, *rules: str) -> Heard:
    return await client.call("BecomeMonitor", "asu", list(rules), 0, **MONITORING)


def is_reply_of(client: RawClient) -> Callable[[Heard], bool]:
    return lambda message: message.kind == RETURN and message.sender == client.name


async def seen(monitor: RawClient, other: RawClient) -> list[Heard]:
    """What a monitor saw up to now."""
    serial = await other.start("GetId")
    await other.reply_to(serial)
    heard = []
    while True:
        message = await monitor.next()
        if message.kind == RETURN and message.reply_serial == serial and message.destination == other.name:
            return heard
        heard.append(message)


def words(messages: list[Heard]) -> list[tuple[Any, ...]]:
    return [(one.kind, one.member or one.error, one.sender) for one in messages]


async def test_as_with_dbus_daemon(bus: LocalBus, daemon: str, join: Join) -> None:
    stories = []
    for address in (bus.address, daemon):
        watcher, monitor, one, two = [await join(address) for _ in range(4)]
        numbers = {client.name: str(at) for at, client in enumerate((watcher, monitor, one, two))}
        await watcher.call("AddMatch", "s", f"sender='{BUS}',member='NameOwnerChanged'")
        await monitor.call("RequestName", "su", "org.example.Monitor", 0)
        await monitor.sync()
        reply = await become_monitor(monitor)
        assert (reply.kind, reply.signature) == (RETURN, "")
        await one.call("RequestName", "su", "org.example.One", 0)
        await one.call("RequestName", "su", "", 0)
        await two.start("Do", "s", "x", destination="org.example.One")
        call = await one.until(lambda message: message.member == "Do")
        await one.reply(call, "s", "y")
        await two.until(is_reply_of(one))
        await two.call("Do", destination="org.example.Nobody")
        await one.emit("Tick", "s", "z")
        await one.emit("Tock", destination=two.name)
        await one.call("GetId")
        late = await join(address)
        numbers[late.name] = "4"
        late.close()
        await watcher.until(lambda message, late=late: message.body == [late.name, late.name, ""])
        heard = await seen(monitor, one)
        of_watcher = [message for message in await watcher.sync() if message.member == "NameOwnerChanged"]
        stories.append(
            [
                (message.kind, message.member, message.error, *[numbers.get(name, name) for name in parts])
                for message in heard + of_watcher
                for parts in ([message.sender, message.destination, *map(str, message.body[:1])],)
                if message.member != "GetId"
                and message.kind != ERROR
                and not (message.kind == RETURN and message.signature == "s" and len(message.body[0]) == 32)
            ]
        )
    assert len(stories[0]) > 15
    assert stories[0] == stories[1]


async def test_errors_of_the_bus_are_seen_too(bus: LocalBus, join: Join) -> None:
    monitor, client = await join(bus.address), await join(bus.address)
    await become_monitor(monitor)
    await client.call("Do", destination="org.example.Nobody")
    heard = words(await seen(monitor, client))
    assert (ERROR, f"{BUS}.Error.ServiceUnknown", BUS) in heard
    assert (SIGNAL, "NameLost", BUS) in heard


async def test_rules_choose_what_is_seen(bus: LocalBus, join: Join, echo: Connection) -> None:
    monitor, client = await join(bus.address), await join(bus.address)
    await become_monitor(
        monitor, f"type='method_call',destination='{ECHO}'", f"type='signal',sender='{ECHO}'"
    )
    options = {"destination": ECHO, "interface": ECHO, "path": ECHO_PATH}
    await client.call("Echo", "s", "hello", **options)
    await client.call("Shout", "s", "loud", **options)
    await client.call("ListNames")
    heard: list[str] = []
    while "Shouted" not in heard:
        heard.append((await monitor.next()).member)
    assert heard == ["NameLost", "Echo", "Shout", "Shouted"]


async def test_a_monitor_has_no_names_and_no_rules(bus: LocalBus, join: Join) -> None:
    monitor, client = await join(bus.address), await join(bus.address)
    await monitor.call("RequestName", "su", "org.example.Monitor", 0)
    await monitor.call("AddMatch", "s", "member='Tick'")
    await become_monitor(monitor, "member='Nothing'")
    lost = await monitor.until(lambda one: one.body == [monitor.name] and one.member != "NameAcquired")
    assert lost.member == "NameLost"
    names = (await client.call("ListNames")).body[0]
    assert monitor.name not in names
    assert "org.example.Monitor" not in names
    assert (await client.call("Do", destination=monitor.name)).error == f"{BUS}.Error.ServiceUnknown"
    await client.emit("Tick")
    await client.emit("Nothing")
    await client.sync()
    assert (await monitor.until(lambda one: one.member in {"Tick", "Nothing"})).member == "Nothing"


async def test_a_monitor_that_speaks_is_cut_off(bus: LocalBus, join: Join) -> None:
    monitor = await join(bus.address)
    await become_monitor(monitor)
    await monitor.start("GetId")
    assert await monitor.is_cut_off()


async def test_bad_rules_and_flags_make_no_monitor(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    assert (await become_monitor(client, "nonsense")).error == f"{BUS}.Error.MatchRuleInvalid"
    flagged = await client.call("BecomeMonitor", "asu", [], 1, **MONITORING)
    assert flagged.error == f"{BUS}.Error.InvalidArgs"
    assert client.name in (await client.call("ListNames")).body[0]


async def test_a_monitor_gets_descriptors_of_its_own(bus: LocalBus, join: Join, echo: Connection) -> None:
    monitor, plain, client = (
        await join(bus.address),
        await join(bus.address, fds=False),
        await join(bus.address),
    )
    await become_monitor(monitor, "type='method_return'")
    await become_monitor(plain, "type='method_return'")
    reply = await client.call("Pipe", destination=ECHO, interface=ECHO, path=ECHO_PATH)
    copy = await monitor.until(lambda message: message.signature == "h")
    assert os.read(reply.body[0], 20) == b"from the pipe"
    for fd in (reply.body[0], copy.body[0]):
        os.close(fd)
    await client.call("GetId")
    mark = await plain.until(lambda message: message.signature == "s")
    assert mark.sender == BUS
    assert all(message.signature != "h" for message in plain.heard)
