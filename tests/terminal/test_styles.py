"""Select Graphic Rendition, erasing with colours, and the bounded tables behind them."""

from __future__ import annotations

import pytest

from machinedeck.term import Style, Terminal
from machinedeck.term import clusters as cluster_module
from machinedeck.term import rendition as rendition_module
from machinedeck.term import styles as style_module
from tests.terminal.screens import check, drawn

CASES: dict[str, Style] = {
    "": Style(),
    "0": Style(),
    "1": Style(bold=True),
    "2": Style(dim=True),
    "3": Style(italic=True),
    "4": Style(underline=1),
    "5": Style(blink=True),
    "6": Style(blink=True),
    "7": Style(reverse=True),
    "8": Style(conceal=True),
    "9": Style(strike=True),
    "21": Style(underline=2),
    "53": Style(overline=True),
    "4:0": Style(),
    "4:1": Style(underline=1),
    "4:2": Style(underline=2),
    "4:3": Style(underline=3),
    "4:4": Style(underline=4),
    "4:5": Style(underline=5),
    "4:9": Style(),
    "30": Style(fg=0),
    "37": Style(fg=7),
    "40": Style(bg=0),
    "47": Style(bg=7),
    "90": Style(fg=8),
    "97": Style(fg=15),
    "100": Style(bg=8),
    "107": Style(bg=15),
    "38;5;196": Style(fg=196),
    "48;5;0": Style(bg=0),
    "58;5;9": Style(underline_color=9),
    "38;2;1;2;3": Style(fg=(1, 2, 3)),
    "48;2;255;0;9": Style(bg=(255, 0, 9)),
    "58;2;1;2;3": Style(underline_color=(1, 2, 3)),
    "38:5:196": Style(fg=196),
    "48:5:7": Style(bg=7),
    "58:5:9": Style(underline_color=9),
    "38:2:1:2:3": Style(fg=(1, 2, 3)),
    "38:2::1:2:3": Style(fg=(1, 2, 3)),
    "48:2:0:1:2:3": Style(bg=(1, 2, 3)),
    "58:2::1:2:3": Style(underline_color=(1, 2, 3)),
    "1;38;5;9;4": Style(bold=True, fg=9, underline=1),
    "1;38:5:9;4:3": Style(bold=True, fg=9, underline=3),
    "31;0;1": Style(bold=True),
    "31;;1": Style(bold=True),
    "1;2;22": Style(),
    "3;23": Style(),
    "4;24": Style(),
    "21;24": Style(),
    "5;25": Style(),
    "7;27": Style(),
    "8;28": Style(),
    "9;29": Style(),
    "53;55": Style(),
    "31;39": Style(),
    "41;49": Style(),
    "58;5;9;59": Style(),
    "38;5": Style(),
    "38;2;1;2": Style(),
    "38;5;256": Style(),
    "38:2:256:0:0": Style(),
    "38": Style(),
    "38;9;1": Style(bold=True),
    "38:5": Style(),
    "38:": Style(),
    ":": Style(),
    "999;1": Style(bold=True),
    "99999999999999;1": Style(bold=True),
}


@pytest.mark.parametrize("parameters", CASES)
def test_rendition(parameters: str) -> None:
    assert drawn(f"\x1b[{parameters}mx").cell(0, 0).style == CASES[parameters]


def test_cell_shows_each_attribute() -> None:
    cell = drawn("\x1b[1;2;3;4;5;7;8;9;53;31;42mx").cell(0, 0)
    assert (cell.text, cell.fg, cell.bg) == ("x", 1, 2)
    flags = ["bold", "dim", "italic", "underline", "blink", "reverse", "conceal", "strike", "overline"]
    assert [getattr(cell, flag) for flag in flags] == [True] * 9
    assert [getattr(drawn("x").cell(0, 0), flag) for flag in flags] == [False] * 9


@pytest.mark.parametrize("position", [(-1, 0), (0, -1), (20, 0), (0, 5)])
def test_cell_beyond_the_screen(position: tuple[int, int]) -> None:
    with pytest.raises(IndexError):
        drawn("x").cell(*position)


@pytest.mark.parametrize(
    "sequence", ["\x1b[K", "\x1b[2K", "\x1b[J", "\x1b[2J", "\x1b[X", "\x1b[@", "\x1b[L", "\x1b[9M", "\x1b[T"]
)
def test_erased_cells_take_the_background_alone(sequence: str) -> None:
    terminal = drawn("\x1b[1;4;31;44m" + sequence)
    assert terminal.cell(0, 0).style == Style(bg=4)


def test_scrolling_brings_in_the_background() -> None:
    terminal = drawn("\x1b[44m\x1b[5;1H\n")
    assert terminal.cell(3, 4).bg == 4
    assert terminal.cell(3, 3).bg is None


def test_lines_in_bulk_and_lines_one_by_one_look_the_same() -> None:
    block = "".join(f"line {number} {'x' * (number % 45)}\r\n" for number in range(40))
    for before in ("", "\x1b[1;31m", "\x1b[44m", "\x1b[3;4r", "\x1b[4h", "\x1b[?7l", "\x1b(0", "\x1b[?1049h"):
        bulk, single = drawn(before), drawn(before)
        bulk.feed(block.encode())
        for character in block:
            single.feed(character.encode())
        assert bulk.display == single.display
        index = range(bulk.scrollback_length + 5)
        assert [bulk.runs(number) for number in index] == [single.runs(number) for number in index]


def test_style_table_is_bounded_and_forgets_what_no_cell_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_module, "STYLE_LIMIT", 50)
    terminal = Terminal(20, 5, scrollback=0)
    for number in range(1000):
        terminal.feed(f"\x1b[H\x1b[38;2;1;{number // 256};{number % 256}mx".encode())
        assert terminal.cell(0, 0).fg == (1, number // 256, number % 256)
    assert len(terminal.screen.styles) <= 50
    check(terminal)


def test_more_live_styles_than_the_table_holds_show_in_the_palette(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_module, "STYLE_LIMIT", 50)
    terminal = Terminal(20, 5)
    for number in range(90):
        terminal.feed(f"\x1b[38;2;1;2;{number}mx".encode())
    assert terminal.cell(0, 0).fg == (1, 2, 0)
    assert terminal.cell(9, 4).style == Style(fg=17)
    for number in range(100):
        terminal.feed(f"\x1b[3{number % 8};4{number // 8 % 8}mx".encode())
    assert terminal.cell(terminal.cursor.x - 1, 4).style == Style()
    check(terminal)


def test_a_full_table_of_styles_is_not_looked_through_for_every_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(style_module, "STYLE_LIMIT", 50)
    terminal = Terminal(20, 5)
    looks: list[None] = []
    forget = terminal.screen.forget_unused
    monkeypatch.setattr(terminal.screen, "forget_unused", lambda: (looks.append(None), forget()))
    for number in range(5000):
        terminal.feed(f"\x1b[38;2;1;{number // 256};{number % 256}mx".encode())
    assert 1 <= len(looks) <= 5000 // 25
    check(terminal)


def test_cluster_table_is_bounded_and_loses_marks_before_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "CLUSTER_LIMIT", 10)
    terminal = Terminal(20, 5)
    terminal.feed("".join(f"{chr(97 + number)}\u20dd" for number in range(20)).encode())
    assert "".join(terminal.display)[:200].replace("\u20dd", "").startswith("abcdefghijklmnopqrst")
    assert terminal.cell(0, 0).text == "a\u20dd"
    assert terminal.cell(19, 0).text == "t"
    # Half as many as the table holds find no place before it is looked through again.
    terminal.feed(b"\x1b[2J\x1b[H" + "z\u20dd".encode() * 6)
    assert terminal.cell(5, 0).text == "z\u20dd"


@pytest.mark.parametrize("cluster", ["\U000dffff\u0301", "\U00040000\u20dd", "\U00040001\ufe0f"])
def test_a_cluster_on_a_stand_in_of_its_own_when_the_table_is_full(
    monkeypatch: pytest.MonkeyPatch, cluster: str
) -> None:
    """No code point that a guest writes may be taken for another cluster, or for one that there is not."""
    monkeypatch.setattr(cluster_module, "CLUSTER_LIMIT", 10)
    terminal = Terminal(20, 5)
    terminal.feed("".join(f"{chr(97 + number)}\u20dd" for number in range(8)).encode())
    terminal.feed(f"\r\n{cluster}\r\n\U000f0001\u0301".encode())
    assert terminal.cell(0, 1).text == "\ufffd"
    assert terminal.cell(0, 2).text == "\U000f0001", "what is of no use to us is drawn without its mark"
    check(terminal)


RESTYLED = {
    "DECCARA of nothing": "\x1b[$r",
    "DECCARA": "\x1b[;;;;1;4;5;7$r",
    "DECRARA": "\x1b[;;;;7$t",
    "DECFRA": "\x1b[0;1m\x1b[88$x",
}


@pytest.mark.parametrize("name", RESTYLED)
def test_a_full_table_is_not_looked_through_for_every_rectangle(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A rectangle of a few bytes changes thousands of cells, and another one may follow at once."""
    monkeypatch.setattr(style_module, "STYLE_LIMIT", 400)
    terminal = Terminal(20, 5)
    looks: list[None] = []
    forget = terminal.screen.forget_unused
    for number in (*range(500), *range(100)):
        terminal.feed(f"\x1b[38;5;{number // 256};48;5;{number % 256}mx".encode())
    monkeypatch.setattr(terminal.screen, "forget_unused", lambda: (looks.append(None), forget()))
    for _ in range(50):
        terminal.feed(RESTYLED[name].encode())
        check(terminal)
    assert len(looks) <= 1


def test_styles_of_a_rectangle_are_those_of_its_cells_after_a_clean_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of them is forgotten, and its number given to another, before all have their numbers."""
    monkeypatch.setattr(style_module, "STYLE_LIMIT", 250)
    terminal = Terminal(20, 5, scrollback=0)
    for number in range(250):
        terminal.feed(f"\x1b[38;2;1;2;{number}mx".encode())
    before = [terminal.cell(x, y).style for y in range(5) for x in range(20)]
    terminal.feed(b"\x1b[0m\x1b[2*x\x1b[;;;;7$t")
    after = [terminal.cell(x, y).style for y in range(5) for x in range(20)]
    assert after == [style._replace(reverse=True) for style in before]


@pytest.mark.parametrize("thing", ["{}\u20dd", "\x1b]8;;file:///{}\x07x"])
def test_full_tables_are_not_looked_through_for_every_new_thing(
    monkeypatch: pytest.MonkeyPatch, thing: str
) -> None:
    """Else each of them would take as long as looking through the whole scrollback."""
    monkeypatch.setattr(cluster_module, "CLUSTER_LIMIT", 64)
    monkeypatch.setattr(rendition_module, "LINK_LIMIT", 64)
    terminal = Terminal(20, 5)
    looks: list[None] = []
    forget = terminal.screen.forget_unused
    monkeypatch.setattr(terminal.screen, "forget_unused", lambda: (looks.append(None), forget()))
    for number in range(1000):
        terminal.feed(f"{thing.format(chr(0x4E00 + number))}\r\n".encode())
    assert 1 <= len(looks) <= 1000 // 32
    check(terminal)


def test_style_is_frozen_and_hashable() -> None:
    assert len({Style(bold=True), Style(bold=True), Style(bold=True)._replace(bold=False)}) == 2
