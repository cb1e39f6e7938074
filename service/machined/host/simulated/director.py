"""What changes on the simulated host while nobody does anything."""

from __future__ import annotations

import logging
import random
import signal as signals
from typing import NamedTuple, Protocol

from machined.contract import nspawn_unit
from machined.host.errors import Refused
from machined.host.simulated.blocks import LogLine, read_log
from machined.host.simulated.entries import Happening
from machined.host.simulated.estate import Estate
from machined.host.simulated.machines import SimulatedMachine
from machined.host.storage import ImageType

logger = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds between two looks at what is due."""
LOAD_BEATS = 2
"""Beats between two changes of loads and memory."""
GROWTH_BEATS = 5
"""Beats between two growths of images."""
GROWTH = 6 * 1024**2
"""Bytes that an image grows by at once, at most."""
POWER_OFF = signals.SIGRTMIN + 4


class Starter(Protocol):
    """The part of the service manager that the director needs."""

    async def start_unit(self, unit: str, mode: str) -> str:
        """Start a unit; the object path of the job."""


class _Usual(NamedTuple):
    """What a process uses when nothing happens."""

    load: float
    memory: int


class Director:
    """Lets loads and memory wander, logs grow, images fill, and containers come and go.

    All of it waits on the estate's clock alone: where that stands still, nothing changes.

    Args:
        estate: The estate.
        starter: Who starts units.
    """

    def __init__(self, estate: Estate, starter: Starter) -> None:
        self._estate = estate
        self._starter = starter
        self._chance = estate.chance("director")
        self._usual: dict[int, _Usual] = {}
        self._chatter: dict[SimulatedMachine, list[LogLine]] = {}
        self._due: dict[tuple[SimulatedMachine, LogLine], float] = {}

    def start(self) -> None:
        """Begin; it ends with the estate."""
        self._estate.run(self._direct())
        for happening in self._estate.scenario.happenings:
            self._estate.run(self._repeat(happening))

    async def _direct(self) -> None:
        beat = 0
        while True:
            await self._estate.clock.sleep(BEAT)
            beat += 1
            self.let_talk()
            if beat % LOAD_BEATS == 0:
                self.let_wander()
            if beat % GROWTH_BEATS == 0:
                self.let_grow()

    def let_talk(self) -> None:
        """Log what is due of what machines say again and again."""
        now = self._estate.clock.monotonic() / 1e6
        machines = [one for one in self._estate.machines.values() if not one.is_booting and not one.reason]
        self._chatter = {one: self._chatter.get(one) or _chatter_of(one) for one in machines}
        lines = [(one, line) for one, chatter in self._chatter.items() for line in chatter]
        due = {line: self._due.get(line, now + line[1].ago * self._chance.random()) for line in lines}
        for (machine, line), moment in due.items():
            if moment <= now:
                due[machine, line] = now + line.ago * self._chance.uniform(0.5, 1.5)
                self._say(machine, line)
        self._due = due

    def let_wander(self) -> None:
        """Change what processes use, about what is usual for each."""
        processes = self._estate.processes.processes
        self._usual = {
            pid: self._usual.get(pid) or _Usual(process.load, process.memory)
            for pid, process in processes.items()
        }
        for pid, usual in self._usual.items():
            process = processes[pid]
            process.load = usual.load * self._chance.uniform(0.4, 1.7)
            drift = usual.memory * self._chance.uniform(0.85, 1.2) - process.memory
            process.memory += int(drift * 0.1)

    def let_grow(self) -> None:
        """Let an image of a container that runs take a little more of the disk."""
        images = [
            image
            for image in self._estate.images.values()
            if image.type is not ImageType.BLOCK and not image.is_read_only and self._estate.users_of(image)
        ]
        if images:
            image = self._chance.choice(images)
            image.grow(self._chance.randrange(64 * 1024, GROWTH))
            image.modified = self._estate.clock.realtime()

    async def _repeat(self, happening: Happening) -> None:
        """Stop and start a container again and again, unless somebody else does."""
        estate = self._estate
        while True:
            await estate.clock.sleep(happening.runs * self._chance.uniform(0.7, 1.3))
            machine = estate.machines.get(happening.image)
            if machine is None or machine.is_booting or machine.reason:
                continue
            estate.processes.signal(machine.leader, POWER_OFF)
            await machine.wait_ended()
            await estate.clock.sleep(happening.rests * self._chance.uniform(0.7, 1.3))
            try:
                await self._starter.start_unit(nspawn_unit(happening.image), "fail")
            except (Refused, OSError) as error:
                logger.info("%s is not started again: %s", happening.image, error)

    def _say(self, machine: SimulatedMachine, line: LogLine) -> None:
        of_machine = self._estate.processes.of_machine(machine.name)
        pid = next((one.inner_pid for one in of_machine if one.name == line.identifier), 0)
        self._estate.log(machine.unit, line.identifier, _filled(line.message, self._chance), pid)


def _chatter_of(machine: SimulatedMachine) -> list[LogLine]:
    return read_log(machine.entry.chatter) if machine.entry else []


def _filled(message: str, chance: random.Random) -> str:
    """A message with an address, number or duration of the moment in it."""
    address = f"198.51.100.{chance.randrange(1, 255)}"
    number, milliseconds = f"{chance.randrange(100, 1000)}", f"{chance.randrange(1, 240)}"
    return message.replace("@ip@", address).replace("@number@", number).replace("@ms@", milliseconds)
