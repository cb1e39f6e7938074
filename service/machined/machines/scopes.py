"""How the scopes of machines are called, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from machined.contract import escape_unit_name
from machined.machines.machine import VM, Machine
from machined.wire import Variant


def scope_name(machine: str) -> str:
    """The scope that is made for a machine (systemd-machined.service(8))."""
    return f"machine-{escape_unit_name(machine)}.scope"


def scope_description(machine: Machine) -> str:
    """The scope's Description=."""
    kind = "Virtual Machine" if machine.machine_class == VM else "Container"
    return f"{kind} {machine.name}"


def with_caller(properties: Sequence[tuple[str, Variant]], pid: int) -> list[tuple[str, Variant]]:
    """Scope properties as whoever asks for them means them: the pid 0 is their own, as it is for a leader.

    PID 1 takes 0 for whoever asks it for the scope, and would put the service itself into the machine.
    """
    return [
        (name, Variant("au", [one or pid for one in value.value]))
        if (name, value.signature) == ("PIDs", "au")
        else (name, value)
        for name, value in properties
    ]
