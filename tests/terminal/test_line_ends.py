"""A line that wrapped ends where what it went on with is gone: no other text there is joined to it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from machinedeck.term import Terminal
from machinedeck.term.history import History
from machinedeck.term.selecting import Reach, Selection, Spot
from tests.terminal.screens import check, drawn
from tests.terminal.tmux_cells import Tmux

LINE = "abcdefghijklmnopqrstuvwxyz0123456789"
FIRST, REST = LINE[:20], LINE[20:]
HALF = LINE + "\r\n" * 4
"""The line goes over the top of the screen: its first row is the newest of the scrollback."""

GONE = {
    "ED 2": "\x1b[H\x1b[2J",
    "ED": "\x1b[H\x1b[J",
    "ED 1": "\x1b[2H\x1b[1J\x1b[H",
    "EL": "\x1b[H\x1b[K",
    "EL 1 from the last column": "\x1b[1;20H\x1b[1K\x1b[H",
    "EL 2": "\x1b[1;9H\x1b[2K\x1b[H",
    "ECH of the whole row": "\x1b[H\x1b[20X",
    "IL": "\x1b[H\x1b[L",
    "DL": "\x1b[H\x1b[M",
    "RI": "\x1b[H\x1bM",
    "SD": "\x1b[T\x1b[H",
    "RIS": "\x1bc",
    "IL in a region": "\x1b[1;3r\x1b[H\x1b[L",
    "DL in a region": "\x1b[1;3r\x1b[H\x1b[M",
}
GONE_HERE = {
    "DECALN": "\x1b#8\x1b[2K",
    "DECERA": "\x1b[H\x1b[$z",
    "DECFRA": "\x1b[H\x1b[46$x",
    "DECCRA": "\x1b[H\x1b[3;1;3;20;1;1;1$v",
    "DECSED": '\x1b[1"q\x1b[0"q\x1b[H\x1b[?2J',
    "DECCOLM": "\x1b[?40h\x1b[?3h",
    "SU between margins": "\x1b[?69h\x1b[1;15s\x1b[4S\x1b[?69l\x1b[H",
}
"""What tmux has not, or does otherwise."""


def joined(terminal: Terminal) -> list[str]:
    """The lines as they are copied: rows that wrap are one. No blank lines, and no blanks at the ends."""
    history = History(terminal)
    last = Spot(len(history) - 1, history.columns - 1)
    text = Selection(Spot(0, 0), last, Reach.CELLS).text(history)
    return [line.rstrip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("way", GONE | GONE_HERE)
def test_the_rest_of_a_line_that_scrolled_off_is_gone(way: str) -> None:
    terminal = drawn(HALF + (GONE | GONE_HERE)[way] + "prompt$ \x1b[K")
    assert joined(terminal)[:2] == [FIRST, "prompt$"]
    terminal.resize(40, 5)
    assert joined(terminal)[:2] == [FIRST, "prompt$"]
    check(terminal)


@pytest.mark.parametrize("way", GONE | GONE_HERE)
def test_on_the_alternate_screen_nothing_of_the_main_one_is_gone(way: str) -> None:
    terminal = drawn(HALF + "\x1b[?1049h" + (GONE | GONE_HERE)[way] + "other\x1b[?1049l")
    assert joined(terminal)[:1] == ([FIRST] if way == "RIS" else [LINE])


WAYS = {
    "EL": (f"{LINE}\r\x1b[Kprompt$", [FIRST, "prompt$"]),
    "EL 2": (f"{LINE}\x1b[2K\rprompt$", [FIRST, "prompt$"]),
    "ED": (f"{LINE}\r\x1b[Jprompt$", [FIRST, "prompt$"]),
    "IL": (f"{LINE}\r\x1b[Lprompt$", [FIRST, "prompt$", REST]),
    "DL": (f"{LINE}\r\nnext\x1b[A\r\x1b[M", [FIRST, "next"]),
    "RI in a region": (f"{LINE}\x1b[2;5r\x1b[2H\x1bMprompt$", [FIRST, "prompt$", REST]),
    "LF in the region above": (f"{LINE}\x1b[1;1H\x1b[L\x1b[1;2r\x1b[2H\nnew", [FIRST, "new", REST]),
    "a region scrolls away from it": (f"\r\n{LINE}\x1b[1;2r\x1b[2H\nnew", [FIRST, "new", REST]),
    "a region scrolls from under it": (f"{LINE}\x1b[2;4r\x1b[4H\nnew", [FIRST, "new"]),
    "pushed off the bottom": (f"\x1b[4H{LINE}\x1b[H\x1b[L\x1b[L\x1b[5H\x1b[M\x1b[Hnew", ["new"]),
    "the last row is lost, and comes again": (f"\x1b[4H{LINE}\x1b[H\x1bM\r\n\n\n\n\nnew", [FIRST, "new"]),
    "EL from the midst": (f"{LINE}\x1b[5G\x1b[K", [LINE[:24]]),
    "EL of a row that is blank": (f"{FIRST} \r\x1b[K{REST}", [LINE]),
    "a region in which it wraps": (f"\x1b[1;3r\x1b[3H{LINE}\r\nnext", [LINE, "next"]),
    "it scrolls with its region": (f"\x1b[1;3r\x1b[2H{LINE}\r\n", [LINE]),
    "it scrolls off": (f"{LINE}\r\n\n\n\n\n\n\nnext", [LINE, "next"]),
    "IL above": (f"{LINE}\x1b[H\x1b[L", [LINE]),
}
APART = {
    "a region scrolls away from it": "tmux joins what stands there now.",
    "a region scrolls from under it": "tmux keeps in its history what leaves a region, too.",
    "the last row is lost, and comes again": "tmux joins what stands there now.",
    "EL of a row that is blank": "tmux parts the line all the same.",
    "IL above": "tmux parts a line that is moved whole.",
}
"""Where tmux joins and parts other lines."""


@pytest.mark.parametrize("way", WAYS)
def test_lines(way: str) -> None:
    data, lines = WAYS[way]
    terminal = drawn(data)
    assert joined(terminal) == lines
    cut = Terminal(20, 5)
    for byte in data.encode():
        cut.feed(bytes([byte]))
    assert joined(cut) == lines
    terminal.resize(40, 5)
    assert joined(terminal) == lines


def test_a_line_whose_rest_was_cut_off_by_a_lower_screen() -> None:
    terminal = drawn(f"\x1b[4H{LINE}\x1b[1;1H")
    terminal.resize(20, 4)
    terminal.resize(20, 5)
    terminal.feed(b"\x1b[5Hnew")
    assert joined(terminal) == [FIRST, "new"]


def test_reverse_wraparound_goes_up_all_the_same() -> None:
    """As in xterm: there a row that wrapped stays one, whatever becomes of the row below."""
    terminal = drawn(f"{LINE}\r\x1b[K\x1b[?45h\b\bX")
    assert joined(terminal) == [FIRST[:18] + "X" + FIRST[19:]]


async def test_tmux_joins_and_parts_the_same_lines(tmp_path: Path) -> None:
    if not shutil.which("tmux"):
        assert not os.environ.get("CI")
        pytest.skip("there is no tmux here")
    asked = [(f"over the top: {way}", HALF + data + "prompt$ ") for way, data in GONE.items()]
    asked += [(way, data) for way, (data, _) in WAYS.items()]
    found = []
    tmux = Tmux(tmp_path, 20, 5)
    try:
        tmux.ask("set", "-g", "scroll-on-clear", "off")
        for way, data in asked:
            await tmux.write(b"\x1bc\x1b[3J")
            tmux.ask("clear-history")
            await tmux.write(data.encode())
            theirs = tmux.ask("capture-pane", "-J", "-p", "-S", "-").split("\n")
            if [line.rstrip() for line in theirs if line.strip()] != joined(drawn(data)):
                found.append(way)
    finally:
        tmux.close()
    assert found == list(APART)
