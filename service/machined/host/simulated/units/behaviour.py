"""What units do when they are started and stopped; the plain ones here."""

from __future__ import annotations

from typing import Protocol

from machined.host.simulated.processes import Process
from machined.host.simulated.units.roster import Roster
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_status import ActiveState


class Behaviour(Protocol):
    """What a kind of unit does. Nothing here waits: what takes time goes on beside, and ends in a state."""

    def start(self, unit: SimulatedUnit) -> None:
        """Begin to start a unit that is at rest; it leaves that state at once."""

    def stop(self, unit: SimulatedUnit) -> None:
        """Begin to stop a unit that is not at rest."""

    def on_process_ended(self, unit: SimulatedUnit, process: Process) -> None:
        """A process of the unit has ended."""


class Passive:
    """Units without processes: targets and slices."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def start(self, unit: SimulatedUnit) -> None:
        """Be active."""
        self._roster.begin(unit)
        self._roster.enter(unit, ActiveState.ACTIVE, "active")

    def stop(self, unit: SimulatedUnit) -> None:
        """Be inactive."""
        self._roster.enter(unit, ActiveState.INACTIVE, "dead")

    def on_process_ended(self, unit: SimulatedUnit, process: Process) -> None:
        """Nothing: it has none of its own."""
