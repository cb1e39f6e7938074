"""The clients that people use, against the local bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from dbus_next import Message
from dbus_next.aio import MessageBus

from machined.bus.local import LocalBus
from machined.wire import Connection, connect
from tests.service.local_bus.conftest import ECHO, ECHO_PATH, needs, run

pytestmark = pytest.mark.usefixtures("echo")


async def busctl(bus: LocalBus, *words: str) -> str:
    code, output = await run("busctl", f"--address={bus.address}", *words)
    assert code == 0, output
    return output


async def gdbus(bus: LocalBus, verb: str, *words: str) -> str:
    code, output = await run("gdbus", verb, "--address", bus.address, *words)
    assert code == 0, output
    return output


@asynccontextmanager
async def watching(*command: str) -> AsyncIterator[asyncio.StreamReader]:
    """A program behind stdbuf(1), which prints until it is ended."""
    needs(command[2])
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def printed(stream: asyncio.StreamReader, word: str) -> str:
    """All that was printed up to the line with `word`."""
    lines = ""
    async with asyncio.timeout(10):
        while word not in lines:
            line = await stream.readline()
            assert line, f"it ended before {word!r}: {lines}"
            lines += line.decode()
    return lines


async def test_busctl_lists_the_names(bus: LocalBus, echo: Connection) -> None:
    lines = (await busctl(bus, "list", "--no-legend")).splitlines()
    rows = {line.split()[0]: line.split() for line in lines}
    assert rows[ECHO][4] == echo.unique_name
    assert rows[ECHO][2].startswith("py")
    assert rows[ECHO][3] == "root" or not rows[ECHO][3].isdigit()
    assert "org.freedesktop.DBus" in rows


async def test_busctl_shows_the_objects(bus: LocalBus) -> None:
    assert ECHO_PATH in await busctl(bus, "tree", ECHO)
    assert "/org/freedesktop/DBus" in await busctl(bus, "tree", "org.freedesktop.DBus")


async def test_busctl_introspects_service_and_bus(bus: LocalBus) -> None:
    assert ".Shouted" in await busctl(bus, "introspect", ECHO, ECHO_PATH)
    of_bus = await busctl(bus, "introspect", "org.freedesktop.DBus", "/org/freedesktop/DBus")
    for word in (".RequestName", ".NameOwnerChanged", ".BecomeMonitor", ".GetMachineId", ".Features"):
        assert word in of_bus


async def test_busctl_calls_and_reads(bus: LocalBus) -> None:
    echoed = await busctl(bus, "call", ECHO, ECHO_PATH, ECHO, "Echo", "si", "two words", "7")
    assert echoed == 'si "two words" 7\n'
    assert await busctl(bus, "get-property", ECHO, ECHO_PATH, ECHO, "Colour") == 's "green"\n'
    features = await busctl(
        bus,
        "get-property",
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "Features",
    )
    assert "HeaderFiltering" in features


async def test_busctl_gets_a_descriptor(bus: LocalBus) -> None:
    assert (await busctl(bus, "call", ECHO, ECHO_PATH, ECHO, "Pipe")).startswith("h ")


async def test_busctl_shows_who_a_peer_is(bus: LocalBus, echo: Connection) -> None:
    status = await busctl(bus, "status", ECHO)
    assert f"UniqueName={echo.unique_name}" in status
    assert "PID=" in status


async def test_busctl_says_what_went_wrong(bus: LocalBus) -> None:
    code, output = await run(
        "busctl", f"--address={bus.address}", "call", "org.example.Nobody", "/", "a.b", "C"
    )
    assert code == 1
    assert "org.example.Nobody" in output


async def test_busctl_monitors(bus: LocalBus) -> None:
    async with watching("stdbuf", "-oL", "busctl", f"--address={bus.address}", "monitor") as output:
        await printed(output, "Monitoring bus message stream")
        await busctl(bus, "call", ECHO, ECHO_PATH, ECHO, "Echo", "s", "overheard")
        seen = await printed(output, "overheard")
        assert "Member=Echo" in seen
        seen += await printed(output, "NameOwnerChanged")
        assert "Member=NameOwnerChanged" in seen


async def test_busctl_monitors_one_service(bus: LocalBus) -> None:
    async with watching("stdbuf", "-oL", "busctl", f"--address={bus.address}", "monitor", ECHO) as output:
        await printed(output, "Monitoring bus message stream")
        await gdbus(bus, "call", "-d", "org.freedesktop.DBus", "-o", "/", "-m", "org.freedesktop.DBus.GetId")
        await busctl(bus, "call", ECHO, ECHO_PATH, ECHO, "Echo", "s", "overheard")
        assert "GetId" not in await printed(output, "overheard")


async def test_gdbus_calls_and_introspects(bus: LocalBus) -> None:
    called = await gdbus(bus, "call", "-d", ECHO, "-o", ECHO_PATH, "-m", f"{ECHO}.Echo", "hello")
    assert called == "('hello',)\n"
    assert "Shouted" in await gdbus(bus, "introspect", "-d", ECHO, "-o", ECHO_PATH)
    ping = await gdbus(bus, "call", "-d", ECHO, "-o", "/", "-m", "org.freedesktop.DBus.Peer.Ping")
    assert ping == "()\n"


async def test_gdbus_monitors_signals_and_owners(bus: LocalBus, echo: Connection) -> None:
    async with watching("stdbuf", "-oL", "gdbus", "monitor", "--address", bus.address, "-d", ECHO) as output:
        await printed(output, "is owned by")
        shouting = asyncio.create_task(_shout(echo))
        assert f"{ECHO_PATH}: {ECHO}.Shouted" in await printed(output, "heard by gdbus")
        shouting.cancel()
        await echo.release_name(ECHO)
        await printed(output, "does not have an owner")


async def _shout(echo: Connection) -> None:
    """Emit until cancelled: gdbus says who owns the name before it lets signals of the owner in."""
    while True:
        echo.emit(ECHO_PATH, ECHO, "Shouted", "s", "heard by gdbus")
        await asyncio.sleep(0.1)


async def test_gdbus_waits_for_a_name(bus: LocalBus, echo: Connection) -> None:
    needs("gdbus")
    words = ("wait", "--address", bus.address, "--timeout", "10", "org.example.Late")
    waiting = asyncio.create_task(run("gdbus", *words))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await echo.request_name("org.example.Late")
    assert (await waiting)[0] == 0


async def test_dbus_send_calls(bus: LocalBus) -> None:
    words = ("--print-reply", f"--dest={ECHO}", ECHO_PATH, f"{ECHO}.Echo", "string:from dbus-send")
    code, output = await run("dbus-send", f"--bus={bus.address}", *words)
    assert code == 0, output
    assert 'string "from dbus-send"' in output


async def test_dbus_send_sees_errors(bus: LocalBus) -> None:
    words = ("--print-reply", "--dest=org.example.Nobody", "/", "a.b.C")
    code, output = await run("dbus-send", f"--bus={bus.address}", *words)
    assert code == 1
    assert "ServiceUnknown" in output


async def test_dbus_monitor_sees_all(bus: LocalBus) -> None:
    async with watching("stdbuf", "-oL", "dbus-monitor", "--address", bus.address) as output:
        await printed(output, "member=NameLost")
        await gdbus(bus, "call", "-d", ECHO, "-o", ECHO_PATH, "-m", f"{ECHO}.Echo", "hello")
        seen = await printed(output, "member=Echo")
        seen += await printed(output, 'string "hello"')
        assert "member=Hello" in seen


async def test_dbus_next_serves_and_calls(bus: LocalBus) -> None:
    service = await MessageBus(bus_address=bus.address, negotiate_unix_fd=True).connect()
    client = await MessageBus(bus_address=bus.address).connect()
    try:
        service.add_message_handler(
            lambda message: (
                Message.new_method_return(message, "s", ["from dbus-next"])
                if message.member == "Who"
                else None
            )
        )
        await service.request_name("org.example.Next")
        call = Message("org.example.Next", "/x", "org.example.Next", "Who")
        reply = await client.call(call)
        assert reply is not None
        assert reply.body == ["from dbus-next"]
        assert reply.sender == service.unique_name
    finally:
        for one in (service, client):
            one.disconnect()
            await one.wait_for_disconnect()
            one._sock.close()


async def test_our_wire_calls_and_subscribes(bus: LocalBus, echo: Connection) -> None:
    client = await connect(bus.address)
    try:
        heard: asyncio.Queue[list[object]] = asyncio.Queue()
        await client.subscribe(lambda signal: heard.put_nowait(signal.body), sender=ECHO, member="Shouted")
        assert await client.call(ECHO, ECHO_PATH, ECHO, "Shout", "s", "hello") == []
        async with asyncio.timeout(5):
            assert await heard.get() == ["hello"]
        assert await client.name_owner(ECHO) == echo.unique_name
    finally:
        await client.close()
