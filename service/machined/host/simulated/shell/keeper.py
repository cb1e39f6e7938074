"""Keeps count of the terminals of an estate and ends what runs on them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from machined.host.simulated.processes import Process
from machined.host.simulated.shell.system import System
from machined.host.simulated.shell.terminal import Terminal

if TYPE_CHECKING:
    from machined.host.simulated.estate import Estate

logger = logging.getLogger(__name__)

Work = Callable[[Terminal], Awaitable[None]]


class Keeper:
    """The open terminals of an estate, and who wants to know of the end of processes."""

    def __init__(self, estate: Estate) -> None:
        self._numbers: dict[str, set[int]] = {}
        self._tasks: dict[asyncio.Task[None], Process | None] = {}
        """What runs on the terminals, with the leaders of their machines."""
        self._watched: dict[int, Callable[[], object]] = {}
        estate.processes.listeners.append(self._on_process_ended)

    @property
    def count(self) -> int:
        """How many terminals are open."""
        return len(self._tasks)

    def take_number(self, machine: str) -> int:
        """The lowest number that no terminal of a machine has (pts(4))."""
        taken = self._numbers.setdefault(machine, set())
        number = next(one for one in range(len(taken) + 1) if one not in taken)
        taken.add(number)
        return number

    def free_number(self, machine: str, number: int) -> None:
        """A terminal is gone."""
        self._numbers[machine].discard(number)

    def watch(self, process: Process, on_end: Callable[[], object]) -> None:
        """Call `on_end` when a process ends."""
        self._watched[process.pid] = on_end

    def unwatch(self, process: Process) -> None:
        """Tell of the end of a process no more."""
        self._watched.pop(process.pid, None)

    def start(self, system: System, number: int, slave: int, work: Work) -> None:
        """Have `work` use a terminal until it is done, the other side hangs up, or the machine ends.

        Args:
            system: Whose terminal it is.
            number: Its number.
            slave: Its descriptor, which is closed in the end.
            work: What uses it.
        """

        def hang_up() -> None:
            task.cancel()

        terminal = Terminal(slave, hang_up)
        task = asyncio.create_task(_serve(terminal, work))

        def on_done(ended: asyncio.Task[None]) -> None:
            terminal.close()  # a task that was cancelled before it began has not done so
            del self._tasks[ended]
            self.free_number(system.name, number)
            if not ended.cancelled() and (error := ended.exception()):
                logger.error("a simulated shell failed", exc_info=error)

        self._tasks[task] = system.machine.leader if system.machine else None
        task.add_done_callback(on_done)

    async def close(self) -> None:
        """End all that runs on the terminals."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_process_ended(self, process: Process) -> None:
        if on_end := self._watched.pop(process.pid, None):
            on_end()
        for task in [one for one, leader in self._tasks.items() if leader is process]:
            task.cancel()


_keepers: WeakKeyDictionary[Estate, Keeper] = WeakKeyDictionary()


def keeper_of(estate: Estate) -> Keeper:
    """The keeper of an estate; there is one for each."""
    if (keeper := _keepers.get(estate)) is None:
        keeper = _keepers[estate] = Keeper(estate)
    return keeper


async def _serve(terminal: Terminal, work: Work) -> None:
    """Run `work`, and let go of the terminal when its last output was taken."""
    try:
        await work(terminal)
        await terminal.drain()
    finally:
        terminal.close()
