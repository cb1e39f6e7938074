"""Keys from the operator's terminal to the machine, by a table of all of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from machinedeck.term import Modes, Terminal, encode_key
from machinedeck.ui.keystrokes import ESCAPE_SECONDS, Keystrokes
from tests.terminal import key_table


class Clock:
    """Time that a test pushes."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def read(*pieces: str) -> list[events.Event]:
    """What is made of characters that arrive in pieces, with nothing after them for a while."""
    clock = Clock()
    keystrokes = Keystrokes(clock)
    messages = [message for piece in pieces for message in keystrokes.feed(piece)]
    clock.now += ESCAPE_SECONDS
    return [*messages, *keystrokes.tick()]


def names(messages: Iterable[events.Event]) -> list[str]:
    """The names of the keys among them."""
    return [event.key for event in messages if isinstance(event, events.Key)]


def test_an_escape_that_stood_alone_is_the_key_whatever_has_come_meanwhile() -> None:
    clock = Clock()
    keystrokes = Keystrokes(clock)
    assert names(keystrokes.feed("\x1b")) == []
    clock.now += ESCAPE_SECONDS / 2
    assert names(keystrokes.tick(has_more=True)) == []
    clock.now += ESCAPE_SECONDS / 2
    assert names(keystrokes.tick(has_more=True)) == ["escape"]
    assert names(keystrokes.feed("J")) == ["J"]
    assert not keystrokes.is_waiting


def test_a_sequence_goes_on_however_late_its_rest_is_read() -> None:
    clock = Clock()
    keystrokes = Keystrokes(clock)
    assert names(keystrokes.feed("\x1b[1;")) == []
    clock.now += 10 * ESCAPE_SECONDS
    assert names(keystrokes.tick(has_more=True)) == []
    assert names(keystrokes.feed("5A")) == ["ctrl+up"]


def test_an_escape_waits_from_when_all_before_it_is_taken() -> None:
    clock = Clock()
    keystrokes = Keystrokes(clock)
    for _ in keystrokes.feed("abc\x1b"):
        clock.now += ESCAPE_SECONDS
    assert names(keystrokes.tick(has_more=True)) == []
    assert names(keystrokes.feed("[A")) == ["up"]


def sent(modes: Modes, *pieces: str) -> str:
    """What a machine gets of the keys among them."""
    keys = [event for event in read(*pieces) if isinstance(event, events.Key)]
    return b"".join(encode_key(key.key, key.character, modes) for key in keys).decode()


@pytest.mark.parametrize("row", key_table.ROWS, ids=lambda row: ascii(row[0]))
def test_key(row: key_table.Row) -> None:
    typed, name, expected = row
    (key,) = read(typed)
    assert isinstance(key, events.Key)
    assert (key.key, sent(Modes(), typed)) == (name, expected)


@pytest.mark.parametrize("row", key_table.ROWS, ids=lambda row: ascii(row[0]))
def test_key_in_pieces(row: key_table.Row) -> None:
    assert sent(Modes(), *row[0]) == row[2]


@pytest.mark.parametrize(
    ("modes", "table"),
    [
        (Modes(), key_table.PLAIN),
        (Modes(application_cursor=True), key_table.IN_APPLICATION_MODE),
        (Modes(disambiguates=True), key_table.UNDER_KITTY),
        (Modes(disambiguates=True, application_cursor=True), key_table.UNDER_KITTY),
        (Modes(disambiguates=True, modify_other_keys=2), key_table.UNDER_KITTY),
        (Modes(modify_other_keys=1), key_table.UNDER_MODIFY_1),
        (Modes(modify_other_keys=2), key_table.UNDER_MODIFY_2),
        (Modes(backspace=True), key_table.WITH_BACKSPACE),
        (Modes(is_vt52=True), key_table.AS_VT52),
        (Modes(is_vt52=True, application_cursor=True), key_table.AS_VT52),
        (Modes(is_vt52=True, disambiguates=True, modify_other_keys=2), key_table.AS_VT52),
        (Modes(is_vt52=True, application_keypad=True), key_table.AS_VT52_APPLICATION),
    ],
)
def test_keys_where_the_machine_asks(modes: Modes, table: dict[str, str]) -> None:
    assert {typed: sent(modes, typed) for typed in table} == table


def test_the_keypad_in_application_mode() -> None:
    modes = Modes(application_keypad=True)
    assert sent(modes, "\x1bOj\x1bOk\x1bOn") == "\x1bOj\x1bOk\x1bOn"


@pytest.mark.promise("No key is lost or changed on its way to a machine, however fast it is typed")
@pytest.mark.parametrize(
    "typed",
    [
        "\x1b:wq\r",
        "\x1b.",
        "\x1bf",
        "\x1bb",
        "\x1b",
        "\x1b\x1b",
        "\x1b:\x1b",
        "\x1b[",
        "\x1bO",
        "a\x1b:1\r\x1b",
    ]
    + ["\x1b\x1b[A", "\x1b[1;2R", "\x1b[1;5R", "\x1b[1;3A", "ab\x1b[3~\x1b[Acd", "\x1b\x1b\x1b", "\x1b\x1b:"],
)
def test_what_is_typed_fast(typed: str) -> None:
    assert sent(Modes(), typed) == typed


@pytest.mark.parametrize(
    "typed", ["\x1b[97;1;9999999u", "\x1b[97;1;55296u", "\x1b[55296u", "\x1b[9999999u", "\x1b[27;5;57343~"]
)
def test_numbers_of_no_character_are_no_end_of_reading(typed: str) -> None:
    *_, last = read(typed, "b")
    assert isinstance(last, events.Key)
    assert last.key == "b"
    sent(Modes(), typed).encode()


def test_the_framework_alone_changes_some() -> None:
    """Why there is a reader of our own: each of these lines fails on Textual's."""

    def framework(typed: str) -> list[str]:
        parser = XTermParser()
        messages = [*parser.feed(typed), *parser.feed("")]
        return [message.key for message in messages if isinstance(message, events.Key)]

    assert framework("\x1b[1;2R") == []
    assert framework("\x1b[1;3A") in (["escape", "up"], ["alt+up"])
    assert "escape" not in framework("\x1b:wq\r")


@pytest.mark.parametrize(
    "pieces", [("\x1b[200~a\x1b[31mb\x1b\nc\x1b[201~",), tuple("\x1b[200~a\x1b[31mb\x1b\nc\x1b[201~")]
)
def test_a_paste_is_no_key(pieces: tuple[str, ...]) -> None:
    (paste,) = read(*pieces)
    assert isinstance(paste, events.Paste)
    assert paste.text == "a\x1b[31mb\x1b\nc"


def test_reports_are_the_consoles() -> None:
    kinds = [
        type(event) for event in read("\x1b[<0;3;4M", "\x1b[<0;3;4m", "\x1b[I", "\x1b[O", "\x1b[<64;1;1M")
    ]
    expected = [events.MouseDown, events.MouseUp, events.AppFocus, events.AppBlur, events.MouseScrollUp]
    assert kinds == expected
    assert [type(event) for event in read("\x1b[48;40;120;800;1200t")] == [events.Resize]


@pytest.mark.parametrize(
    "answer", ["\x1b[?2026;2$y", "\x1b[?62;4c", "\x1b[>41;354;0c", "\x1b[?1u", "\x1b[12;40R"]
)
def test_answers_of_the_operators_terminal_never_reach_a_machine(answer: str) -> None:
    assert sent(Modes(), answer) == ""


@given(st.lists(st.text(alphabet="\x1b[]O?;:<>$~uRMA1234567890a \x00\x7f\x9bé", max_size=8), max_size=6))
def test_anything_typed_in_any_pieces(pieces: list[str]) -> None:
    whole, parts = sent(Modes(), "".join(pieces)), sent(Modes(), *pieces)
    assert whole == parts


def test_a_machine_asks_for_more_keys() -> None:
    terminal = Terminal(80, 24)
    terminal.feed(b"\x1b[>4;2m")
    assert sent(terminal.modes, "\x01") == "\x1b[27;5;97~"
    terminal.feed(b"\x1b[>4;1m")
    assert sent(terminal.modes, "\x01") == "\x01"
    terminal.feed(b"\x1b[>4m")
    assert sent(terminal.modes, "\x1b[13;5u") == "\r"
    terminal.feed(b"\x1b[>1u")
    assert sent(terminal.modes, "\x01") == "\x1b[97;5u"
    terminal.feed(b"\x1b[<u")
    assert sent(terminal.modes, "\x01") == "\x01"


@pytest.mark.parametrize(
    ("asked", "typed", "expected"),
    [
        (b"\x1b[?67h", "\x7f", "\x08"),
        (b"\x1b[?67h\x1b[?67l", "\x7f", "\x7f"),
        (b"\x1b[?67h\x1bc", "\x7f", "\x7f"),
        (b"\x1b[?2l", "\x1b[A", "\x1bA"),
        (b"\x1b[?2l\x1b=", "\x1bOj", "\x1b?j"),
        (b"\x1b[?2l\x1b<", "\x1b[A", "\x1b[A"),
        (b"\x1b[?1h", "\x1b[A", "\x1bOA"),
        (b"\x1b[?1h\x1b[!p", "\x1b[A", "\x1b[A"),
        (b"\x1b[=1;1u", "\x1b[97;5u", "\x1b[97;5u"),
        (b"\x1b[?66h", "\x1bOj", "\x1bOj"),
        (b"\x1b[20h", "\r", "\r\n"),
    ],
)
def test_what_a_machine_asks_for_changes_its_keys(asked: bytes, typed: str, expected: str) -> None:
    terminal = Terminal(80, 24)
    terminal.feed(asked)
    assert sent(terminal.modes, typed) == expected
