"""From MachineNew on the bus to the row on the screen, while 500 machines are listed."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.rows import Measure
from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1
from tests.support.pty_program import PtyProgram

MACHINES = 500
TIMES = 60
LIMIT_MS = 100.0
SETTLE_SECONDS = 0.2
"""Between two news, so that each is one of its own; they come at odd moments of the console's own clock."""


class Screen:
    """What a program writes to its terminal, waited for within the event loop."""

    def __init__(self, program: PtyProgram) -> None:
        self._program = program
        self._seen = bytearray()
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(program.master, self._on_output)

    def _on_output(self) -> None:
        self._seen += os.read(self._program.master, 65536)
        self._came.set()

    async def until(self, text: bytes) -> None:
        """Wait until `text` was written; what came before is forgotten."""
        async with asyncio.timeout(30):
            while text not in self._seen:
                self._came.clear()
                await self._came.wait()
        self._seen.clear()

    def close(self) -> None:
        """Read no more."""
        asyncio.get_running_loop().remove_reader(self._program.master)


async def latencies(address: str) -> list[float]:
    """Milliseconds from the signal to the row, for a machine that comes and goes again and again."""
    service = Machine1(MACHINES)
    connection = await service.serve(address)
    times = []
    with PtyProgram([sys.executable, "-m", "machinedeck", "--bus", address], (120, 50)) as program:
        screen = Screen(program)
        await screen.until(b"10.0.0.10")
        await asyncio.sleep(3)  # details of all 500 are read
        for number in range(TIMES):
            name = f"aaa-{number:03}"
            began = time.perf_counter()
            service.appear(connection, name)
            await screen.until(name.encode())
            times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(SETTLE_SECONDS + number * 0.0037)
            service.vanish(connection, name)
            await asyncio.sleep(SETTLE_SECONDS)
        screen.close()
    await connection.close()
    return times


def measure() -> list[Measure]:
    """The 95th percentile, and the median."""
    with tempfile.TemporaryDirectory() as folder, private_daemon(Path(folder)) as address:
        times = asyncio.run(latencies(address))
    p95 = statistics.quantiles(times, n=20)[-1]
    what = "the limit, in ms"
    name = f"MachineNew to its row, {MACHINES} machines"
    return [
        Measure("news", f"{name}, p95", p95, "ms", what, LIMIT_MS, "<= 1"),
        Measure("news", f"{name}, median", statistics.median(times), "ms", what, LIMIT_MS, ""),
    ]
