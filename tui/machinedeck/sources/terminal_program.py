"""A program of this host on a terminal of its own, as ssh(1) into a virtual machine."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
from collections.abc import Mapping, Sequence

from machinedeck.model.failure import Failure, Kind


async def open_program(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a program; our side of its terminal, the caller's to close. It gets SIGHUP when that is closed.

    It has a session and a controlling terminal of its own (setsid(1)), never the one the console is drawn on.

    Raises:
        Failure: REFUSED, there is no such program, or it cannot be started.
    """
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise Failure(Kind.REFUSED, f"{command[0]} is not on this host.", "Install it first.")
    master, slave = pty.openpty()
    try:
        # The loop takes note of its end; what it has to say of that it says on its terminal
        await asyncio.create_subprocess_exec(
            "setsid", "--ctty", "--wait", program, *command[1:],
            stdin=slave, stdout=slave, stderr=slave, env=dict(environment),
        )  # fmt: skip
    except OSError as error:
        os.close(master)
        raise Failure(Kind.REFUSED, f"{command[0]} cannot be started: {error.strerror}.") from error
    finally:
        os.close(slave)
    return master
