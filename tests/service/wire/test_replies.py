"""Errors, timeouts and concurrency of calls, at both ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from dbus_next import DBusError, Message

from machined.wire import Call, CallError, CallTimeout, InvalidMessage, Variant
from tests.service.wire.drivers import INTERFACE, PATH, Driver, Ours

pytestmark = pytest.mark.usefixtures("no_task_left")
NO_MACHINE = "org.freedesktop.machine1.NoSuchMachine"


async def _error_of(client: Driver, destination: str, member: str) -> tuple[str, str]:
    """The name and text of the error that a call brings."""
    if isinstance(client, Ours):
        with pytest.raises(CallError) as caught:
            await client.call(destination, member)
        return caught.value.name, caught.value.message
    reply = await client.bus.call(Message(destination, PATH, INTERFACE, member))
    return reply.error_name, reply.body[0]


async def test_an_unexpected_exception_tells_no_secrets(
    peers: tuple[Driver, Driver], caplog: pytest.LogCaptureFixture
) -> None:
    service, client = peers
    service.on_call(lambda _member, _body: 1 / 0)  # type: ignore[arg-type, return-value]
    name, text = await _error_of(client, service.unique_name, "Break")
    assert name == "org.freedesktop.DBus.Error.Failed"
    assert "Traceback" not in text
    assert "/" not in text
    assert "ZeroDivisionError" in caplog.text


async def test_an_error_raised_as_a_reply_is_sent_and_not_logged(
    pair: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    service, client = pair

    async def refuse(_call: Call) -> None:
        raise CallError(NO_MACHINE, "No machine 'x\0\udc80' known")

    service.serve(refuse)
    with caplog.at_level(logging.DEBUG), pytest.raises(CallError) as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Get")
    assert caught.value.name == NO_MACHINE
    assert caught.value.message == "No machine 'x\\0\\udc80' known"
    assert not [record for record in caplog.records if record.name.startswith("machined")]


@pytest.mark.filterwarnings("ignore:.*no_type_check_decorator:DeprecationWarning")  # plain, since 3.13
async def test_an_error_that_is_a_reply_is_not_logged(
    address: str, library: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service, client = await library.connect(address), await library.connect(address)
    try:
        if library is Ours:

            async def refuse(_call: Call) -> None:
                raise CallError(NO_MACHINE, "none")

            service.connection.serve(refuse)
        else:
            from dbus_next.service import ServiceInterface, method

            class Service(ServiceInterface):
                @method()
                def Get(self):  # noqa: N802
                    raise DBusError(NO_MACHINE, "none")

            service.bus.export(PATH, Service(INTERFACE))
        assert await _error_of(client, service.unique_name, "Get") == (NO_MACHINE, "none")
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    finally:
        await client.close()
        await service.close()


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (("s", ["a\0b"]), "does not fit"),
        (("s", []), "does not fit"),
        (("(", []), "does not fit"),
        (("zz", [1]), "does not fit"),
    ],
)
async def test_a_reply_that_cannot_be_sent_becomes_an_error(
    pair: tuple[Any, Any], caplog: pytest.LogCaptureFixture, result: Any, word: str
) -> None:
    service, client = pair

    async def answer(_call: Call) -> Any:
        return result

    service.serve(answer)
    with pytest.raises(CallError, match=word):
        await client.call(service.unique_name, PATH, INTERFACE, "Get")
    assert "cannot be sent" in caplog.text
    assert service.is_open


async def test_an_error_name_that_is_none_becomes_failed(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def refuse(_call: Call) -> None:
        raise CallError("no name", "the text")

    service.serve(refuse)
    with pytest.raises(CallError, match="the text") as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Get")
    assert caught.value.name == "org.freedesktop.DBus.Error.Failed"


async def test_a_timeout_forgets_the_call(pair: tuple[Any, Any]) -> None:
    service, client = pair
    release = asyncio.Event()

    async def slow(_call: Call) -> None:
        await release.wait()

    service.serve(slow)
    with pytest.raises(CallTimeout, match=r"Get of :1\.\d+: no reply within 0\.05 seconds"):
        await client.call(service.unique_name, PATH, INTERFACE, "Get", timeout=0.05)
    assert len(client._calls) == 0
    release.set()
    assert await client.name_owner(service.unique_name)


async def test_a_call_that_nobody_waits_for_is_forgotten(address: str, library: Any) -> None:
    service, client = await library.connect(address), await library.connect(address)
    try:
        if library is Ours:
            service.connection.serve(lambda _call: asyncio.sleep(9))
        else:
            service.bus.add_message_handler(lambda _message: True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.call(service.unique_name, "Wait")
        pending = client.connection._calls if library is Ours else client.bus._method_return_handlers
        assert len(pending) == 0
    finally:
        await client.close()
        await service.close()


async def test_calls_are_served_at_the_same_time(pair: tuple[Any, Any]) -> None:
    service, client = pair
    arrived: list[int] = []
    all_there = asyncio.Event()

    async def wait(call: Call) -> tuple[str, Sequence[Any]]:
        arrived.append(call.body[0])
        if len(arrived) == 20:
            all_there.set()
        await all_there.wait()
        return "u", call.body

    service.serve(wait)
    async with asyncio.timeout(5):
        calls = (client.call(service.unique_name, PATH, INTERFACE, "Wait", "u", n) for n in range(20))
        assert await asyncio.gather(*calls) == [[n] for n in range(20)]


async def test_without_a_handler_methods_are_unknown_and_ping_is_answered(pair: tuple[Any, Any]) -> None:
    service, client = pair
    with pytest.raises(CallError) as caught:
        await client.call(service.unique_name, PATH, INTERFACE, "Get")
    assert caught.value.name == "org.freedesktop.DBus.Error.UnknownMethod"
    assert await client.call(service.unique_name, "/", "org.freedesktop.DBus.Peer", "Ping") == []


async def test_what_a_handler_learns(pair: tuple[Any, Any]) -> None:
    service, client = pair
    seen: list[Call] = []

    async def note(call: Call) -> None:
        seen.append(call)

    service.serve(note)
    assert (
        await client.call(
            service.unique_name, PATH, INTERFACE, "Set", "sv", "x", Variant("i", 1), interactive=True
        )
        == []
    )
    (call,) = seen
    assert (call.sender, call.path, call.interface, call.member) == (
        client.unique_name,
        PATH,
        INTERFACE,
        "Set",
    )
    assert (call.signature, call.body) == ("sv", ["x", Variant("i", 1)])
    assert call.is_interactive
    assert call.expects_reply


async def test_a_handler_that_is_cancelled_within_answers_all_the_same(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def cancelled(_call: Call) -> None:
        raise asyncio.CancelledError

    service.serve(cancelled)
    with pytest.raises(CallError, match="cancelled"):
        await client.call(service.unique_name, PATH, INTERFACE, "Get", timeout=3)


async def test_handlers_end_with_the_connection(pair: tuple[Any, Any]) -> None:
    service, client = pair
    ended: list[str] = []

    async def wait(_call: Call) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("yes")

    service.serve(wait)
    call = asyncio.create_task(client.call(service.unique_name, PATH, INTERFACE, "Wait"))
    await client.drain()
    await asyncio.sleep(0.05)
    await service.close()
    assert ended == ["yes"]
    with pytest.raises(CallError, match="NoReply"):
        await call


async def test_properties(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def properties(call: Call) -> tuple[str, Sequence[Any]]:
        if call.member == "Get":
            return "v", [Variant("as", call.body)]
        return "a{sv}", [{"Name": Variant("s", call.body[0]), "Nested": Variant("v", Variant("i", 1))}]

    service.serve(properties)
    assert await client.get_property(service.unique_name, PATH, INTERFACE, "Name") == [INTERFACE, "Name"]
    assert await client.get_all(service.unique_name, PATH) == {"Name": "", "Nested": Variant("i", 1)}


async def test_properties_that_are_none(pair: tuple[Any, Any]) -> None:
    service, client = pair

    async def nonsense(call: Call) -> tuple[str, Sequence[Any]]:
        return ("s", ["x"]) if call.member == "Get" else ("a{ss}", [{"Name": "x"}])

    service.serve(nonsense)
    with pytest.raises(InvalidMessage, match="no variant"):
        await client.get_property(service.unique_name, PATH, INTERFACE, "Name")
    with pytest.raises(InvalidMessage, match="no dict of variants"):
        await client.get_all(service.unique_name, PATH)


@pytest.mark.parametrize("result", [7, ("s",), ("s", None), (["s"], ["x"])])
async def test_a_handler_that_returns_nonsense_fails(pair: tuple[Any, Any], result: Any) -> None:
    service, client = pair

    async def nonsense(_call: Call) -> Any:
        return result

    service.serve(nonsense)
    with pytest.raises(CallError, match=r"Error\.Failed"):
        await client.call(service.unique_name, PATH, INTERFACE, "Get", timeout=3)
