"""Keys out of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machined.host.simulated.shell.keys import Key, take_key


def keys_of(data: bytes, *, takes_runs: bool = False) -> list[Key]:
    buffer = bytearray(data)
    found = []
    while key := take_key(buffer, is_final=True, takes_runs=takes_runs):
        found.append(key)
    assert not buffer
    return found


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"\x1b[A\x1bOB\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1b[H\x1b[4~\x1b[3~\x1b[5~\x1b[6~", ["home", "end", "delete", "pageup", "pagedown"]),
        (b"\x01\x05\x0b\x15\x00", ["ctrl-a", "ctrl-e", "ctrl-k", "ctrl-u", "ctrl-@"]),
        (b"\r\n\t\x7f\x08", ["enter", "enter", "tab", "backspace", "backspace"]),
        (b"\x1b[1;5D\x1b[1;3C\x1b[1;2A", ["ctrl-left", "alt-right", "up"]),
        (b"\x1bb\x1b\x7f", ["alt-b", "alt-backspace"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1b[200~\x1b[201~", ["paste-begin", "paste-end"]),
        (b"\x1b[?1;2c\x1b]11;rgb:0/0/0\x07\x1b[12;40R", ["other", "other", "other"]),
    ],
)
def test_names(data: bytes, names: list[str]) -> None:
    assert [key.name for key in keys_of(data)] == names


def test_text_is_utf8_whatever_it_is() -> None:
    assert keys_of("aé中🙂".encode()) == [Key("", one) for one in "aé中🙂"]
    assert keys_of(b"a\xffb\xe4\xb8") == [Key("", one) for one in "a\ufffdb\ufffd"]
    assert keys_of("aé中".encode() + b"\x01b", takes_runs=True) == [
        Key("", "aé中"),
        Key("ctrl-a"),
        Key("", "b"),
    ]


@pytest.mark.parametrize("data", ["中".encode(), b"\x1b[1;5D", b"\x1b[200~", b"\x1bOA"])
def test_a_key_may_come_in_pieces(data: bytes) -> None:
    for cut in range(1, len(data)):
        buffer = bytearray(data[:cut])
        assert take_key(buffer) is None
        assert buffer == data[:cut]
        buffer += data[cut:]
        assert take_key(buffer) is not None
        assert not buffer


@given(st.binary(max_size=60))
def test_any_bytes_are_used_up(data: bytes) -> None:
    keys_of(data)
    keys_of(data, takes_runs=True)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30), st.data())
def test_text_comes_through_however_it_is_cut(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    buffer, found = bytearray(), ""
    at = 0
    while at < len(raw):
        size = data.draw(st.integers(1, 4))
        buffer += raw[at : at + size]
        at += size
        while key := take_key(buffer, takes_runs=data.draw(st.booleans())):
            found += key.text
    assert found == text
