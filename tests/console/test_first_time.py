"""The first-time operator's task, with the keys that the screen names and no others."""

from __future__ import annotations

import re

import pytest

from machinedeck.model.machine import State
from tests.console.test_acting import deck_on_demo, ended
from tests.support.demo_deck import DemoDeck
from tests.support.waiting import until

MOST_KEYS = 20

FRAMES = str.maketrans("┃│", "  ")

NAMES = {"<": "less_than_sign", ">": "greater_than_sign", "Enter": "enter", "F12": "f12"}
"""Keys as the screen writes them, and as Textual does."""


class Newcomer:
    """Somebody who reads the screen before each key, and counts the keys."""

    def __init__(self, deck: DemoDeck) -> None:
        self._deck = deck
        self.count = 0

    async def press(self, *keys: str) -> None:
        """Press keys that every list has: arrows, Home."""
        self.count += len(keys)
        await self._deck.press(*keys)

    async def do(self, what: str, which: int = 0) -> None:
        """Press the key that the screen names for something; of several, `which`."""
        keys = [NAMES.get(key, key) for key in self._named(what)]
        await self.press(keys[which])

    def _named(self, what: str) -> list[str]:
        lines = self._deck.screen()
        is_asked = self._deck.app.screen is not self._deck.app.console_screen
        for line in lines if is_asked else reversed(lines):  # a dialog is read before what is below it
            line = line.translate(FRAMES)  # noqa: PLW2901
            if match := re.search(rf"(?:^| )((?:\S+ )?\S+) {re.escape(what)}(?= |$)", line):
                words = match[1].split()
                keys = words if all(len(word) == 1 for word in words) else words[-1:]
                if all(len(key) == 1 or key in NAMES for key in keys):
                    return keys
        raise AssertionError(f"no key for {what!r} on:\n" + "\n".join(self._deck.screen()))


@pytest.mark.promise("A newcomer finds what eats memory, its processes, a shell, and restarts it, in 20 keys")
async def test_find_what_eats_memory_and_restart_it() -> None:
    async with deck_on_demo((80, 24)) as deck:
        newcomer = Newcomer(deck)
        while "MEMORY▼" not in "\n".join(deck.screen()):
            await newcomer.do("sort", 1)
        await newcomer.press("home", "down")  # the first is a virtual machine, as its name says
        name = deck.table("machines").current
        assert name == "db-primary"

        await newcomer.do("details")
        assert deck.shows("processes")
        assert deck.shows("postgres")
        await newcomer.do("back")

        await newcomer.do("shell")
        await until(lambda: deck.app.console_screen.shells.current is not None, what="a shell")
        await deck.until_prompt()
        await newcomer.do("leave")

        before = deck.app.store.registered[name].identity
        await newcomer.do("restart")
        assert deck.shows("All that runs in db-primary ends, and is started anew.")
        await newcomer.do("restart")
        await ended(deck, "db-primary is up again.")
        now = deck.app.store.registered[name]
        assert now.identity != before
        assert now.state is State.RUNNING
        assert newcomer.count <= MOST_KEYS
