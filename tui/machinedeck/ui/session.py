"""One terminal of a machine: the emulator, and the descriptor that feeds it."""

from __future__ import annotations

from collections.abc import Callable

from machinedeck.term import Pump, PumpOverflowError, Terminal

FIRST_SIZE = (80, 24)
"""Columns and lines until the widget that shows it is laid out."""

ENVIRONMENT = ["TERM=xterm-256color", "COLORTERM=truecolor"]
"""What programs in the machine are told of this terminal."""


class Session:
    """A shell in a machine, running or ended; it lives as long as its tab.

    Args:
        machine: The machine's name, as the service gave it.
        fd: Its terminal; closed by `close`.
    """

    def __init__(self, machine: str, fd: int) -> None:
        self.machine = machine
        self.has_ended = False
        self.on_change: Callable[[], None] = _nobody
        """Called whenever there may be something new to draw."""
        self.terminal = Terminal(*FIRST_SIZE, answer=self._answer)
        self._pump = Pump(fd, on_data=self._on_data, on_end=self._on_end)

    def start(self) -> None:
        """Begin to read, in the running event loop, unless it was closed meanwhile."""
        if not self.has_ended:
            self._pump.start()

    def write(self, data: bytes) -> None:
        """Send what was typed or pasted.

        Raises:
            PumpOverflowError: The machine reads nothing and too much waits already.
        """
        if not self.has_ended and data:
            self._pump.write(data)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size and tell the programs in it (TIOCSWINSZ, tty_ioctl(4))."""
        if (columns, lines) != (self.terminal.columns, self.terminal.lines):
            self.terminal.resize(columns, lines)
        if not self.has_ended:
            self._pump.resize(columns, lines)

    def close(self) -> None:
        """Hang up; programs in it get SIGHUP."""
        self.has_ended = True
        self._pump.close()

    def _answer(self, data: bytes) -> None:
        try:
            self.write(data)
        except PumpOverflowError:
            return  # a machine that asks and asks but reads nothing gets no more answers

    def _on_data(self, data: bytes) -> None:
        self.terminal.feed(data)
        self.on_change()

    def _on_end(self) -> None:
        self.has_ended = True
        self._pump.close()
        self.on_change()


def _nobody() -> None:
    """What is told of changes before anything shows the session."""
