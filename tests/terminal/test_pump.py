"""The pump, on real pseudo-terminals with real programs behind them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import pty
import signal
import termios
import tty
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from machinedeck.term import Pump, PumpOverflowError, pump

pytestmark = pytest.mark.usefixtures("no_task_left")


class Guest:
    """A program on a pseudo-terminal, its pump, and what came out."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.data = b""
        self.ends = 0
        self.process: asyncio.subprocess.Process | None = None
        self.changed = asyncio.Event()
        self.pump = Pump(self.master, on_data=self.on_data, on_end=self.on_end)

    def on_data(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def on_end(self) -> None:
        self.ends += 1
        self.changed.set()

    async def run(self, *command: str) -> None:
        """Start a program that has the pseudo-terminal as its own."""
        self.process = await asyncio.create_subprocess_exec(
            *command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PS1": "$ "},
        )
        self.hang_up()
        self.pump.start()

    def hang_up(self) -> None:
        """Close the test's own hold on the guest's side."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that a change of this guest brings about."""
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def finish(self) -> None:
        """End all."""
        self.pump.close()
        self.hang_up()
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            await self.process.wait()


@pytest.fixture
async def guest() -> AsyncIterator[Guest]:
    made = Guest()
    yield made
    await made.finish()


async def test_output_comes_and_the_end_is_told_once(guest: Guest) -> None:
    await guest.run("bash", "-c", "echo hello; exit 3")
    await guest.until(lambda: guest.ends > 0)
    assert guest.data == b"hello\r\n"
    await asyncio.sleep(0)
    assert guest.ends == 1


async def test_input_goes_in(guest: Guest) -> None:
    await guest.run("cat")
    guest.pump.write("grüße\n".encode())
    await guest.until(lambda: guest.data.count("grüße".encode()) == 2)
    guest.pump.write(b"\x04")
    await guest.until(lambda: guest.ends == 1)


async def test_size_reaches_the_guest_before_and_while_it_runs(guest: Guest) -> None:
    guest.pump.resize(101, 33)
    await guest.run("bash", "-c", "trap 'stty size; exit' WINCH; stty size; while :; do read -t 1; done")
    await guest.until(lambda: b"33 101" in guest.data)
    guest.pump.resize(0, 999_999)
    await guest.until(lambda: b"65535 1\r\n" in guest.data)


async def test_what_is_written_before_the_start_is_sent_then(guest: Guest) -> None:
    guest.pump.write(b"early\n")
    assert guest.pump.waiting == 6
    await guest.run("bash", "-c", "read line; echo got $line")
    await guest.until(lambda: b"got early" in guest.data)
    assert guest.pump.waiting == 0


async def test_a_large_paste_does_not_block_and_arrives_whole(guest: Guest) -> None:
    tty.setraw(guest.slave)
    size = 3_000_000
    await guest.run("bash", "-c", f"echo ready; head -c {size} | md5sum; head -c 4")
    await guest.until(lambda: b"ready" in guest.data)
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    guest.pump.write(content)
    assert guest.pump.waiting > 0
    guest.pump.write(b"last")
    await guest.until(lambda: b"last" in guest.data)
    assert hashlib.md5(content).hexdigest().encode() in guest.data
    assert guest.pump.waiting == 0


async def test_a_guest_that_never_reads_bounds_the_queue(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "QUEUE_LIMIT", 100_000)
    await guest.run("sleep", "100")
    guest.pump.write(b"x" * 90_000)
    waiting = guest.pump.waiting
    with pytest.raises(PumpOverflowError, match="unread"):
        guest.pump.write(b"y" * 90_000)
    assert guest.pump.waiting == waiting
    guest.pump.write(b"z")
    assert guest.pump.waiting == waiting + 1


async def test_reading_pauses_and_resumes(guest: Guest) -> None:
    await guest.run("bash", "-c", "read; for i in $(seq 20000); do echo line $i; done; echo done")
    guest.pump.pause()
    guest.pump.write(b"\n")
    for _ in range(50):
        await asyncio.sleep(0)
    assert guest.data == b""
    guest.pump.resume()
    guest.pump.resume()
    await guest.until(lambda: guest.data.endswith(b"done\r\n"))
    assert guest.data.count(b"line") == 20_000


async def test_pausing_from_within_the_callback(guest: Guest) -> None:
    seen: list[bytes] = []

    def once(data: bytes) -> None:
        seen.append(data)
        guest.on_data(data)
        guest.pump.pause()

    guest.pump._on_data = once
    await guest.run("bash", "-c", "yes | head -c 300000")
    for count in range(1, 4):
        await guest.until(lambda wanted=count: len(seen) >= wanted)
        assert len(seen) == count
        guest.pump.resume()


async def test_a_read_takes_a_bounded_piece(guest: Guest) -> None:
    sizes: list[int] = []
    guest.pump._on_data = lambda data: (sizes.append(len(data)), guest.on_data(data))
    await guest.run("bash", "-c", "yes | head -c 500000")
    await guest.until(lambda: guest.ends == 1)
    assert max(sizes) <= pump.READ_SIZE
    assert sum(sizes) == 750_000  # each line feed became a pair


async def test_close_is_final_and_closes_once(guest: Guest) -> None:
    await guest.run("sleep", "100")
    guest.pump.close()
    assert guest.pump.is_closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(guest.master)
    again = os.open("/dev/null", os.O_RDONLY)  # takes the number that was freed
    try:
        guest.pump.close()
        guest.pump.write(b"x")
        guest.pump.resize(10, 10)
        guest.pump.pause()
        guest.pump.resume()
        os.fstat(again)
    finally:
        os.close(again)
    assert guest.ends == 0
    with pytest.raises(RuntimeError, match="closed"):
        guest.pump.start()
    assert guest.process is not None
    assert await guest.process.wait() == -signal.SIGHUP


async def test_closing_from_within_the_end(guest: Guest) -> None:
    def end() -> None:
        guest.on_end()
        guest.pump.close()

    guest.pump._on_end = end
    await guest.run("true")
    await guest.until(lambda: guest.ends == 1)
    assert guest.pump.is_closed


async def test_closing_from_within_the_data(guest: Guest) -> None:
    def take(data: bytes) -> None:
        guest.on_data(data)
        guest.pump.close()

    guest.pump._on_data = take
    await guest.run("bash", "-c", "yes")
    await guest.until(lambda: guest.pump.is_closed)
    assert guest.ends == 0


async def test_after_the_end_writing_is_no_error(guest: Guest) -> None:
    await guest.run("true")
    await guest.until(lambda: guest.ends == 1)
    guest.pump.write(b"x")
    guest.pump.resize(10, 10)
    assert guest.pump.waiting == 0


async def test_end_of_file_ends_it_too() -> None:
    ours, theirs = os.pipe()
    ended = asyncio.Event()
    got: list[bytes] = []
    line = Pump(ours, on_data=got.append, on_end=ended.set)
    line.start()
    os.write(theirs, b"x")
    os.close(theirs)
    await asyncio.wait_for(ended.wait(), 20)
    assert got == [b"x"]
    line.close()


async def test_a_pump_that_outlives_hangups_goes_on_when_the_guest_opens_its_side_again() -> None:
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    got, seen, ended = bytearray(), asyncio.Event(), []

    def take(data: bytes) -> None:
        got.extend(data)
        seen.set()

    line = Pump(master, on_data=take, on_end=lambda: ended.append(True), outlives_hangups=True)
    line.start()
    for word in (b"one", b"two"):
        os.write(slave, word)
        os.close(slave)
        await asyncio.wait_for(seen.wait(), 20)
        seen.clear()
        while line._reopening is None:  # noqa: ASYNC110 (the hang-up comes from the loop, and tells nobody)
            await asyncio.sleep(0)
        slave = os.open(name, os.O_RDWR | os.O_NOCTTY)
    assert (bytes(got), ended) == (b"onetwo", [])
    line.close()
    os.close(slave)


async def test_descriptor_is_not_inherited_and_does_not_block(guest: Guest) -> None:
    os.set_inheritable(guest.master, True)
    other = Pump(guest.master, on_data=guest.on_data, on_end=guest.on_end)
    assert not os.get_inheritable(guest.master)
    assert not os.get_blocking(guest.master)
    assert other.waiting == 0


async def test_a_flood_leaves_the_loop_to_others(guest: Guest) -> None:
    turns = 0

    async def other() -> Any:
        nonlocal turns
        while len(guest.data) < 5_000_000:
            turns += 1
            await asyncio.sleep(0)

    await guest.run("yes")
    async with asyncio.timeout(30):
        await other()
    assert turns > 70
