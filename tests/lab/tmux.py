"""Programs driven on a terminal: each in a tmux server of its own inside a lab host.

Nothing here sleeps to be safe: a test says what it waits for, and the screen is read until it shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.lab.hanging import told_by_console
from tests.lab.host import LabHost
from tests.lab.place import LabError, wait_until

#: As an operator would have it, less what makes screens differ: no status line, no delay after escape.
SETTINGS = """
set -g status off
set -g default-terminal tmux-256color
set -g escape-time 0
set -g remain-on-exit on
set -g remain-on-exit-format ""
set -g allow-rename off
"""

FIELDS = (
    *("cursor_x", "cursor_y", "cursor_flag", "pane_width", "pane_height", "alternate_on"),
    *("pid", "pane_dead", "pane_dead_status", "pane_dead_signal", "pane_title", "pane_pid"),
)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Screen:
    """What a terminal shows at one moment."""

    lines: tuple[str, ...]
    columns: int
    cursor: tuple[int, int]
    cursor_shown: bool
    alternate: bool
    title: str
    #: None while the program runs, else its exit status; less than zero where a signal ended it.
    status: int | None
    #: The program's process.
    pid: str

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    def __contains__(self, text: str) -> bool:
        return text in self.text

    def find(self, text: str) -> tuple[int, int]:
        """Where a text begins: its column and line."""
        for y, line in enumerate(self.lines):
            if text in line:
                return line.index(text), y
        raise LabError(f"{text!r} is not on the screen:\n{self.framed()}")

    def framed(self) -> str:
        """The screen in a frame, for a failure's message."""
        edge = "+" + "-" * self.columns + "+"
        state = "running" if self.status is None else f"exited with {self.status}"
        rows = [f"|{line.ljust(self.columns)}|" for line in self.lines]
        return "\n".join([edge, *rows, edge, f"{state}, cursor {self.cursor}, title {self.title!r}"])


class Terminal:
    """A program on a terminal in a lab host; a context manager that ends both."""

    def __init__(
        self,
        host: LabHost,
        *command: str,
        columns: int = 120,
        lines: int = 40,
        user: str | None = None,
        **environment: str,
    ) -> None:
        """Name the program; it is started by start or on entering."""
        self.host = host
        self.name = f"lab-tmux-{next(_numbers)}"
        self.user = user
        self._command = command
        self._size = columns, lines
        self._environment = environment

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the program in a unit of its own, so that it is where a login's processes would be: apart."""
        settings = self.host.root / "run" / f"{self.name}.conf"
        settings.write_text(SETTINGS)
        home = self._home
        environment = {"HOME": home, "LANG": "C.UTF-8", "SHELL": "/bin/bash"} | self._environment
        words = ["systemd-run", "--quiet", f"--unit={self.name}", "--property=Type=forking", "--collect"]
        # A program that does not end when asked fails the test that asks it, not the end of every other.
        words += ["--property=KillSignal=SIGKILL"]
        words += [f"--property=WorkingDirectory={home}", *([f"--uid={self.user}"] if self.user else [])]
        words += [f"--setenv={name}={value}" for name, value in environment.items()]
        columns, lines = (str(number) for number in self._size)
        words += ["tmux", "-L", self.name, "-f", f"/run/{self.name}.conf"]
        words += ["new-session", "-d", "-x", columns, "-y", lines, "--", *self._command]
        self.host.ask(*words)

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names: "Enter", "C-q", "F1", "M-x", "Up", "a"."""
        self._tmux("send-keys", "--", *names)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._tmux("send-keys", "-l", "--", text)

    def click(self, x: int, y: int, button: int = 0) -> None:
        """Press and release a mouse button over a cell, as a terminal in SGR mouse mode reports it."""
        self.type(f"\x1b[<{button};{x + 1};{y + 1}M\x1b[<{button};{x + 1};{y + 1}m")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._size = columns, lines
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self, *, styled: bool = False) -> Screen:
        """What the terminal shows now; styled leaves the escape sequences for colours and the like in."""
        facts = "\t".join(f"#{{{field}}}" for field in FIELDS)
        capture = ["capture-pane", "-p", *(["-e"] if styled else [])]
        said = self._tmux("display-message", "-p", facts, ";", *capture)
        first, *lines = said.removesuffix("\n").split("\n")
        fact = dict(zip(FIELDS, first.split("\t"), strict=True))
        status = _status(fact["pane_dead_status"], fact["pane_dead_signal"])
        if fact["pane_dead"] == "1" and status is None:
            # tmux 3.3a now and then misses that its child ended, and leaves it a zombie.
            self.host.run("kill", "-CHLD", fact["pid"])
        height = int(fact["pane_height"])
        return Screen(
            lines=tuple((lines + [""] * height)[:height]),
            columns=int(fact["pane_width"]),
            cursor=(int(fact["cursor_x"]), int(fact["cursor_y"])),
            cursor_shown=fact["cursor_flag"] == "1",
            alternate=fact["alternate_on"] == "1",
            title=fact["pane_title"],
            status=status,
            pid=fact["pane_pid"],
        )

    def wait_for(self, wanted: str | Callable[[Screen], bool], timeout: float = 60) -> Screen:
        """Read the screen until it shows a text or fits a condition, and return it.

        Raises:
            AssertionError: it did not in time; the message holds the screen.
        """
        seen = [self.screen()]

        def fits() -> bool:
            seen[0] = self.screen()
            return wanted in seen[0] if isinstance(wanted, str) else wanted(seen[0])

        try:
            wait_until(fits, "the screen fits", timeout)
        except LabError as error:
            told = repr(wanted) if isinstance(wanted, str) else "what the condition asks"
            message = f"not within {timeout} s: {told}\n{seen[0].framed()}"
            raise AssertionError(f"{message}\n{self._busy_with(seen[0])}") from error
        return seen[0]

    def wait_gone(self, text: str, timeout: float = 60) -> Screen:
        """Read the screen until a text is no longer on it."""
        return self.wait_for(lambda screen: text not in screen, timeout)

    def wait_exit(self, timeout: float = 60) -> Screen:
        """Read the screen until the program has ended; its status is in what is returned."""
        return self.wait_for(lambda screen: screen.status is not None, timeout)

    def _busy_with(self, screen: Screen) -> str:
        """What holds up a console that runs; "" of any other program."""
        if self._command[0] != "machinedeck" or screen.status is not None or not screen.alternate:
            return ""
        return told_by_console(self.host, screen.pid, self._state)

    @property
    def _home(self) -> str:
        return f"/home/{self.user}" if self.user else "/root"

    @property
    def _state(self) -> str:
        return self._environment.get(
            "XDG_STATE_HOME", f"{self._environment.get('HOME', self._home)}/.local/state"
        )

    def kill(self) -> None:
        """End the program, its terminal and all they started."""
        self.host.run("systemctl", "stop", f"{self.name}.service", check=False)
        (self.host.root / "run" / f"{self.name}.conf").unlink(missing_ok=True)

    def _tmux(self, *words: str) -> str:
        return self.host.run("tmux", "-L", self.name, *words, user=self.user).stdout


def _status(status: str, signal: str) -> int | None:
    if signal:
        return -int(signal)
    # It shows as dead already when its terminal is closed, a moment before its status is known.
    return int(status) if status else None
