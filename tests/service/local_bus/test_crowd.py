"""Two hundred clients at once, most of them hostile: the good ones lose nothing, and memory stays bounded."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from machined.wire import Connection, Signal, connect
from tests.service.local_bus.conftest import ECHO, ECHO_PATH
from tests.service.local_bus.hostile import BORNE, BYTES, CUT_OFF, Way, attack, saying
from tests.service.local_bus.standalone import LIMITS, standalone
from tests.support.waiting import until

GOOD = 40
HOSTILE = 160
CALLS = 30
SIGNALS = 100
MARGIN = 160 << 20
"""Bytes that the bus may take beyond what the limits let wait: the objects around the messages."""


def memory(pid: int, key: str = "VmHWM") -> int:
    """Bytes of memory of a process, at its peak."""
    match = re.search(rf"{key}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert match is not None
    return int(match[1]) << 10


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def ways() -> Iterator[Way]:
    """Every way to be hostile, in turn."""
    return cycle([*CUT_OFF, *BORNE, *map(saying, BYTES.values())])


async def behave(client: Connection, heard: list[int]) -> int:
    """Call, and count the answers that are right."""
    right = 0
    for number in range(CALLS):
        text = f"{client.unique_name} {number}"
        right += await client.call(ECHO, ECHO_PATH, ECHO, "Echo", "s", text, timeout=None) == [text]
    await until(lambda: len(heard) >= SIGNALS, seconds=60, what="signals")
    return right


@pytest.mark.timeout(180)
async def test_the_good_lose_nothing_among_the_hostile(tmp_path: Path) -> None:
    async with standalone(tmp_path / "bus") as (address, pid):
        clients = [await connect(address, timeout=60) for _ in range(GOOD)]
        heard: list[list[int]] = [[] for _ in clients]
        for client, numbers in zip(clients, heard, strict=True):

            def hear(signal: Signal, numbers: list[int] = numbers) -> None:
                numbers.append(signal.body[0])

            await client.subscribe(hear, sender=ECHO, member="Shouted")
        before, fds = memory(pid), descriptors(pid)
        attackers = [asyncio.create_task(attack(address, ECHO, way)) for way in islice(ways(), HOSTILE)]
        try:
            tasks = [asyncio.create_task(behave(*pair)) for pair in zip(clients, heard, strict=True)]
            speaker = await connect(address, timeout=60)
            for number in range(SIGNALS):
                await speaker.call(ECHO, ECHO_PATH, ECHO, "Shout", "u", number, timeout=None)
            right = await asyncio.gather(*tasks)
        finally:
            for task in attackers:
                task.cancel()
            results = await asyncio.gather(*attackers, return_exceptions=True)
        assert [result for result in results if not isinstance(result, asyncio.CancelledError)] == []
        assert right == [CALLS] * GOOD
        assert heard == [list(range(SIGNALS))] * GOOD
        peak = memory(pid)
        print(f"memory before {before >> 20} MiB, at its peak {peak >> 20} MiB")
        assert peak - before < LIMITS.waiting_bytes + LIMITS.incoming_bytes + MARGIN
        await speaker.close()
        await until(lambda: descriptors(pid) <= fds, what="descriptors of the bus")
        for client in clients:
            assert client.is_open
            await client.close()
