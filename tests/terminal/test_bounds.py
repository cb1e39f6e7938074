"""Whatever a guest sends, the terminal's memory and time stay bounded."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from machinedeck.term import Stream, Terminal
from tests.terminal.screens import check, text

CHUNK = 1 << 16
ENOUGH = 4 << 20
"""Bytes of growth that count as none: a string that is kept may have a million characters."""


def growth(feed: Callable[[Terminal], None], terminal: Terminal) -> int:
    """By how many bytes memory is larger after a feed; the most it was meanwhile is held to 16 MiB."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        feed(terminal)
        now, most = tracemalloc.get_traced_memory()
        assert most - before < 16 << 20
        return now - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "opener", ["\x1b]2;", "\x1b]52;c;", "\x1bP$q", "\x1bPq", "\x1b_", "\x1b^", "\x1bX", "\x9d"]
)
def test_a_string_without_end(opener: str) -> None:
    terminal = Terminal(20, 5)

    def feed(terminal: Terminal) -> None:
        terminal.feed(opener.encode())
        for _ in range(64):
            terminal.feed(b"x" * CHUNK)

    assert growth(feed, terminal) < ENOUGH
    terminal.feed(b"\x1b\\hello")
    assert text(terminal) == ["hello"]
    assert terminal.title == ""


@pytest.mark.parametrize("opener", ["\x1b]2;", "\x1bP$q", "\x1b_"])
def test_a_string_without_end_that_comes_in_small_pieces(opener: str) -> None:
    terminal = Terminal(20, 5)

    def feed(terminal: Terminal) -> None:
        terminal.feed(opener.encode())
        for _ in range(100_000):
            terminal.feed("漢".encode())

    assert growth(feed, terminal) < (1 << 16 if opener == "\x1b_" else 1 << 20)
    terminal.feed(b"\x1b\\hello")
    assert text(terminal) == ["hello"]


@pytest.mark.parametrize("opener", ["\x1b]4;", "\x1b]10;", "\x1b]104;", "\x1b]3008;start=a;", "\x1bP+q"])
def test_a_string_of_a_million_fields(opener: str) -> None:
    terminal = Terminal(20, 5)

    def feed(terminal: Terminal) -> None:
        terminal.feed(opener.encode())
        for _ in range(15):
            terminal.feed(b"abc;" * (CHUNK // 4))
        terminal.feed(b"\x1b\\")

    assert growth(feed, terminal) < ENOUGH
    terminal.feed(b"hello")
    assert text(terminal) == ["hello"]


def test_a_sequence_without_end_that_comes_in_small_pieces() -> None:
    """What was read of it is not read again for every piece; controls in it act."""
    terminal = Terminal(20, 5)
    read: list[int] = []
    complete = Stream._is_complete

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stream, "_is_complete", staticmethod(lambda text: (read.append(1), complete(text))[1]))
        terminal.feed(b"ab\x1b[")
        for _ in range(5000):
            terminal.feed(b"1;")
        assert len(read) < 5000 * 5
    terminal.feed(b"\r1m")
    assert terminal.cursor.x == 0
    terminal.feed(b"cd")
    assert text(terminal) == ["cd"]
    assert not terminal.cell(0, 0).bold


@pytest.mark.parametrize("filler", [b"1;", b"9", b":", b";;;;", b"1:2;"])
@pytest.mark.parametrize("final", [b"m", b"$r"])
def test_a_flood_of_parameters(filler: bytes, final: bytes) -> None:
    terminal = Terminal(20, 5)

    def feed(terminal: Terminal) -> None:
        terminal.feed(b"\x1b[")
        for _ in range(2):
            terminal.feed(filler * (CHUNK // len(filler)))
        terminal.feed(final)

    assert growth(feed, terminal) < ENOUGH
    terminal.feed(b"\x1b[Hhello")
    assert text(terminal) == ["hello"]


def test_floods_of_sequences_that_are_all_different() -> None:
    terminal = Terminal(20, 5, scrollback=100)

    def feed(terminal: Terminal) -> None:
        for number in range(10_000):
            terminal.feed(
                b"\x1b[%d;%dH\x1b[38;2;%d;%d;%dmx" % (number, number, number % 256, number // 256, 7)
            )

    assert growth(feed, terminal) < 3 * ENOUGH
    check(terminal)


COUNTED = "@ABCDEFGHIJKLMPSTXZ^`abdegnqrstux"


@pytest.mark.parametrize(
    "final", [*COUNTED, "'}", "'~", " @", " A", "$x", "$z", "${", "#{", "*|", "$|", "*y"]
)
def test_a_count_of_a_billion(final: str) -> None:
    terminal = Terminal(200, 50, answer=lambda answer: None)
    start = time.process_time()
    for _ in range(20):
        terminal.feed(
            f"\x1b[?69h\x1b[?1045hx\x1b[1000000000{final}\x1b[1000000000;1000000000{final}".encode()
        )
    assert time.process_time() - start < 2
    check(terminal)


@pytest.mark.parametrize("number", [1, 4, 7, 8, 10, 52, 104, 133, 3008])
def test_a_command_with_a_long_list(number: int) -> None:
    terminal = Terminal(20, 5, answer=lambda answer: None)

    def feed(terminal: Terminal) -> None:
        terminal.feed(b"\x1b]%d;" % number + b"start=1;?;#fff;" * 20_000 + b"\x1b\\")

    assert growth(feed, terminal) < ENOUGH


FLOODS = {
    "titles": "\x1b]2;{0}\x07\x1b[22t",
    "styles on the stack": "\x1b[38;5;{1}m\x1b[#{{",
    "keyboard flags": "\x1b[>1u",
    "contexts": "\x1b]3008;start={0};user=someone;cmdline={0}\x07",
    "links": "\x1b]8;;http://x.example/{0}\x07x",
    "saved modes": "\x1b[?{0}s",
    "colours": "\x1b]4;{1};#{1:06x}\x07",
    "directories": "\x1b]7;file://host/{0}\x07",
    "wishes for the clipboard": "\x1b]52;c;aGFsbG8=\x07",
    "tab stops": "\x1b[{1}G\x1bH\x1bP2$t{1}/{0}\x1b\\",
    "character sets": "\x1b(%{1}\x1b){1}",
    "protected cells": '\x1b[1"qx\x1b[0"qy',
    "looks": "\x1b[38;2;{1};{1};1;48;5;{1}mx",
    "clusters": "x\u0301\u0302{0}\u0303",
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood(kind: str) -> None:
    terminal = Terminal(20, 5, scrollback=50)

    def feed(terminal: Terminal) -> None:
        for number in range(2_500):
            terminal.feed(FLOODS[kind].format(number, number % 256).encode())

    assert growth(feed, terminal) < 2 * ENOUGH
    check(terminal)


COSTLY = {
    "fill": "\x1b[88$x",
    "erase": "\x1b[$z",
    "selective erase of a rectangle": "\x1b[${",
    "copy": "\x1b[;;;;;2;2$v",
    "attributes": "\x1b[;;;;7$t",
    "checksum": "\x1b[1*y",
    "shared attributes": "\x1b[#|",
    "columns": "\x1b['}",
    "lines between side margins": "\x1b[2s\x1b[L",
    "selective erase": "\x1b[?2J",
    "alignment": "\x1b#8",
    "two screens": "\x1b[?1049h\x1b[?1049l",
    "all tab stops": "\x1b[2$w",
    "repetition": "x\x1b[65535b",
    "reverse wraparound": "\x1b[65535D",
}


@pytest.mark.parametrize("kind", COSTLY)
def test_no_short_sequence_takes_long(kind: str) -> None:
    terminal = Terminal(200, 50, answer=lambda answer: None)
    terminal.feed(b"\x1b[?69h\x1b[?1045h")
    for number in range(50):
        terminal.feed(f'\x1b[{number + 1}H\x1b[1"qab\x1b[0;31m中\x1b[0"q'.encode() * 20)
    start = time.process_time()
    terminal.feed(COSTLY[kind].encode() * 100)
    assert time.process_time() - start < 1  # a hundredth of that is what one may take on a slow machine
    check(terminal)


def test_more_links_than_are_kept_do_not_stop_new_ones() -> None:
    terminal = Terminal(20, 5, scrollback=10)
    for number in range(4000):
        terminal.feed(f"\x1b]8;;http://x.example/{number}\x07x\r\n".encode())
    assert terminal.cell(0, 3).style.link == "http://x.example/3999"


def test_sizes_that_a_guest_asks_for() -> None:
    terminal = Terminal(20, 5, scrollback=10, allows_resize=True)

    def feed(terminal: Terminal) -> None:
        for data in (
            b"\x1b[8;1000000000;1000000000t",
            b"\x1b[1000000000t",
            b"\x1b[4;1000000000;1000000000t",
            b"\x1b[8;1;1t",
        ):
            terminal.feed(data)

    assert growth(feed, terminal) < ENOUGH
    check(terminal)


def test_a_storm_of_sizes() -> None:
    terminal = Terminal(20, 5, scrollback=100)

    def feed(terminal: Terminal) -> None:
        for number in range(20):
            terminal.resize(1 + number * 997 % 3000, 1 + number * 31 % 400)
            terminal.feed(b"hello\r\n" * 20)
        terminal.resize(20, 5)

    assert growth(feed, terminal) < ENOUGH
    check(terminal)
