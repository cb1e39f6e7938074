"""A program of this host on a terminal of its own, as ssh(1) into a virtual machine."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from machinedeck.model.failure import Failure, Kind


def open_program(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a program; our side of its terminal, the caller's to close. It gets SIGHUP when that is closed.

    It has a session and a controlling terminal of its own (setsid(1)), never the one the console is drawn on.
    To be called in the event loop, which takes note of its end; what it has to say it says on its terminal.

    Raises:
        Failure: REFUSED, there is no such program, or it cannot be started.
    """
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise Failure(Kind.REFUSED, f"{command[0]} is not on this host.", "Install it first.")
    try:
        with ExitStack() as undoing, ExitStack() as done_with:
            master, slave = pty.openpty()
            undoing.callback(os.close, master)
            done_with.callback(os.close, slave)
            process = subprocess.Popen(
                ["setsid", "--ctty", program, *command[1:]],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=dict(environment),
            )
            undoing.callback(_end, process)
            _take_note(process)
            undoing.pop_all()
    except OSError as error:
        raise Failure(Kind.REFUSED, f"{command[0]} cannot be started: {error.strerror}.") from error
    return master


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _take_note(process: subprocess.Popen[bytes]) -> None:
    """Have no process left behind that has ended (pidfd_open(2))."""
    loop, pidfd = asyncio.get_running_loop(), os.pidfd_open(process.pid)

    def on_end() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        process.wait()

    loop.add_reader(pidfd, on_end)
