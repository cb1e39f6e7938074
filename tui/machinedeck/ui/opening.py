"""Opening terminals of machines: by the service, or by ssh(1) where the host cannot enter."""

from __future__ import annotations

import os

from machinedeck.core.entering import enter
from machinedeck.core.host import Host
from machinedeck.core.ssh import check_ssh, ssh_command
from machinedeck.model.machine import Machine
from machinedeck.model.wish import Wish
from machinedeck.sources.terminal_program import open_program
from machinedeck.ui.rights import Rights


async def open_terminal(
    host: Host, rights: Rights | None, machine: Machine, wish: Wish
) -> tuple[int, Machine]:
    """Open a terminal of a machine.

    Args:
        host: The host.
        rights: Has somebody there to ask for a password, where one may be wanted.
        machine: The machine, as it was chosen.
        wish: What is wanted in it.

    Returns:
        Our side of the terminal, the caller's to close; and the machine as it is now.

    Raises:
        Failure: It is refused, or the machine is not the one any more.
    """
    if machine.kind != "vm":
        if rights is not None:
            await rights.ready()
        return await enter(host, machine, wish)
    check_ssh(host, machine, wish)
    return open_program(ssh_command(machine, wish), {**os.environ, "TERM": wish.term}), machine
