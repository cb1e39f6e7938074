"""Keys, pastes, mouse and focus as the guest gets them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key

from machinedeck.term import Modes, encode_focus, encode_key, encode_mouse, encode_paste

KEYS = {
    ("a", "a"): b"a",
    ("A", "A"): b"A",
    ("shift+a", None): b"A",
    ("1", "1"): b"1",
    ("space", " "): b" ",
    ("plus", "+"): b"+",
    ("slash", None): b"/",
    ("exclamation_mark", "!"): b"!",
    ("latin_small_letter_u_with_diaeresis", None): "ü".encode(),
    ("ü", "ü"): "ü".encode(),
    ("日", "日"): "日".encode(),
    ("ctrl+a", "\x01"): b"\x01",
    ("ctrl+c", None): b"\x03",
    ("ctrl+z", None): b"\x1a",
    ("ctrl+shift+a", None): b"\x01",
    ("ctrl+h", "\x08"): b"\x08",
    ("ctrl+i", None): b"\t",
    ("ctrl+j", "\n"): b"\n",
    ("ctrl+m", None): b"\r",
    ("ctrl+@", "\x00"): b"\x00",
    ("ctrl+at", None): b"\x00",
    ("ctrl+space", None): b"\x00",
    ("ctrl+backslash", "\x1c"): b"\x1c",
    ("ctrl+right_square_bracket", "\x1d"): b"\x1d",
    ("ctrl+left_square_bracket", None): b"\x1b",
    ("ctrl+circumflex_accent", "\x1e"): b"\x1e",
    ("ctrl+underscore", "\x1f"): b"\x1f",
    ("ctrl+minus", None): b"\x1f",
    ("ctrl+slash", None): b"\x1f",
    ("ctrl+question_mark", None): b"\x7f",
    ("ctrl+2", None): b"\x00",
    ("ctrl+6", None): b"\x1e",
    ("ctrl+9", None): b"9",
    ("alt+a", "a"): b"\x1ba",
    ("alt+shift+a", "A"): b"\x1bA",
    ("alt+slash", None): b"\x1b/",
    ("alt+ctrl+a", None): b"\x1b\x01",
    ("enter", "\r"): b"\r",
    ("alt+enter", None): b"\x1b\r",
    ("ctrl+enter", None): b"\r",
    ("tab", "\t"): b"\t",
    ("shift+tab", None): b"\x1b[Z",
    ("escape", "\x1b"): b"\x1b",
    ("shift+escape", "\x9b"): b"\x1b",
    ("backspace", "\x7f"): b"\x7f",
    ("backspace", None): b"\x7f",
    ("backspace", "\x08"): b"\x08",
    ("ctrl+backspace", None): b"\x08",
    ("alt+backspace", None): b"\x1b\x7f",
    ("delete", None): b"\x1b[3~",
    ("insert", None): b"\x1b[2~",
    ("pageup", None): b"\x1b[5~",
    ("pagedown", None): b"\x1b[6~",
    ("ctrl+pageup", None): b"\x1b[5;5~",
    ("shift+delete", None): b"\x1b[3;2~",
    ("up", None): b"\x1b[A",
    ("down", None): b"\x1b[B",
    ("right", None): b"\x1b[C",
    ("left", None): b"\x1b[D",
    ("home", None): b"\x1b[H",
    ("end", None): b"\x1b[F",
    ("shift+up", None): b"\x1b[1;2A",
    ("alt+up", None): b"\x1b[1;3A",
    ("ctrl+left", None): b"\x1b[1;5D",
    ("ctrl+shift+end", None): b"\x1b[1;6F",
    ("f1", None): b"\x1bOP",
    ("f4", None): b"\x1bOS",
    ("f5", None): b"\x1b[15~",
    ("f12", None): b"\x1b[24~",
    ("f13", None): b"\x1b[1;2P",
    ("f24", None): b"\x1b[24;2~",
    ("f25", None): b"\x1b[1;5P",
    ("shift+f5", None): b"\x1b[15;2~",
    ("ctrl+f1", None): b"\x1b[1;5P",
    ("ctrl+f13", None): b"\x1b[1;6P",
    ("decimal", None): b".",
    ("menu", None): b"\x1b[29~",
    ("left_shift", None): b"",
    ("caps_lock", None): b"",
    ("media_play", None): b"",
    ("<ignore>", "\x1b[E"): b"",
    ("f99", None): b"",
    ("super+a", "a"): b"a",
    ("+", "+"): b"+",
    ("alt++", None): b"\x1b+",
    ("<", "<"): b"<",
    ("less_than_sign", "<"): b"<",
    ("", None): b"",
    ("some_key_of_tomorrow", "x"): b"x",
}


@pytest.mark.parametrize("key", KEYS)
def test_key(key: tuple[str, str | None]) -> None:
    assert encode_key(*key, Modes()) == KEYS[key]


@pytest.mark.parametrize(
    ("key", "modes", "expected"),
    [
        ("up", Modes(application_cursor=True), b"\x1bOA"),
        ("home", Modes(application_cursor=True), b"\x1bOH"),
        ("ctrl+up", Modes(application_cursor=True), b"\x1b[1;5A"),
        ("delete", Modes(application_cursor=True), b"\x1b[3~"),
        ("decimal", Modes(application_keypad=True), b"\x1bOn"),
        ("add", Modes(application_keypad=True), b"\x1bOk"),
        ("a", Modes(application_keypad=True), b"a"),
        ("enter", Modes(newline=True), b"\r\n"),
    ],
)
def test_key_in_a_mode(key: str, modes: Modes, expected: bytes) -> None:
    assert encode_key(key, None, modes) == expected


def pressed(data: str) -> list[Key]:
    """The keys that Textual makes of what a terminal sends."""
    parser = XTermParser()
    tokens = itertools.chain(parser.feed(data), parser.feed(""))
    return [token for token in tokens if isinstance(token, Key)]


def test_every_ascii_character_passes_through_textual_unchanged() -> None:
    for code in range(128):
        keys = pressed(chr(code)) if code != 27 else [Key("escape", "\x1b")]
        assert b"".join(encode_key(key.key, key.character, Modes()) for key in keys) == bytes([code])


XTERM = [
    *(f"\x1b[{letter}" for letter in "ABCDHFZ"),
    *(f"\x1b[1;{modifier}{letter}" for modifier in (2, 5, 6) for letter in "ABCDHF"),
    *(f"\x1b[{number}~" for number in (2, 3, 5, 6, 15, 17, 18, 19, 20, 21, 23, 24)),
    *(f"\x1b[{number};5~" for number in (3, 5, 6, 15, 24)),
    *(f"\x1bO{letter}" for letter in "PQRS"),
    *(
        f"\x1b[1;{modifier}{letter}" for modifier in (2, 5) for letter in "PQS"
    ),  # R is a position report to Textual
    *("é", "日", "😀", "ß"),
]


def test_sequences_of_an_xterm_pass_through_textual_unchanged() -> None:
    for sequence in XTERM:
        keys = pressed(sequence)
        assert b"".join(encode_key(key.key, key.character, Modes()) for key in keys) == sequence.encode()


@given(key=st.text(max_size=12), character=st.none() | st.text(max_size=2))
def test_no_key_raises(key: str, character: str | None) -> None:
    assert isinstance(encode_key(key, character, Modes()), bytes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", b"abc"),
        ("a\nb\r\nc\rd", b"a\rb\rc\rd"),
        ("a\tb", b"a\tb"),
        ("a\x1b[31mb\x00\x07\x7f\x9bc", b"a[31mbc"),
        ("a\x1b[201~rm -rf /\n", b"arm -rf /\r"),
        ("\x1b[20\x1b[201~1~x", b"[201~x"),
        ("\x9b201~x", b"x"),
        ("ü日", "ü日".encode()),
        ("\ud800", b"?"),
    ],
)
def test_paste(text: str, expected: bytes) -> None:
    assert encode_paste(text, Modes()) == expected
    assert encode_paste(text, Modes(bracketed_paste=True)) == b"\x1b[200~" + expected + b"\x1b[201~"


@given(st.text())
def test_no_paste_holds_a_key_or_ends_early(text: str) -> None:
    pasted = encode_paste(text, Modes(bracketed_paste=True))
    assert pasted.count(b"\x1b") == 2
    assert not set(pasted[6:-6]) & (set(range(32)) - {9, 13})


MOUSE = [
    ("press", 1, (), "click", "sgr", b"\x1b[<0;3;5M"),
    ("release", 1, (), "click", "sgr", b"\x1b[<0;3;5m"),
    ("press", 3, ("shift", "ctrl"), "click", "sgr", b"\x1b[<22;3;5M"),
    ("press", 2, ("alt", "meta"), "click", "sgr", b"\x1b[<9;3;5M"),
    ("press", 8, (), "click", "sgr", b"\x1b[<128;3;5M"),
    ("press", 4, (), "click", "sgr", b"\x1b[<64;3;5M"),
    ("scroll_up", 0, (), "click", "sgr", b"\x1b[<64;3;5M"),
    ("scroll_right", 0, (), "click", "sgr", b"\x1b[<67;3;5M"),
    ("move", 1, (), "click", "sgr", b""),
    ("move", 1, (), "drag", "sgr", b"\x1b[<32;3;5M"),
    ("move", 0, (), "drag", "sgr", b""),
    ("move", 0, (), "motion", "sgr", b"\x1b[<35;3;5M"),
    ("press", 1, (), "", "sgr", b""),
    ("press", 1, ("shift",), "press", "", b"\x1b[M #%"),
    ("release", 1, (), "press", "", b""),
    ("scroll_up", 0, (), "press", "", b""),
    ("press", 1, (), "click", "", b"\x1b[M #%"),
    ("release", 1, (), "click", "", b"\x1b[M##%"),
    ("press", 1, (), "click", "urxvt", b"\x1b[32;3;5M"),
    ("release", 2, (), "click", "urxvt", b"\x1b[35;3;5M"),
    ("press", 1, (), "click", "utf8", b"\x1b[M #%"),
]


@pytest.mark.parametrize(("kind", "button", "modifiers", "mouse", "encoding", "expected"), MOUSE)
def test_mouse(kind, button, modifiers, mouse, encoding, expected) -> None:
    modes = Modes(mouse=mouse, mouse_encoding=encoding)
    assert encode_mouse(kind, button, 2, 4, modifiers, modes) == expected


@pytest.mark.parametrize(
    ("x", "encoding", "expected"),
    [
        (222, "", b"\x1b[M \xff!"),
        (223, "", b""),
        (223, "utf8", b"\x1b[M \xc4\x80!"),
        (2014, "utf8", b"\x1b[M \xdf\xbf!"),
        (2015, "utf8", b""),
        (5000, "sgr", b"\x1b[<0;5001;1M"),
        (-1, "sgr", b""),
    ],
)
def test_mouse_far_out(x: int, encoding: str, expected: bytes) -> None:
    assert encode_mouse("press", 1, x, 0, (), Modes(mouse="click", mouse_encoding=encoding)) == expected


def test_focus() -> None:
    assert encode_focus(True, Modes(focus_events=True)) == b"\x1b[I"
    assert encode_focus(False, Modes(focus_events=True)) == b"\x1b[O"
    assert encode_focus(True, Modes()) == b""
