"""Work that many ask for at once, and that is done once for all who asked before it began."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

_Result = TypeVar("_Result")


class _Turn(Generic[_Result]):
    """The work once. Another thread says that it begins, before it looks at anything."""

    def __init__(self, work: Callable[[Callable[[], None]], Coroutine[Any, Any, _Result]]) -> None:
        self.has_begun = False
        self.task = asyncio.get_running_loop().create_task(work(self._begin))

    def _begin(self) -> None:
        self.has_begun = True


class Shared(Generic[_Result]):
    """Has work done for whoever asks, with no more than one that waits for its turn.

    So a flood of questions fills no memory, and what is told is never older than the question.

    Args:
        work: The work; it calls what it is given when it begins, from any thread.
    """

    def __init__(self, work: Callable[[Callable[[], None]], Coroutine[Any, Any, _Result]]) -> None:
        self._work = work
        self._last: _Turn[_Result] | None = None
        self._tasks: set[asyncio.Task[_Result]] = set()

    async def result(self) -> _Result:
        """What comes of it. Who is cancelled takes it from nobody else. Raises what the work raises."""
        turn = self._last
        if turn is None or turn.has_begun or turn.task.done():
            turn = self._last = _Turn(self._work)
            self._tasks.add(turn.task)
            turn.task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(turn.task)

    def close(self) -> None:
        """Give up what is waited for."""
        for task in self._tasks:
            task.cancel()
