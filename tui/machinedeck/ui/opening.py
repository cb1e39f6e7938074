"""Opening terminals of machines: by the service, or by ssh(1) where the host cannot enter."""

from __future__ import annotations

import os
import shlex

from machinedeck.core.doing import Doing
from machinedeck.core.entering import enter
from machinedeck.core.host import Host
from machinedeck.core.ssh import check_ssh, ssh_command
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish
from machinedeck.sources.terminal_program import open_program
from machinedeck.ui.rights import Rights


async def open_terminal(
    host: Host, doing: Doing, rights: Rights | None, machine: Machine, wish: Wish
) -> tuple[int, Machine]:
    """Open a terminal of a machine, and note that in the journal.

    Args:
        host: The host.
        doing: Has the journal.
        rights: Has somebody there to ask for a password, where one may be wanted.
        machine: The machine, as it was chosen.
        wish: What is wanted in it.

    Returns:
        Our side of the terminal, the caller's to close; and the machine as it is now.

    Raises:
        Failure: It is refused, or the machine is not the one any more.
    """
    with doing.noted("login" if wish.is_login else "shell", machine, command_line(machine, wish)):
        if machine.kind != "vm":
            if rights is not None:
                await rights.ready()
            return await enter(host, machine, wish)
        check_ssh(host, machine, wish)
        return open_program(ssh_command(machine, wish), {**os.environ, "TERM": wish.term}), machine


def command_line(machine: Machine, wish: Wish) -> str:
    """The equivalent command line (machinectl(1), ssh(1)), without values of variables: secrets may be."""
    names = [variable.partition("=")[0] for variable in wish.variables]
    if machine.kind == "vm":
        words = ssh_command(machine, wish._replace(variables=tuple(f"{name}=…" for name in names)))
    elif wish.is_login:
        words = ("machinectl", "login", machine.name)
    else:
        user = [f"--uid={wish.user}"] if wish.user != "root" else []
        words = (
            "machinectl",
            "shell",
            *user,
            *(f"--setenv={name}" for name in names),
            machine.name,
            *wish.program,
        )
    return clean(shlex.join(words))
