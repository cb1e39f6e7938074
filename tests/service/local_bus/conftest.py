"""Fixtures of the tests of the local bus."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from machined.bus.local import Limits, LocalBus
from machined.wire import Call, CallError, Connection, Variant
from tests.service.local_bus.raw import RawClient
from tests.support.daemon import private_daemon

Join = Callable[..., Awaitable[RawClient]]
ECHO = "org.example.Echo"
ECHO_PATH = "/org/example/Echo"
INTROSPECTION = f"""<node>
 <interface name="{ECHO}">
  <method name="Echo"><arg type="s" direction="in"/><arg type="s" direction="out"/></method>
  <method name="Pipe"><arg type="h" direction="out"/></method>
  <method name="Size"><arg type="h" direction="in"/><arg type="t" direction="out"/></method>
  <property name="Colour" type="s" access="read"/>
  <signal name="Shouted"><arg type="s"/></signal>
 </interface>
</node>"""


@pytest.fixture
def limits() -> Limits:
    """The limits of `bus`; tests that need others override this."""
    return Limits()


@pytest.fixture
async def bus(tmp_path: Path, limits: Limits) -> AsyncIterator[LocalBus]:
    """A local bus."""
    bus = await LocalBus.listen(tmp_path / "bus", limits=limits)
    yield bus
    await bus.close()


@pytest.fixture
async def echo(bus: LocalBus) -> AsyncIterator[Connection]:
    """A small service, attached to `bus`."""
    connection = bus.attach()
    connection.serve(lambda call: answer(connection, call))
    assert await connection.request_name(ECHO)
    yield connection
    await connection.close()


Reply = tuple[str, Sequence[object]]


async def answer(connection: Connection, call: Call) -> Reply | None:
    """What the small service does."""
    if call.member == "Introspect":
        return "s", [DESCRIBED.get(call.path, "<node/>")]
    if call.member == "Never":
        await asyncio.Event().wait()
    if call.member == "Shout":
        connection.emit(ECHO_PATH, ECHO, "Shouted", call.signature, *call.body)
        return None
    if call.member not in ANSWERS:
        raise CallError("org.freedesktop.DBus.Error.UnknownMethod", f"no {call.member}")
    return ANSWERS[call.member](call)


def _pipe(_call: Call) -> Reply:
    reading, writing = os.pipe()
    os.write(writing, b"from the pipe")
    os.close(writing)
    return "h", [reading]


DESCRIBED = {ECHO_PATH: INTROSPECTION, "/": '<node><node name="org/example/Echo"/></node>'}
ANSWERS: dict[str, Callable[[Call], Reply]] = {
    "Echo": lambda call: (call.signature, call.body),
    "Get": lambda _: ("v", [Variant("s", "green")]),
    "GetAll": lambda _: ("a{sv}", [{"Colour": Variant("s", "green")}]),
    "Pipe": _pipe,
    "Size": lambda call: ("t", [os.fstat(call.body[0]).st_size]),
}


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Makes raw clients of any address; they are gone in the end."""
    async with AsyncExitStack() as stack:

        async def make(address: str, *, fds: bool = True) -> RawClient:
            client = await RawClient.join(address, fds=fds)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
async def stranger() -> AsyncIterator[Callable[[str], Awaitable[RawClient]]]:
    """Makes raw clients that have said nothing yet."""
    async with AsyncExitStack() as stack:

        async def make(address: str) -> RawClient:
            client = await RawClient.connect(address)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """The address of a real dbus-daemon, to compare with."""
    needs("dbus-daemon")
    folder = tmp_path / "daemon"
    folder.mkdir()
    with private_daemon(folder) as address:
        yield address


def needs(tool: str) -> None:
    """Skip the test if a tool is missing, or fail it where all must be there."""
    if shutil.which(tool) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{tool} is missing")
        pytest.skip(f"{tool} is missing")


async def run(*command: str, seconds: float = 15) -> tuple[int, str]:
    """Run a program to its end: exit code and all it printed."""
    needs(command[0])
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode or 0, output.decode()
