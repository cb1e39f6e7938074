"""The service as a child process of the console: starting it, and what it says before it ends.

Nothing heavy is imported here: the child is started first, and gets ready while the console does.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from machinedeck.model.failure import Failure, Kind

DEMO_SEED = 1
"""What the made-up estate is drawn from where nobody says otherwise: the same one each time."""

LOG_BYTES = 4096
"""How much of the end of what it wrote is looked at."""

Command = Callable[[int], Sequence[str]]
"""The command line of a service that serves the client at a descriptor."""


def service_command(arguments: Sequence[str]) -> list[str]:
    """The command line of our service, in this Python and deaf to the environment's (`-I`, python(1))."""
    return [sys.executable, "-I", "-m", "machined", *arguments]


def demo_command(seed: int) -> Command:
    """The command line of our service on a simulated host."""
    return lambda fd: service_command(["--demo", "--seed", str(seed), "--client-fd", str(fd)])


class Child:
    """A service that runs for us alone and ends when its socket does, however we end.

    It has a session of its own, so that keys of our terminal do not end it (setsid(2)), and what it
    writes to its standard error is kept in memory (memfd_create(2)).

    Args:
        command: Its command line.

    Raises:
        Failure: It could not be started (`OWN_SERVICE`).
    """

    def __init__(self, command: Command) -> None:
        try:
            with ExitStack() as undo:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                undo.enter_context(ours)
                with theirs:
                    self._log = os.memfd_create("service")
                    undo.callback(os.close, self._log)
                    self._process = subprocess.Popen(
                        command(theirs.fileno()),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=self._log,
                        pass_fds=(theirs.fileno(),),
                        start_new_session=True,
                    )
                undo.pop_all()
        except OSError as error:
            raise Failure(Kind.OWN_SERVICE, f"The service could not be started: {error}.") from error
        self._socket: socket.socket | None = ours

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_taken(self) -> bool:
        """Whether its socket was given away: it serves one client, once."""
        return self._socket is None

    def take_socket(self) -> socket.socket:
        """Our end of its socket, the caller's from now on."""
        if self._socket is None:
            raise ValueError("the socket was taken already")
        taken, self._socket = self._socket, None
        return taken

    def poll(self) -> int | None:
        """Its exit code, negative the signal that ended it, `None` while it runs; never waits."""
        return self._process.poll()

    def last_words(self) -> str:
        """The last line it wrote to its standard error, raw; "" if none."""
        size = os.fstat(self._log).st_size
        data = os.pread(self._log, LOG_BYTES, max(0, size - LOG_BYTES))
        lines = data.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def hang_up(self) -> None:
        """Let go of its socket, if nobody took it; the service ends of it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def finish(self) -> None:
        """End it by force if it runs yet, and let go of all that is left of it."""
        self.hang_up()
        if self._process.poll() is None:
            # It leads a group of its own: what it started goes with it (kill(2)).
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._log)
