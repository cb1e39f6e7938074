"""Somebody who never saw the console, on a real host: with the keys that the screen names and no others."""

from __future__ import annotations

import re

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_image, machine_property, sleeper, start_machine
from tests.lab.tmux import Screen, Terminal

pytestmark = pytest.mark.lab("trixie")

MOST_KEYS = 20

FRAMES = str.maketrans("┃│", "  ")

EATER = "x = bytearray(150 << 20); import time; time.sleep(4242)"


class Newcomer:
    """Somebody who reads the screen before each key, and counts the keys."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.count = 0

    def press(self, *keys: str) -> None:
        """Press keys that every list has: arrows, Home."""
        self.count += len(keys)
        self.terminal.keys(*keys)

    def do(self, what: str, which: int = 0) -> None:
        """Press the key that the screen names for something, once it does; of several, `which`."""
        screen = self.terminal.wait_for(lambda screen: bool(keys_for(screen, what)))
        self.press(keys_for(screen, what)[which])

    def sees(self, text: str) -> Screen:
        """Wait until the screen shows a text."""
        return self.terminal.wait_for(text)


def keys_for(screen: Screen, what: str) -> list[str]:
    """The keys that the screen names for something; a dialog is read before what is below it."""
    lines = [line.translate(FRAMES) for line in screen.lines]
    is_asked = any("╭" in line[1:-1] and not line.startswith("╭") for line in screen.lines)
    for line in lines if is_asked else reversed(lines):
        if match := re.search(rf"(?:^| )((?:\S+ )?\S+) {re.escape(what)}(?= |$)", line):
            words = match[1].split()
            keys = words if all(len(word) == 1 for word in words) else words[-1:]
            if all(len(key) == 1 or key in {"Enter", "F12"} for key in keys):
                return keys
    return []


@pytest.mark.promise("A newcomer finds what eats memory, its processes, a shell, and restarts it, in 20 keys")
def test_find_what_eats_memory_and_restart_it(deck: LabHost) -> None:
    add_image(deck, "hungry")
    start_machine(deck, "hungry")
    deck.ask("systemd-run", "--quiet", "--machine=hungry", "python3", "-c", EATER)
    with (
        sleeper(deck, "alpha"),
        sleeper(deck, "zeta"),
        Terminal(deck, "machinedeck", columns=80, lines=24) as terminal,
    ):
        newcomer = Newcomer(terminal)
        newcomer.sees("● live")
        for name in ("alpha", "zeta"):
            newcomer.sees(f"│{name} ")
        while "MEMORY▼" not in terminal.screen():
            before = heading(terminal.screen())
            newcomer.do("sort", 1)
            terminal.wait_for(lambda screen, before=before: heading(screen) != before)
        terminal.wait_for(lambda screen: re.match(r"│hungry .*\d[MG] ", first_row(screen)) is not None)
        newcomer.press("Home")
        newcomer.do("details")
        newcomer.sees("processes")
        newcomer.sees("bytearray")
        newcomer.do("back")
        newcomer.do("shell")
        newcomer.sees("root@hungry")
        newcomer.do("leave")
        before = machine_property(deck, "hungry", "Leader")
        newcomer.do("restart")
        newcomer.sees("All that runs in hungry ends, and is started anew.")
        newcomer.do("restart")
        newcomer.sees("hungry is up again.")
        assert machine_property(deck, "hungry", "Leader") != before
        assert newcomer.count <= MOST_KEYS


def heading(screen: Screen) -> str:
    """The line of headings of the first list."""
    return next((line for line in screen.lines if line.startswith("│NAME")), "")


def first_row(screen: Screen) -> str:
    """The first line of the first list."""
    at = next((at for at, line in enumerate(screen.lines) if line.startswith("│NAME")), None)
    return "" if at is None else screen.lines[at + 1]
