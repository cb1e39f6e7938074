"""What the mouse does: all that keys do, but for what is typed."""

from __future__ import annotations

import pytest

from machinedeck.ui.dialogs.confirm import Confirm
from machinedeck.ui.dialogs.form import Form
from machinedeck.ui.dialogs.menu import ActionMenu
from machinedeck.ui.dialogs.palette import Help
from machinedeck.ui.widgets.key_line import pressed
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def click(deck: Deck, text: str, *, line: str = "") -> None:
    """Click on a text where it stands last on the screen, on a line with another text."""
    lines = deck.screen()
    y = max(at for at, one in enumerate(lines) if text in one and line in one)
    await deck.pilot.click(offset=(lines[y].rindex(text), y))
    await deck.settle()


@pytest.mark.promise("The mouse reaches all that keys do: rows, columns, tabs, keys on the screen, answers")
async def test_keys_on_the_screen_are_clicked(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await click(deck, "? help")
        await until(lambda: isinstance(deck.app.screen, Help), what="the help")
        await deck.press("escape")
        await deck.press("end")
        await click(deck, "a actions")
        await until(lambda: isinstance(deck.app.screen, ActionMenu), what="the menu")
        await click(deck, "Esc leave it alone")
        await until(lambda: deck.app.screen is deck.app.console_screen, what="the menu to go")
        await click(deck, "sort", line="< >")
        assert deck.table("machines").sorted_by == "state"
        await click(deck, "Tab panes")
        assert deck.app.focused is deck.table("images")


async def test_answers_are_clicked(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "t")
        await click(deck, "n leave it alone")
        await deck.until_gone("Terminate web-1?")
        assert ("terminate", "web-1") not in host.calls
        await deck.press("t")
        await until(lambda: isinstance(deck.app.screen, Confirm), what="the question")
        await click(deck, "terminate", line="n leave it alone")
        await until(lambda: ("terminate", "web-1") in host.calls, what="the call")


async def test_forms_are_clicked_through(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "K")
        await until(lambda: isinstance(deck.app.screen, Form), what="the form")
        await click(deck, "< leader >")
        await deck.until_shown("--kill-whom=all")
        await click(deck, "Enter do it")
        await deck.until_shown("Kill web-1?")
        await click(deck, "n leave it alone")
        await deck.until_gone("Kill web-1?")


async def test_labels_of_columns_sort(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await click(deck, "STATE")
        assert deck.table("machines").sorted_by == "state"
        assert deck.shows("STATE▲")
        await click(deck, "STATE▲")
        assert deck.shows("STATE▼")


async def test_marked_rows_move_labels_aside(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("home", "space")
        await click(deck, "MEMORY")
        assert deck.table("machines").sorted_by == "memory"


@pytest.mark.parametrize(
    ("shown", "key"),
    [("?", "question_mark"), ("< >", "greater_than_sign"), ("n N", "n"), ("Ctrl-V", "ctrl+v"),
     ("F12", "f12"), ("Esc", "escape"), ("arrows w b", None), ("", None), ("Ended.", None)],
)  # fmt: skip
def test_what_stands_there_as_a_key(shown: str, key: str | None) -> None:
    found = pressed(shown)
    assert (None if found is None else found.key) == key
