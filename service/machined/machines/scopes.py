"""How the scopes of machines are called."""

from __future__ import annotations

from machined.contract import escape_unit_name
from machined.machines.machine import VM, Machine


def scope_name(machine: str) -> str:
    """The scope that is made for a machine (systemd-machined.service(8))."""
    return f"machine-{escape_unit_name(machine)}.scope"


def scope_description(machine: Machine) -> str:
    """The scope's Description=."""
    kind = "Virtual Machine" if machine.machine_class == VM else "Container"
    return f"{kind} {machine.name}"
