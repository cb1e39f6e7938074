"""What a host tells by itself, in the order it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from machinedeck.model.failure import Failure


@dataclass(frozen=True, slots=True)
class MachineAppeared:
    """The service registered a machine, or told of it anew after a restart."""

    name: str


@dataclass(frozen=True, slots=True)
class MachineGone:
    """The service forgot a machine."""

    name: str


@dataclass(frozen=True, slots=True)
class UnitBusy:
    """A job of a unit began or ended: the state of its machine may be another now."""

    unit: str


@dataclass(frozen=True, slots=True)
class ServiceMoved:
    """The service's name has a new owner, or none."""

    is_there: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended; nothing more will be told until the host is opened again."""

    failure: Failure


Event = MachineAppeared | MachineGone | UnitBusy | ServiceMoved | Lost
Listener = Callable[[Event], None]
"""What is told of events, one at a time, in the event loop; it must not block."""
