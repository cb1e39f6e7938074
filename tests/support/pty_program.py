"""A program in a real terminal: its own session, a controlling tty, and an emulator that reads its screen."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path

from machinedeck.term import Terminal

TOP = Path(__file__).parents[2]


class PtyProgram:
    """Runs a command on a pty of its own; a context manager that ends it.

    Args:
        command: The program and its arguments.
        size: Columns and lines.
        environment: Variables beside a small fixed set.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (100, 30),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.terminal = Terminal(*size)
        self.output = b""
        """Everything it wrote."""
        self.master, self.slave = pty.openpty()
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.attributes = termios.tcgetattr(self.slave)
        """The terminal's attributes as the program found them."""
        fixed = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": "/", "PATH": os.environ["PATH"]}
        # setsid(1) makes the pty the controlling terminal, so that hangup and job control are real.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**fixed, **(environment or {})},
            cwd=TOP,
        )

    def __enter__(self) -> PtyProgram:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)

    @property
    def screen(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.terminal.display)

    def read(self, seconds: float = 0.05) -> None:
        """Take what it writes within a moment."""
        if select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536)
            self.output += data
            self.terminal.feed(data)

    def wait(self, is_so: Callable[[PtyProgram], object], seconds: float = 20) -> None:
        """Read until something is so.

        Raises:
            AssertionError: It was not in time.
        """
        deadline = time.monotonic() + seconds
        while not is_so(self):
            assert time.monotonic() < deadline, f"not in {seconds} s; the screen:\n{self.screen}"
            self.read()

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Read until a text stands on the screen."""
        self.wait(lambda program: text in program.screen, seconds)

    def send(self, data: bytes) -> None:
        """Type."""
        os.write(self.master, data)

    def wait_end(self, seconds: float = 20) -> int:
        """Read until it ended; its exit code."""
        self.wait(lambda program: program.process.poll() is not None, seconds)
        self.read()
        return self.process.wait()

    def hang_up(self) -> None:
        """Let go of the terminal, as a dropped line does: the kernel sends SIGHUP."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def assert_left_as_found(self) -> None:
        """The terminal is as it was before the program began."""
        modes = self.terminal.modes
        assert not modes.is_alternate
        assert modes.mouse == ""
        assert not modes.bracketed_paste
        assert not modes.focus_events
        assert self.terminal.cursor.is_visible
        assert termios.tcgetattr(self.slave) == self.attributes
