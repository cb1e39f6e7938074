"""What can be done to a machine: the one table that keys, footer, dialogs and commands are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import NamedTuple

from machinedeck.core.host import Host
from machinedeck.model.machine import Machine, State
from machinedeck.model.text import clean


class Harm(Enum):
    """How much an action can destroy, and so how it is confirmed."""

    NONE = "none"
    """Done at once."""
    WORK = "work"
    """Ends what runs inside: asks for a key first."""


class Action(NamedTuple):
    """One thing that can be done to a machine."""

    id: str
    label: str
    key: str
    """The key in the machines pane, as Textual names keys."""
    help: str
    harm: Harm
    command: str
    """The equivalent command line, with `{name}` in the place of the machine's name."""
    doing: str
    """What is told while it goes on, with `{name}`."""
    done: str
    """What is told when it is done, with `{name}`."""
    refusal: Callable[[Machine], str | None]
    """Why it cannot be done to a machine in its present state; `None` when it can."""
    run: Callable[[Host, Machine], Awaitable[None]]
    """Do it; raises `Failure`."""

    def sentence(self, text: str, machine: Machine) -> str:
        """One of the texts above, with the machine's name put in."""
        return text.replace("{name}", clean(machine.name))


def shell_refusal(machine: Machine) -> str | None:
    """Why no shell can be opened in a machine; `None` when one can."""
    name = clean(machine.name)
    if machine.kind == "vm":
        return f"{name} is a virtual machine: the host cannot enter it. Log in over the network instead."
    if machine.state is State.STOPPED:
        return f"{name} is not running. Start it first."
    if machine.state in {State.OPENING, State.CLOSING}:
        return f"{name} is {machine.state}. Try again in a moment."
    return None


def _start_refusal(machine: Machine) -> str | None:
    return None if machine.state is State.STOPPED else f"{clean(machine.name)} is running already."


def _terminate_refusal(machine: Machine) -> str | None:
    return f"{clean(machine.name)} is not running." if machine.state is State.STOPPED else None


START = Action(
    id="start",
    label="Start",
    key="s",
    help="Start the image as a container and wait until it is up.",
    harm=Harm.NONE,
    command="machinectl start {name}",
    doing="Starting {name} …",
    done="{name} is up.",
    refusal=_start_refusal,
    run=lambda host, machine: host.start(machine.name),
)

TERMINATE = Action(
    id="terminate",
    label="Terminate",
    key="t",
    help="End the machine at once, without shutting it down.",
    harm=Harm.WORK,
    command="machinectl terminate {name}",
    doing="Terminating {name} …",
    done="{name} is told to end.",
    refusal=_terminate_refusal,
    run=lambda host, machine: host.terminate(machine.identity),
)

ACTIONS = (START, TERMINATE)
"""Every action, in the order they are shown."""
