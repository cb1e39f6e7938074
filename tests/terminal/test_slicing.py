"""Parsing in slices: a flood is held up at its source, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from machinedeck.term import Pump, Terminal, pump, slicing
from machinedeck.term.slicing import Slicer, Turns
from tests.support.waiting import until
from tests.terminal.test_pump import Guest

pytestmark = pytest.mark.usefixtures("no_task_left")


class Sliced(Guest):
    """A program whose output is parsed in slices."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = Terminal(80, 24)
        self.slices = 0
        self.most_waiting = 0
        self.fed = 0
        self.slicer = Slicer(self.feed, Turns(), self.on_slice)
        self.pump = Pump(self.master, on_data=self.take, on_end=lambda: self.slicer.finish(self.on_end))
        self.slicer.attach(self.pump)

    def take(self, data: bytes) -> None:
        """Take what was read."""
        self.slicer.take(data)
        self.most_waiting = max(self.most_waiting, self.slicer.waiting)

    def feed(self, data: bytes) -> None:
        """Take a piece of a slice."""
        self.fed += len(data)
        self.terminal.feed(data)

    def on_slice(self) -> None:
        """Count a slice."""
        self.slices += 1
        self.changed.set()


@pytest.fixture
async def sliced() -> AsyncIterator[Sliced]:
    made = Sliced()
    yield made
    made.slicer.drop()
    await made.finish()


async def test_everything_arrives_in_order(sliced: Sliced) -> None:
    await sliced.run("bash", "-c", "seq 30000; echo end")
    await sliced.until(lambda: sliced.ends == 1)
    lines = [line.rstrip() for line in sliced.terminal.display if line.strip()]
    assert lines[-2:] == ["30000", "end"]
    assert sliced.terminal.scrollback_length == 10_000
    assert sliced.fed == sum(len(str(n)) + 2 for n in range(1, 30001)) + 5
    assert sliced.slices > sliced.fed / slicing.MOST_BYTES


@pytest.mark.promise("A machine that floods is held up at its source: memory stays as it is")
async def test_a_flood_waits_in_the_kernel(sliced: Sliced) -> None:
    await sliced.run("bash", "-c", "yes all work and no play makes jack a dull boy")
    turns = 0
    while sliced.fed < 3_000_000:
        await asyncio.sleep(0)
        turns += 1
    assert sliced.most_waiting <= pump.READ_SIZE
    assert turns > sliced.fed / slicing.MOST_BYTES, "the loop turned between slices"
    sliced.pump.write(b"\x03")
    await sliced.until(lambda: sliced.ends == 1)
    assert b"^C" in sliced.terminal.display[22].encode() + sliced.terminal.display[23].encode()


async def test_other_work_gets_its_turn(sliced: Sliced) -> None:
    """A chain of callbacks moves on by at least one link per slice, as keys do on their way."""
    await sliced.run("bash", "-c", "yes | head -c 400000")
    links = 0
    loop = asyncio.get_running_loop()

    def link() -> None:
        nonlocal links
        links += 1
        if sliced.ends == 0:
            loop.call_soon(link)

    link()
    await sliced.until(lambda: sliced.ends == 1)
    assert links >= sliced.slices


def test_pieces_are_fitted_to_the_speed() -> None:
    now = [0.0]
    sizes: list[int] = []

    def feed(data: bytes) -> None:
        sizes.append(len(data))
        now[0] += len(data) / 1_000_000  # one megabyte a second

    turns = Turns()
    slicer = Slicer(feed, turns, lambda: None, clock=lambda: now[0])
    slicer._data = memoryview(bytes(200_000))
    durations = []
    while slicer.waiting:
        began = now[0]
        slicer._work()
        durations.append(now[0] - began)
    assert sum(sizes) == 200_000
    assert max(durations[3:]) <= slicing.SLICE_SECONDS * 1.5
    assert sizes[-5] == pytest.approx(500, rel=0.2)


async def test_terminals_take_turns() -> None:
    order: list[str] = []
    turns = Turns()
    left = {"a": 3, "b": 3}

    def work(name: str) -> bool:
        order.append(name)
        left[name] -= 1
        return left[name] > 0

    turns.add(lambda: work("a"))
    turns.add(lambda: work("b"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert order == list("ababab")


async def test_what_is_dropped_is_not_parsed(sliced: Sliced) -> None:
    sliced.slicer._data = memoryview(bytes(100_000))
    sliced.slicer.drop()
    assert not sliced.slicer._work()
    assert sliced.fed == 0


def test_speed_of_the_clock_is_no_matter() -> None:
    """A clock that stands makes pieces no larger than allowed."""
    sizes: list[int] = []
    slicer = Slicer(lambda data: sizes.append(len(data)), Turns(), lambda: None, clock=lambda: 0.0)
    slicer._data = memoryview(bytes(1_000_000))
    slicer._work()
    assert max(sizes) <= slicing.MOST_BYTES


async def test_a_flood_gives_way_to_a_key_and_an_echo_does_not() -> None:
    now, fed = [100.0], 0

    def feed(data: bytes) -> None:
        nonlocal fed
        fed += len(data)

    turns = Turns(clock=lambda: now[0])
    slicer = Slicer(feed, turns, lambda: None, clock=lambda: now[0])
    turns.give_way()
    slicer.take(b"an echo")
    assert fed == 7
    for _ in range(slicing.FLOOD_BYTES // 4095):
        slicer.take(bytes(4095))
    before = fed
    slicer.take(bytes(4095))
    assert (fed, slicer.waiting) == (before, 4095)
    now[0] += slicing.GIVE_WAY_SECONDS
    await until(lambda: slicer.waiting == 0)
    assert fed == before + 4095
    slicer.take(bytes(4095))
    assert slicer.waiting == 0, "no key was typed since"
    now[0] += 3 * slicing.FLOOD_SECONDS
    turns.give_way()
    slicer.take(b"an echo after the flood")
    assert slicer.waiting == 0


def test_keys_that_repeat_do_not_hold_a_flood_up_for_ever() -> None:
    """Every 33 ms a key, as a keyboard repeats it: a page that scrolls with it must be drawn."""
    now, quiet = [100.0], 0
    turns = Turns(clock=lambda: now[0])
    for millisecond in range(1000):
        now[0] = 100.0 + millisecond / 1000
        if millisecond % 33 == 0:
            turns.give_way()
        quiet += turns.is_quiet
    assert 300 < quiet < 600


def test_a_flood_is_known_from_one_moment_to_the_next() -> None:
    now = [100.0]
    slicer = Slicer(lambda data: None, Turns(clock=lambda: now[0]), lambda: None, clock=lambda: now[0])
    known = []
    for _ in range(100):
        slicer.take(bytes(4095))
        known.append(slicer._is_flooding)
        now[0] += 0.004
    assert known == [False] * 16 + [True] * 84
    assert slicer._is_flooding
    for _ in range(60):  # what has stopped is none any more
        slicer.take(b"x")
        now[0] += 0.004
    assert not slicer._is_flooding
