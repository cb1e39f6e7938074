"""An operator at the console: goes to rows, answers dialogs, and reads what was told and noted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tests.lab.host import LabHost
from tests.lab.place import wait_until
from tests.lab.tmux import Screen, Terminal

PANES = {"machines": "1", "images": "2", "pool": "3"}

#: A word of each list's line of headings, and of no other's.
HEADINGS = {"machines": " STATE ", "images": " TYPE "}

#: Keys that are pressed for "yes, do it" in a dialog that asks once more.
YES = "y"


JOURNAL = "What was done from here"
"""The title of the journal's screen."""

LONGEST_NOTICE = 45
"""Seconds until a notice is gone, that of a failure too."""


ESCAPE = "\x1b[27u"
"""Escape as terminals with kitty's protocol send it: what is typed behind it cannot belong to it."""


class Noted(NamedTuple):
    """A line of the journal's file."""

    action: str
    subject: str
    result: str
    command: str


class Operator:
    """Somebody at a console that runs in a terminal of a host."""

    def __init__(self, terminal: Terminal) -> None:
        """Take the keys of a console that shows its lists."""
        self.terminal = terminal
        self.host = terminal.host
        home = f"/home/{terminal.user}" if terminal.user else "/root"
        self._journal = self.host.root / home[1:] / ".local/state/machinedeck/journal.jsonl"
        self._seen = len(self._lines())

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names, each after the other."""
        self.terminal.keys(*keys)

    def sees(self, text: str, timeout: float = 60) -> Screen:
        """Wait until the screen shows a text."""
        return self.terminal.wait_for(text, timeout)

    def row(self, pane: str, name: str) -> str:
        """The line of a machine or image in its list; "" if it is not there."""
        return next((line for line in self._rows(pane, self.terminal.screen()) if _is_of(line, name)), "")

    def sees_row(self, pane: str, name: str, *texts: str, timeout: float = 90) -> str:
        """Wait until a machine or image is listed with some texts beside its name; its line."""

        def is_so(screen: Screen) -> bool:
            lines = [line for line in self._rows(pane, screen) if _is_of(line, name)]
            return bool(lines) and all(text in lines[0] for text in texts)

        return next(
            line for line in self._rows(pane, self.terminal.wait_for(is_so, timeout)) if _is_of(line, name)
        )

    def go(self, pane: str, name: str = "") -> None:
        """Go to a pane, and there to a machine or image."""
        self.press(PANES[pane])
        if name:
            self.press("Home")
            screen = self.terminal.wait_for(
                lambda screen: any(_is_of(line, name) for line in self._rows(pane, screen))
            )
            at = next(at for at, line in enumerate(self._rows(pane, screen)) if _is_of(line, name))
            if at:
                self.press(*["Down"] * at)

    def answer(self, *answers: str) -> None:
        """Fill in the lines of a dialog, and send it off."""
        for at, text in enumerate(answers):
            if at:
                self.press("Tab")
            self.terminal.type(text)
        self.press("Enter")

    def do(self, key: str, question: str, *keys: str, told: str, timeout: float = 120) -> None:
        """Press an action's key, read its dialog, press the keys that answer it, and wait for the end."""
        with self.ending(told, timeout):
            self.press(key)
            if question:
                self.sees(question)
            if keys:
                self.press(*keys)

    def ask(self, key: str, question: str, *answers: str, told: str, timeout: float = 120) -> None:
        """Press an action's key, fill in its dialog, and wait for the end."""
        with self.ending(told, timeout):
            self.press(key)
            self.sees(question)
            self.answer(*answers)

    @contextmanager
    def ending(self, told: str, timeout: float = 120) -> Iterator[None]:
        """Do something, and wait until its end is noted and told, after any older notice of it."""
        self.terminal.wait_gone(told, LONGEST_NOTICE)
        before = self._ended()
        yield
        wait_until(lambda: self._ended() > before, f"the end of what tells {told!r}", timeout)
        self.sees(told)

    def nothing_opened(self) -> None:
        """See that the lists have the keys: in a dialog or a terminal none opens the journal."""
        self.press("J")
        self.sees(JOURNAL)
        self.press("Escape")
        self.terminal.wait_gone(JOURNAL)

    def begin_anew(self) -> None:
        """Leave what a test that failed was at, and forget what it did."""
        self.terminal.type(ESCAPE * 2)
        self.nothing_opened()
        self.noted()

    @contextmanager
    def shell(self, key: str = "Enter") -> Iterator[None]:
        """Be in a shell of the machine under the cursor; it is ended after."""
        self.press(key)
        self.sees("F12 leave")
        self.sees("root@")
        yield
        self.terminal.type("exit\n")
        self.sees("Enter close")
        self.press("Enter")
        self.sees("─ Machines")

    def noted(self) -> list[Noted]:
        """What ended since the last look, as the journal's file has it."""
        facts = [fact for fact in map(json.loads, self._lines()[self._seen :]) if fact["result"]]
        self._seen = len(self._lines())
        return [Noted(*(fact[name] for name in Noted._fields)) for fact in facts]

    def _ended(self) -> int:
        return sum(bool(json.loads(line)["result"]) for line in self._lines())

    def _lines(self) -> Sequence[str]:
        return self._journal.read_text().splitlines() if self._journal.exists() else []

    def _rows(self, pane: str, screen: Screen) -> list[str]:
        """The lines of a list below its headings."""
        lines = list(screen.lines)
        first = next((at for at, line in enumerate(lines) if "NAME" in line and HEADINGS[pane] in line), None)
        if first is None:
            return []
        rows = []
        for line in lines[first + 1 :]:
            if not line.startswith(("│", "┃")):
                break
            rows.append(line[1:])
        return rows


def _is_of(line: str, name: str) -> bool:
    return line.startswith(f"{name} ")


@contextmanager
def at_console(
    host: LabHost, *options: str, user: str | None = None, **environment: str
) -> Iterator[Operator]:
    """An operator at a console of 120 by 40 cells, which shows its first list."""
    with Terminal(host, "machinedeck", "--bus", "system", *options, user=user, **environment) as terminal:
        terminal.wait_for("● live")
        terminal.wait_for("│.host ")
        yield Operator(terminal)
