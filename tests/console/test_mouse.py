"""What the mouse does: all that keys do, but for what is typed."""

from __future__ import annotations

import pytest
from textual.keys import _character_to_key

from machinedeck.ui.dialogs.confirm import Confirm
from machinedeck.ui.dialogs.form import Form
from machinedeck.ui.dialogs.menu import ActionMenu
from machinedeck.ui.dialogs.palette import Help
from machinedeck.ui.lines import key_name
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


async def test_a_click_beside_the_answers_is_none(console: Open, host: FakeHost) -> None:
    """One beside the first line of the question of the clipboard would have allowed it for good."""
    async with console() as deck:
        await deck.press("end", "t")
        await until(lambda: isinstance(deck.app.screen, Confirm), what="the question")
        lines = deck.screen()
        y = next(at for at, line in enumerate(lines) if "n leave it alone" in line)
        yes, no = lines[y].index("y terminate"), lines[y].index("n leave it alone")
        for x in (yes - 1, yes + len("y terminate"), no - 2, no - 1, no + len("n leave it alone")):
            await deck.pilot.click(offset=(x, y))
            await deck.settle()
            assert isinstance(deck.app.screen, Confirm), x
        await deck.pilot.click(offset=(no + len("n leave"), y))  # the blank between its words
        await deck.until_gone("Terminate web-1?")
        assert ("terminate", "web-1") not in host.calls


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


@pytest.mark.parametrize(
    "key",
    ["f12", "shift+f5", "ctrl+g", "ctrl+right_square_bracket", "ctrl+backslash", "ctrl+underscore",
     "ctrl+minus", "alt+slash", "ctrl+alt+x", "insert", "pageup", "space", "escape", "shift+tab",
     *(_character_to_key(chr(code)) for code in range(33, 127))],
)  # fmt: skip
def test_every_key_that_can_be_set_is_that_key_where_it_stands(key: str) -> None:
    found = pressed(key_name(key))
    assert found is not None
    assert found.key == key
    assert " " not in key_name(key)
