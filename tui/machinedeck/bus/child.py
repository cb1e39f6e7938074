"""The service as a child process of the console: starting it, and what it says before it ends.

Nothing heavy is imported here: the child is started first, and gets ready while the console does.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Protocol

from machinedeck.model.failure import Failure, Kind

DEMO_SEED = 1
"""What the made-up estate is drawn from where nobody says otherwise: the same one each time."""

LOG_BYTES = 4096
"""How much of the end of what it wrote is looked at."""

MAX_FDS = 1024
"""More descriptors than we have open when the service is forked off."""

Command = Callable[[int], Sequence[str]]
"""The command line of a service that serves the client at a descriptor."""

MODULE = "machined"
"""What Python runs as our service."""


def service_command(arguments: Sequence[str]) -> list[str]:
    """The command line of our service, in this Python and deaf to the environment's (`-I`, python(1))."""
    return [sys.executable, "-I", "-m", MODULE, *arguments]


def demo_arguments(seed: int, fd: int) -> list[str]:
    """What our service is told, to serve a simulated host to the client at a descriptor."""
    return ["--demo", "--seed", str(seed), "--client-fd", str(fd)]


def demo_command(seed: int) -> Command:
    """The command line of our service on a simulated host."""
    return lambda fd: service_command(demo_arguments(seed, fd))


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
        def start(theirs: int, log: int) -> Process:
            return subprocess.Popen(
                command(theirs),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(theirs,),
                start_new_session=True,
            )

        self._begin(start)

    @classmethod
    def demo(cls, seed: int) -> Child:
        """The service of a simulated host, forked off this process before it has threads or an event loop.

        What both need is imported once: a demo starts a third faster than with a Python of its own.

        Raises:
            Failure: It could not be started (`OWN_SERVICE`).
        """
        child = cls.__new__(cls)
        child._begin(lambda theirs, log: Fork(lambda: _run_demo(seed, theirs, log)))
        return child

    def _begin(self, start: Callable[[int, int], Process]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket: socket.socket | None = ours
        self._log = os.memfd_create("service")
        try:
            with theirs:
                self._process = start(theirs.fileno(), self._log)
        except OSError as error:
            ours.close()
            os.close(self._log)
            raise Failure(Kind.OWN_SERVICE, f"The service could not be started: {error}.") from error

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


class Process(Protocol):
    """A child process, as `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, negative the signal that ended it, `None` while it runs; never waits."""

    def wait(self) -> int | None:
        """Wait for its end; its exit code."""


class Fork:
    """A child process without a program of its own (fork(2)).

    Args:
        run: What it does; it returns the exit code. Nothing of ours is cleaned up in the child.
    """

    def __init__(self, run: Callable[[], int]) -> None:
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                code = run()
            except BaseException:  # noqa: BLE001
                # Whatever it is, it must not go up into the program that this was forked from
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)

    def poll(self) -> int | None:
        """See `Process`."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """See `Process`."""
        return self._reap(0)

    def _reap(self, options: int) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code


def _run_demo(seed: int, theirs: int, log: int) -> int:
    """Be the service of a simulated host, in a process that was just forked."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for source, target in ((null, 0), (null, 1), (log, 2)):
        os.dup2(source, target)
    # Descriptors of the console would outlive it in here, its end of the socket among them
    os.closerange(3, theirs)
    os.closerange(theirs + 1, MAX_FDS)
    sys.argv = [MODULE, *demo_arguments(seed, theirs)]
    return int(importlib.import_module(f"{MODULE}.__main__").main())
