"""What a host tells by itself, in the order it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from machinedeck.model.failure import Failure
from machinedeck.model.operation import Operation


class MachineAppeared(NamedTuple):
    """The service registered a machine, or told of it anew after a restart."""

    name: str


class MachineGone(NamedTuple):
    """The service forgot a machine."""

    name: str


class UnitBusy(NamedTuple):
    """A job of a unit began or ended: the state of its machine may be another now."""

    unit: str


class ServiceMoved(NamedTuple):
    """The service's name has a new owner, or none."""

    is_there: bool


class OperationMoved(NamedTuple):
    """Long work of the service began, or got on."""

    operation: Operation


class OperationEnded(NamedTuple):
    """Long work of the service ended, well or not."""

    id: int


class Lost(NamedTuple):
    """The connection ended; nothing more will be told until the host is opened again."""

    failure: Failure


Event = MachineAppeared | MachineGone | UnitBusy | ServiceMoved | OperationMoved | OperationEnded | Lost
Listener = Callable[[Event], None]
"""What is told of events, one at a time, in the event loop; it must not block."""
