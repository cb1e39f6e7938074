"""Entering machines: the terminal that was opened is one of the very run of a machine that was meant."""

from __future__ import annotations

import os

from machined.contract import HOST_MACHINE
from machinedeck.core.host import Host
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish


async def enter(host: Host, machine: Machine, wish: Wish) -> tuple[int, Machine]:
    """Open a terminal of a machine, as it was chosen.

    The service opens terminals by name, and may ask for a password first: by then another machine may have
    the name. So it is looked at before, for the sake of what a wished command would do there, and after: one
    that is still the same has been it all the time.

    Returns:
        The terminal, the caller's to close; and the machine as it is now.

    Raises:
        Failure: NOT_THERE, it ended or was started anew; or what `Host.open_terminal` says.
    """
    if machine.name == HOST_MACHINE or not machine.timestamp_monotonic:
        # There is one host; and of what was not looked at yet, nobody has meant this run or that
        return await host.open_terminal(wish), machine
    await _same(host, machine)
    fd = await host.open_terminal(wish)
    try:
        return fd, await _same(host, machine)
    except BaseException:
        os.close(fd)
        raise


async def _same(host: Host, machine: Machine) -> Machine:
    """The machine as it is now, where it is the one that is meant."""
    now = await host.properties(machine)
    if now.identity != machine.identity:
        raise Failure(
            Kind.NOT_THERE,
            f"{clean(machine.name)} is not the machine it was: it ended, or was started anew.",
            "No terminal was opened. Look at it again first.",
        )
    return now
