"""One terminal of a machine: the emulator, the descriptor that feeds it, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from machinedeck.core.ssh import is_user_name
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean
from machinedeck.model.wish import Wish
from machinedeck.term import Pump, Terminal
from machinedeck.term.slicing import Slicer, Turns
from machinedeck.ui.consent import ClipboardWrite, clipboard_write

FIRST_SIZE = (80, 24)
"""Columns and lines until the widget that shows it is laid out."""

ANSWERS_LIMIT = 65536
"""Bytes that may wait for a machine to read them while it is still answered."""

LONGEST_USER = 32
"""Characters of a user's name (useradd(8))."""

SCROLLBACK = 10_000
"""Lines that are kept unless something else is set."""

_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})")
"""How a character that would end a field of a context is written (OSC 3008)."""


class Session:
    """A shell or login prompt of a machine, running or ended; it lives as long as its tab.

    Args:
        machine: The machine, as it was when it was entered: this very run of it.
        wish: What was asked for.
        fd: Its terminal; closed by `close`.
        turns: What all sessions of a loop share their time by.
        scrollback: How many lines that scrolled off are kept.
    """

    def __init__(
        self, machine: Machine, wish: Wish, fd: int, turns: Turns, scrollback: int = SCROLLBACK
    ) -> None:
        self.identity = machine.identity
        self.wish = wish
        self.name = ""
        """What the operator calls it; "" for nothing special."""
        self._has_begun = False
        self.has_ended = False
        self.ending = ""
        """How it ended, as far as the machine told."""
        self.has_activity = False
        """Whether something came while it was not seen."""
        self.has_rung = False
        """Whether the bell rang while it was not seen."""
        self.clipboard: ClipboardWrite | None = None
        """What the machine wants in the operator's clipboard, until that is answered."""
        self.on_change: Callable[[], None] = _nobody
        """Called whenever there may be something new to draw."""
        self.terminal = Terminal(*FIRST_SIZE, scrollback=scrollback, answer=self._answer)
        self._slicer = Slicer(self.terminal.feed, turns, self._on_fed)
        # A getty hangs its terminal up before each login: only the machine's end ends a login prompt.
        self._pump = Pump(
            fd, on_data=self._slicer.take, on_end=self._on_hang_up, outlives_hangups=wish.is_login
        )
        self._slicer.attach(self._pump)

    @property
    def machine(self) -> str:
        """The machine's name, as the service gave it."""
        return self.identity.name

    @property
    def waiting(self) -> int:
        """Bytes that were read and are not parsed yet."""
        return self._slicer.waiting

    @property
    def label(self) -> str:
        """What it is called: as the operator likes, else by its machine, and by its user if that is not root.

        A machine changes the user's name alone: what else it says of itself stands behind it (`title`).
        """
        if self.name:
            return self.name
        user = self._user
        who = f"{user}@{self.machine}" if user and user != "root" else self.machine
        return clean(f"{who} login" if self.wish.is_login else who)

    @property
    def _user(self) -> str:
        if self.wish.is_login:
            return ""
        told = self._field("user")
        # A machine may say anything: only what is a user's name becomes part of what the tab is called
        return told if len(told) <= LONGEST_USER and is_user_name(told) else self.wish.user

    def _field(self, name: str) -> str:
        """What the innermost context of systemd's that has it says of something; "" for nothing."""
        for context in reversed(self.terminal.screen.contexts):
            for key, value in context.fields:
                if key == name and value:
                    return clean(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), value))
        return ""

    @property
    def title(self) -> str:
        """What its programs call it, without the user and machine that shells put in front; may be ""."""
        title = clean(self.terminal.title)
        head, colon, rest = title.partition(": ")
        if colon and "@" in head and " " not in head:
            title = rest
        return (title or self._field("cmdline")).strip()

    def start(self) -> None:
        """Begin to read, in the running event loop, unless that began before or it was closed meanwhile."""
        if not self.has_ended and not self._has_begun:
            self._has_begun = True
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

    def seen(self) -> None:
        """It is looked at: what was new is not any more."""
        self.has_activity = self.has_rung = False

    def end(self, how: str) -> None:
        """Its machine is gone: it takes nothing more; what it showed stays."""
        if not self.has_ended:
            self.ending = how
            self.close()
            self.on_change()

    def close(self) -> None:
        """Hang up; programs in it get SIGHUP."""
        self.has_ended = True
        self._slicer.drop()
        self._pump.close()

    def _answer(self, data: bytes) -> None:
        # A machine that asks and asks but reads nothing gets no more answers: keys would wait behind them.
        if self._pump.waiting < ANSWERS_LIMIT:
            self.write(data)

    def _on_fed(self) -> None:
        screen = self.terminal.screen
        if screen.clipboard is not None:
            self.clipboard, screen.clipboard = clipboard_write(screen.clipboard.text), None
        self.on_change()

    def _exit_code(self) -> int | None:
        """The exit code that the machine told last, of a context of systemd's or else of a command."""
        status = dict(self.terminal.screen.ended).get("status", "")
        if status.isascii() and status.isdecimal() and len(status) <= 3:
            return int(status)
        return self.terminal.screen.exit_code

    def _on_hang_up(self) -> None:
        # Nothing more comes; what was read before is parsed first.
        self._slicer.finish(self._on_end)

    def _on_end(self) -> None:
        code = self._exit_code()
        self.ending = "" if code is None else f"exit code {code}"
        self.close()
        self.on_change()


def _nobody() -> None:
    """What is told of changes before anything shows the session."""
