"""The way into a virtual machine by ssh(1): an address and the file of a key, as whoever registered it told.

Addresses such as `vsock/42` are for systemd-ssh-proxy(1), which comes with systemd from version 256 on.
"""

from __future__ import annotations

import re

from machinedeck.core.host import SYSTEM_BUS, Host
from machinedeck.model.failure import READ_ONLY, Failure, Kind
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish

_ADDRESS = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._:%/\[\]-]*")
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?")


def is_user_name(text: str) -> bool:
    """Whether a text can be the name of a user: letters, digits, `_`, `.` and `-`, as in useradd(8)."""
    return _USER.fullmatch(text) is not None


def has_ssh(machine: Machine) -> bool:
    """Whether a machine is entered by SSH: a virtual machine that told an address, and one fit for that."""
    return machine.kind == "vm" and _ADDRESS.fullmatch(machine.ssh_address) is not None


def ssh_command(machine: Machine, wish: Wish) -> tuple[str, ...]:
    """The words of the command line that opens a terminal there."""
    key = ("-i", machine.ssh_key) if machine.ssh_key.startswith("/") else ()
    # Of several options of this name ssh heeds the first alone: all variables stand in one (ssh_config(5))
    variables = ("-o", f"SetEnv={' '.join(map(_quoted, wish.variables))}") if wish.variables else ()
    command = ("-t",) if wish.command else ()
    words = ("ssh", *key, *variables, *command, "--", f"{wish.user}@{machine.ssh_address}")
    return (*words, wish.command) if wish.command else words


def terminal_command(machine: Machine, wish: Wish) -> tuple[str, ...]:
    """The words of the command line that opens a terminal of a machine (machinectl(1), ssh(1))."""
    if has_ssh(machine):
        return ssh_command(machine, wish)
    if wish.is_login:
        return "machinectl", "login", machine.name
    user = (f"--uid={wish.user}",) if wish.user != "root" else ()
    variables = (f"--setenv={variable}" for variable in wish.variables)
    return "machinectl", "shell", *user, *variables, machine.name, *wish.program


def _quoted(word: str) -> str:
    """A word as ssh_config(5) has it: between double quotes where it has blanks or quotes of its own."""
    if _PLAIN.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def check_ssh(host: Host, machine: Machine, wish: Wish) -> None:
    """See that a machine can be entered by SSH from here.

    Raises:
        Failure: REFUSED, it cannot.
    """
    name = clean(machine.name)
    if host.is_read_only:
        raise Failure(Kind.REFUSED, READ_ONLY)
    if host.is_demo:
        raise Failure(Kind.REFUSED, f"{name} is made up: SSH reaches nothing there.")
    if host.mode != SYSTEM_BUS:
        raise Failure(Kind.REFUSED, f"The address of {name} counts on its own host.", "Log in there first.")
    if not has_ssh(machine):
        raise Failure(Kind.REFUSED, f"{name} told no address for SSH.")
    if wish.is_login:
        raise Failure(Kind.REFUSED, f"{name} is a virtual machine: it has no login prompt here.")
    if not is_user_name(wish.user):
        raise Failure(Kind.REFUSED, f"{clean(wish.user) or 'An empty name'} is no name of a user.")
