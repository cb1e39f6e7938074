"""Calls as large as the system bus lets them be: they are answered, and cost nobody else the service."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from machined.contract import (
    HOST_MACHINE,
    MACHINE1,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    PROPERTIES_INTERFACE,
    ErrorName,
)
from machined.host.improvements import ALL, NONE
from machined.service import Service
from machined.wire import CallError, Connection, KeptBody, connect
from machined.wire.body import encode_body
from tests.service.frame.fakehost import FakeHost
from tests.support.daemon import private_daemon

MIB = 1 << 20


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a bus that takes as much as the system bus does."""
    with private_daemon(tmp_path, limits={"max_message_size": 32 * MIB}) as address:
        yield address


@pytest.mark.parametrize(
    ("interface", "member", "signature", "arguments"),
    [
        pytest.param(PROPERTIES_INTERFACE, "GetAll", "s", ["\x01" * (42 * MIB // 5)], id="GetAll"),
        pytest.param(MANAGER_INTERFACE, "GetMachine", "s", ["n" * (32 * MIB - 1024)], id="GetMachine"),
        pytest.param(
            MANAGER_INTERFACE,
            "OpenMachineShell",
            "sssasas",
            [HOST_MACHINE, "root", "/" + "p" * (17 * MIB), [], []],
            id="OpenMachineShell",
        ),
        pytest.param(
            MANAGER_INTERFACE,
            "CopyToMachine",
            "sss",
            [HOST_MACHINE, "/" + "p" * (17 * MIB), ""],
            id="CopyToMachine",
        ),
    ],
)
async def test_a_huge_call_is_an_error(
    service: Service, client: Connection, interface: str, member: str, signature: str, arguments: list[Any]
) -> None:
    with pytest.raises(CallError):
        await client.call(MACHINE1, MANAGER_PATH, interface, member, signature, *arguments)
    (path,) = await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", HOST_MACHINE)
    assert path.endswith("_2ehost")


async def test_a_huge_name_without_an_interface(service: Service, client: Connection) -> None:
    name = "n" * (32 * MIB - 1024)
    call = client._calls.call(
        "s",
        [name],
        takes_fds=False,
        timeout=30,
        destination=MACHINE1,
        path=MANAGER_PATH,
        interface=None,
        member="GetMachine",
    )
    with pytest.raises(CallError):
        await call
    (path,) = await client.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", HOST_MACHINE)
    assert path.endswith("_2ehost")


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """Take note of how long the event loop, which is the service's too, is kept by one thing."""
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0)
            gaps.append(time.monotonic() - begun)

    task = asyncio.create_task(watch())
    try:
        yield gaps
    finally:
        task.cancel()


def marshalled(signature: str, body: bytes) -> KeptBody:
    """A body of bytes that are no longer than they are: to make them of values would keep the loop."""
    kept = KeptBody(())
    kept._marshalled = signature, bytearray(body)
    return kept


async def refused(client: Connection, interface: str, member: str, body: KeptBody) -> str:
    """The name of the error that a call of the manager with such a body brings."""
    assert body._marshalled is not None
    call = client._calls.call(
        body._marshalled[0],
        body,
        takes_fds=False,
        timeout=60,
        destination=MACHINE1,
        path=MANAGER_PATH,
        interface=interface,
        member=member,
    )
    with pytest.raises(CallError) as caught:
        await call
    return caught.value.name


VARIANTS = 7 * MIB
INVALID, EXCEEDED = str(ErrorName.INVALID_ARGS), str(ErrorName.LIMITS_EXCEEDED)


def variants(count: int) -> bytes:
    return struct.pack("<I", 4 * count) + b"\1y\0\7" * count


@pytest.mark.promise("A call of 32 MiB, to whatever, keeps nobody waiting", where="bare host")
async def test_what_nobody_wants_is_not_read(service: Service, client: Connection) -> None:
    async with watched() as gaps:
        body = marshalled("av", variants(VARIANTS))
        assert await refused(client, MANAGER_INTERFACE, "GetMachine", body) == INVALID
    assert max(gaps) < 1.5


@pytest.mark.parametrize("is_over", [False, True])
async def test_arguments_may_be_as_long_as_those_of_programs(
    service: Service, client: Connection, is_over: bool
) -> None:
    head = encode_body("sss", [HOST_MACHINE, "root", "relative"])[0]
    count = 2 * MIB // 8 + (0 if is_over else -64)
    words = struct.pack("<II", 0, 0) * count  # empty strings, with what they are padded with
    head += bytes(-len(head) % 4) + struct.pack("<I", len(words) - 3) + words[:-3]
    head += bytes(-len(head) % 4) + struct.pack("<I", 0)
    async with watched() as gaps:
        name = await refused(client, MANAGER_INTERFACE, "OpenMachineShell", marshalled("sssasas", head))
    assert name == (EXCEEDED if is_over else INVALID)  # it is no absolute path
    assert max(gaps) < 1.5


@pytest.mark.parametrize("is_strict", [False, True])
async def test_a_property_is_set_to_nothing_long(address: str, fake: FakeHost, is_strict: bool) -> None:
    connection, client = await connect(address), await connect(address)
    service = Service(connection, fake.host(), improvements=NONE if is_strict else ALL)
    await service.start()
    try:
        head = encode_body("ss", [MANAGER_INTERFACE, "PoolPath"])[0] + b"\2av\0"
        body = marshalled("ssv", bytes(head + bytes(-len(head) % 4) + variants(VARIANTS)))
        async with watched() as gaps:
            assert await refused(client, PROPERTIES_INTERFACE, "Set", body) == EXCEEDED
            body = marshalled("ssav", bytes(encode_body("ss", ["", ""])[0] + bytes(3) + variants(VARIANTS)))
            assert await refused(client, PROPERTIES_INTERFACE, "Get", body) == INVALID
        assert max(gaps) < 1.5
    finally:
        await service.stop()
        await connection.close()
        await client.close()
