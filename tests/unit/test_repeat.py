"""Work that is asked for while it runs is run once more, whenever its task begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from machinedeck.core.repeat import Repeat
from tests.support.waiting import until


class Done(asyncio.Future[None]):
    """What stands for a task that has ended."""

    def set_name(self, name: str) -> None:
        """Take the name that every task is given."""
        self.name = name


def begin_at_once(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **_: object
) -> asyncio.Future[Any]:
    """What asyncio's `eager_task_factory` does from Python 3.12 on, for work that never waits."""
    with pytest.raises(StopIteration):
        work.send(None)
    done = Done(loop=loop)
    done.set_result(None)
    return done


@contextmanager
def tasks_begin(at_once: bool) -> Iterator[None]:
    """Have tasks begin at once, or with the next turn of the event loop."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(begin_at_once if at_once else None)
    try:
        yield
    finally:
        loop.set_task_factory(None)


def crash(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("at_once", [False, True])
async def test_it_is_done_each_time_it_is_asked_for(at_once: bool) -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(len(runs))

    repeat = Repeat("count", work, crash)
    for count in range(1, 4):
        with tasks_begin(at_once):
            repeat.ask()
        await until(lambda count=count: len(runs) == count, what="the work to be done")


@pytest.mark.parametrize("at_once", [False, True])
async def test_what_is_asked_by_the_work_itself_is_done_after_it(at_once: bool) -> None:
    runs: list[str] = []
    ask: list[Callable[[], None]] = []

    async def work() -> None:
        runs.append("begin")
        if len(runs) == 1:
            ask[0]()
        runs.append("end")

    repeat = Repeat("nest", work, crash)
    ask.append(repeat.ask)
    with tasks_begin(at_once):
        repeat.ask()
    await until(lambda: len(runs) == 4, what="both runs")
    assert runs == ["begin", "end"] * 2


async def test_what_was_cancelled_before_it_began_can_be_asked_for_again() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    repeat = Repeat("count", work, crash)
    repeat.ask()
    repeat.cancel()
    await asyncio.sleep(0)
    repeat.ask()
    await until(lambda: bool(runs), what="the work to be done")


async def test_what_is_asked_for_while_what_was_cancelled_ends_is_done() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            await asyncio.Event().wait()

    repeat = Repeat("count", work, crash)
    repeat.ask()
    await until(lambda: bool(runs), what="the work to begin")
    repeat.cancel()
    repeat.ask()
    await until(lambda: len(runs) == 2, what="the work to be done")
