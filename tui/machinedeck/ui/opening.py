"""Opening terminals of machines: by the service, or by ssh(1) where the host cannot enter."""

from __future__ import annotations

import os
import shlex

from machinedeck.core.doing import Doing
from machinedeck.core.entering import enter
from machinedeck.core.host import Host
from machinedeck.core.ssh import check_ssh, ssh_command, terminal_command
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
    # Of variables their names alone are noted: what they hold may be secret
    words = terminal_command(machine, wish._replace(variables=tuple(map(_name, wish.variables))))
    with doing.noted("login" if wish.is_login else "shell", machine, clean(shlex.join(words))):
        if machine.kind != "vm":
            if rights is not None:
                await rights.ready()
            return await enter(host, machine, wish)
        check_ssh(host, machine, wish)
        return open_program(ssh_command(machine, wish), {**os.environ, "TERM": wish.term}), machine


def _name(variable: str) -> str:
    return variable.partition("=")[0]
