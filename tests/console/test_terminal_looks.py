"""How a machine's terminal looks: colours that it changed, shapes of its cursor, links."""

from __future__ import annotations

import os

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from machinedeck.ui.widgets.terminal import TerminalView
from tests.console.conftest import Open
from tests.console.test_shells import enter
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def view_after(deck: Deck, host: FakeHost, data: bytes) -> TerminalView:
    """The view of a shell that has written something."""
    await enter(deck)
    os.write(host.masters[-1], data + b"\x1b]2;written\x07")
    view = deck.app.console_screen.shells.current
    assert view is not None
    await until(lambda: view.session.terminal.title == "written")
    await deck.settle()
    return view


def cell(view: TerminalView, x: int, y: int) -> tuple[str, Style]:
    """The text and look of one cell as it is drawn."""
    ((text, style, _),) = view.render_line(y).crop(x, x + 1)
    return text, style or Style()


def triplet(style: Style, *, is_background: bool = False) -> tuple[int, int, int]:
    """A colour of a look as red, green and blue."""
    colour = style.bgcolor if is_background else style.color
    assert colour is not None
    assert colour.triplet is not None
    return tuple(colour.triplet)


async def test_colours_of_the_palette_that_the_machine_changed(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(
            deck, host, b"\x1b]4;1;#102030;200;rgb:01/02/03\x07\x1b[31mA\x1b[32mB\x1b[48;5;200mC\x1b[0m\r\n"
        )
        assert triplet(cell(view, 0, 0)[1]) == (0x10, 0x20, 0x30)
        assert triplet(cell(view, 2, 0)[1], is_background=True) == (1, 2, 3)
        colour = cell(view, 1, 0)[1].color
        assert colour is not None
        assert colour.number == 2
        os.write(host.masters[-1], b"\x1b]104\x07\x1b]2;reset\x07")
        await until(lambda: view.session.terminal.title == "reset")
        await deck.settle()
        colour = cell(view, 0, 0)[1].color
        assert colour is not None
        assert colour.number == 1


async def test_default_colours_that_the_machine_changed(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"\x1b]10;#aabbcc\x07\x1b]11;#001122\x07x\r\n")
        text, style = cell(view, 0, 0)
        assert (text, triplet(style), triplet(style, is_background=True)) == (
            "x",
            (0xAA, 0xBB, 0xCC),
            (0, 0x11, 0x22),
        )
        assert triplet(cell(view, 70, 5)[1], is_background=True) == (0, 0x11, 0x22)
        os.write(host.masters[-1], b"\x1b]110\x07\x1b]111\x07\x1b]2;reset\x07")
        await until(lambda: view.session.terminal.title == "reset")
        await deck.settle()
        assert triplet(cell(view, 0, 0)[1], is_background=True) == (0x0C, 0x0C, 0x0C)


@pytest.mark.parametrize(
    ("shape", "text", "is_reverse", "is_underlined", "blinks"),
    [
        (0, "x", True, False, False),
        (1, "x", True, False, True),
        (2, "x", True, False, False),
        (3, "x", False, True, True),
        (4, "x", False, True, False),
        (5, "x", False, False, True),
        (6, "x", False, False, False),
    ],
)
async def test_shapes_of_the_cursor(
    console: Open, host: FakeHost, shape: int, text: str, is_reverse: bool, is_underlined: bool, blinks: bool
) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"x\r\x1b[%d q" % shape)
        shown, style = cell(view, 0, 0)
        assert (shown, bool(style.reverse), bool(style.underline), bool(style.blink)) == (
            text, is_reverse, is_underlined, blinks,
        )  # fmt: skip
        is_shaded = triplet(style, is_background=True) != (0x0C, 0x0C, 0x0C)
        assert is_shaded == (shape in {5, 6})


async def test_a_bar_on_a_blank_cell_is_a_bar(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"x\x1b[6 q")
        assert cell(view, 1, 0)[0] == "▏"
        await deck.press("f12", "right_square_bracket")
        assert cell(view, 1, 0)[0] == " "


async def test_over_a_slow_line_no_cursor_blinks(console: Open, host: FakeHost) -> None:
    async with console(is_calm=True) as deck:
        view = await view_after(deck, host, b"x\r\x1b[1 q")
        style = cell(view, 0, 0)[1]
        assert (style.reverse, bool(style.blink)) == (True, False)


async def test_the_cursor_has_the_colour_that_the_machine_chose(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"\x1b]12;#ffee00\x07x\r")
        style = cell(view, 0, 0)[1]
        assert (triplet(style, is_background=True), triplet(style)) == ((0xFF, 0xEE, 0), (0, 0, 0))


@pytest.mark.parametrize("column", [1, 2])
@pytest.mark.parametrize("shape", [2, 4, 6])
async def test_the_cursor_covers_a_wide_character_whole(
    console: Open, host: FakeHost, shape: int, column: int
) -> None:
    async with console() as deck:
        view = await view_after(deck, host, f"中国\x1b[1;{column}H\x1b[{shape} q".encode())
        strip = view.render_line(0)
        assert strip.text.startswith("中国")
        first: Segment = next(iter(strip))
        assert (first.text, strip.cell_length) == ("中", 120)


async def test_links_are_underlined_and_shown_but_never_followed(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"\x1b]8;;https://example.org/a\x07here\x1b]8;;\x07 not\r\n")
        assert cell(view, 0, 0)[1].underline
        assert not cell(view, 5, 0)[1].underline
        assert not cell(view, 0, 0)[1].link, "nothing of it may reach the operator's own terminal"
        await deck.pilot.hover("#shells", offset=(1, 0))
        await deck.until_shown("Leads to https://example.org/a (it is never opened)")
        await deck.pilot.hover("#shells", offset=(30, 9))
        await deck.until_gone("Leads to")


async def test_an_address_that_would_turn_the_line_is_none(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, "\x1b]8;;https://example.org/\u202ea\x07here\r\n".encode())
        await deck.pilot.hover("#shells", offset=(1, 0))
        await deck.settle()
        assert "\u202e" not in view.link + "".join(deck.screen())


async def test_other_schemes_are_no_links(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"\x1b]8;;javascript:x\x07here\x1b]8;;\x07\r\n")
        await deck.pilot.hover("#shells", offset=(1, 0))
        await deck.settle()
        assert (view.link, deck.shows("Leads to")) == ("", False)


async def test_two_lines_below_text_are_two(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        view = await view_after(deck, host, b"\x1b[21mx\x1b[0;4my\r\n")
        one, two = cell(view, 0, 0)[1], cell(view, 1, 0)[1]
        assert (bool(one.underline2), bool(one.underline)) == (True, False)
        assert (bool(two.underline2), bool(two.underline)) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "🇩🇪",
        "🇩",
        "👍🏽",
        "🏽",
        "👩\u200d👩\u200d👧",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "a\u200db",
        "☝🏽",
        "\u1112\u1161\u11ab",
        "क्षि",
        "กำ",
    ],
)
async def test_what_stands_behind_odd_characters_stays_in_its_column(
    console: Open, host: FakeHost, text: str
) -> None:
    async with console() as deck:
        view = await view_after(deck, host, f"{text}\x1b[31m|\x1b[0m\r\n".encode())
        row = view.session.terminal.display[0]
        column = next(x for x in range(20) if view.session.terminal.cell(x, 0).text == "|")
        strip = view.render_line(0)
        assert (cell_len(strip.text), strip.cell_length) == (120, 120)
        assert strip.crop(column, column + 1).text == "|", row
