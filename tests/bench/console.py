"""What the console costs: at rest, for one row, for one key, and beside a thousand machines that change."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machined.contract import SYSTEMD1_MANAGER_INTERFACE, SYSTEMD1_PATH, image_path
from machined.wire import Connection, Variant
from tests.bench.rows import Measure
from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1, Reply
from tests.support.pty_program import PtyProgram

SIZE = (120, 100)
KEYS = 100
CROWD, IMAGES, CHANGES = 1000, 10_000, 100
IDLE_MACHINES = 60
LOOK_SECONDS = 2
"""Between two looks of the console at what machines use."""
TICK = os.sysconf("SC_CLK_TCK")


class Console:
    """A console in a terminal that is read all the time within the event loop, and what it costs."""

    def __init__(self, program: PtyProgram) -> None:
        self._program = program
        self.seen = bytearray()
        self.total = 0
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(program.master, self._on_output)

    def _on_output(self) -> None:
        try:
            data = os.read(self._program.master, 65536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._program.master)
        self.seen += data
        self.total += len(data)
        self._came.set()

    async def until(self, text: bytes, seconds: float = 60) -> None:
        """Wait until a text was written; what came before is forgotten."""
        async with asyncio.timeout(seconds):
            while text not in self.seen:
                self._came.clear()
                await self._came.wait()
        self.seen.clear()

    async def answer(self, key: bytes, row: str) -> float:
        """Milliseconds from a key until the row it leads to is drawn: changes of others draw no names."""
        self.seen.clear()
        began = time.perf_counter()
        os.write(self._program.master, key)
        await self.until(row.encode())
        return (time.perf_counter() - began) * 1000

    def processor_seconds(self) -> float:
        """What the console has used of a processor (proc_pid_stat(5))."""
        fields = Path(f"/proc/{self._program.process.pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def megabytes(self) -> float:
        """What it has in memory."""
        status = Path(f"/proc/{self._program.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def rest(self, seconds: float) -> tuple[float, int]:
        """Leave it alone for a while: the share of a processor it used, and the bytes it wrote."""
        used, written = self.processor_seconds(), self.total
        await asyncio.sleep(seconds)
        return (self.processor_seconds() - used) / seconds, self.total - written


class Crowd(Machine1):
    """A service with machines whose state changes, and other images beside theirs."""

    def __init__(self, count: int, images: int = 0) -> None:
        super().__init__(count)
        self.images = [f"zero-{number:05}" for number in range(images)]
        self.closing: set[str] = set()
        self.is_busy = False
        """Whether what machines use is something else at each look."""

    def on_listimages(self, call: object) -> Reply:
        rows = [[name, "directory", False, 1, 0, 1 << 30, image_path(name)] for name in self.images]
        return "a(ssbttto)", [rows]

    def on_getall(self, call: object) -> Reply:
        signature, (values,) = super().on_getall(call)  # type: ignore[arg-type]
        if "Name" in values and values["Name"].value in self.closing:
            values["State"] = type(values["State"])("s", "closing")
        return signature, [values]

    def on_get(self, call: object) -> Reply:
        """What a unit uses, as PID 1 tells it."""
        _interface, name = call.body  # type: ignore[attr-defined]
        unit = sum(call.path.encode())  # type: ignore[attr-defined]
        now = time.monotonic() if self.is_busy else 1.0
        # Now more, now less, so that both cells of a row are others at each look
        used = (now + int(now * 7919) % 1000 / 1000) * (10 + unit % 90) / 100
        values = {
            "CPUUsageNSec": int(used * 1e9),
            "MemoryCurrent": (100 + unit % 700 + int(now) % 100) << 20,
            "TasksCurrent": 7,
        }
        return "v", [Variant("t", values[name])]

    def change(self, connection: Connection, number: int) -> None:
        """Another state of one machine, told as PID 1 tells it."""
        name = self.names[number % len(self.names)]
        self.closing ^= {name}
        unit = f"systemd-nspawn@{name}.service"
        body = number, f"{SYSTEMD1_PATH}/job/{number}", unit, "done"
        connection.emit(SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, "JobRemoved", "uoss", *body)


@contextmanager
def console(address: str) -> Iterator[PtyProgram]:
    """The console on a bus that stands for the host's own."""
    with PtyProgram([sys.executable, "-m", "machinedeck", "--bus", address], SIZE) as program:
        yield program


async def crowd(address: str) -> list[Measure]:
    """A thousand machines, ten thousand images, a hundred changes a second, and an operator at the keys."""
    service = Crowd(CROWD, IMAGES)
    connection = await service.serve(address)
    with console(address) as program:
        screen = Console(program)
        await screen.until(b"machine-05")
        await asyncio.sleep(20)  # all details are read
        stop = asyncio.Event()
        changing = asyncio.create_task(change(service, connection, stop))
        await asyncio.sleep(2)
        used, times, row = screen.processor_seconds(), [], 0
        began = time.perf_counter()
        for number in range(KEYS):
            is_down = number // 10 % 2 == 0
            row += 1 if is_down else -1
            times.append(await screen.answer(b"j" if is_down else b"k", f"machine-{row:02}"))
            await asyncio.sleep(0.1 + number * 0.0007)
        share = (screen.processor_seconds() - used) / (time.perf_counter() - began)
        megabytes = screen.megabytes()
        stop.set()
        await changing
    await connection.close()
    what = f"{CROWD} machines, {IMAGES} images, {CHANGES} changes/s"
    p95 = statistics.quantiles(times, n=20)[-1]
    return [
        Measure("console", f"{what}: a key, p95", p95, "ms", "the limit", 50, "<= 1"),
        Measure("console", f"{what}: processor", share * 100, "%", "the limit", 25, "<= 1"),
        Measure("console", f"{what}: memory", megabytes, "MB", "the limit", 150, "<= 1"),
    ]


async def change(service: Crowd, connection: Connection, stop: asyncio.Event) -> None:
    """A hundred changes each second, spread over it."""
    number, began = 0, time.perf_counter()
    while not stop.is_set():
        due = int((time.perf_counter() - began) * CHANGES)
        while number < due:
            service.change(connection, number)
            number += 1
        await asyncio.sleep(0.02)


async def idle(address: str) -> list[Measure]:
    """Fifty machines that use the same all the time, then others each second; one row; one step."""
    service = Crowd(IDLE_MACHINES)
    connection = await service.serve(address)
    with console(address) as program:
        screen = Console(program)
        await screen.until(b"10.0.0.3")
        await asyncio.sleep(6)
        share, written = await screen.rest(20)
        steps, rows = [], []
        for row in range(10):
            before = screen.total
            await screen.answer(b"j", f"machine-{row + 1:02}")
            await asyncio.sleep(0.3)
            steps.append(screen.total - before)
        for number in range(10):
            before = screen.total
            service.change(connection, number)
            await asyncio.sleep(0.5)
            rows.append(screen.total - before)
        service.is_busy = True
        await asyncio.sleep(5)
        _share, busy = await screen.rest(20)
    await connection.close()
    what = f"idle, {IDLE_MACHINES} machines counted"
    return [
        Measure("console", f"{what}: processor", share * 100, "%", "the limit", 2, "<= 1"),
        Measure("console", f"{what}: written in 20 s", written, "B", "nothing", 1, "<= 0"),
        Measure(
            "console",
            f"{IDLE_MACHINES} rows x 2 cells, as if each second",
            busy / 20 * LOOK_SECONDS,
            "B/s",
            "the limit",
            10240,
            "<= 1",
        ),
        Measure("console", "one cursor step", statistics.median(steps), "B", "the limit", 1500, "<= 1"),
        Measure("console", "one row changes", statistics.median(rows), "B", "the limit", 1500, "<= 1"),
    ]


def measure() -> list[Measure]:
    """Each part on a bus of its own."""
    measures = []
    for part in (idle, crowd):
        with tempfile.TemporaryDirectory() as folder, private_daemon(Path(folder)) as address:
            measures += asyncio.run(part(address))
    return measures
