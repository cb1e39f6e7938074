"""Work that is asked for more often than it needs to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Repeat:
    """One piece of work, run once more if it was asked for while it ran.

    So the last run always began after the last request: an answer that was on its way when something
    changed never has the last word.

    Args:
        name: What the work is called in the list of tasks.
        work: The work; it handles the failures it expects.
        on_crash: Told of what the work did not expect: an error in the program, never to be kept quiet.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._name = name
        self._work = work
        self._on_crash = on_crash
        self._is_asked = False
        self._is_beginning = False
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Have the work done soon."""
        self._is_asked = True
        if self._is_beginning or (self._task is not None and not self._task.done()):
            return
        # From Python 3.12 on Textual's tasks run as far as they come before `create_task` returns.
        self._is_beginning = True
        try:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)
        finally:
            self._is_beginning = False

    def cancel(self) -> None:
        """Forget what was asked and stop what runs."""
        self._is_asked = False
        if self._task is not None:
            self._task.cancel()
            self._task = None  # what is asked for from now on is not its to do, however long it takes to end

    async def _run(self) -> None:
        try:
            while self._is_asked:
                self._is_asked = False
                await self._work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is passed on
            self._on_crash(error)
