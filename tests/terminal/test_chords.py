"""How the key that leaves a terminal is written, and which keys it cannot be."""

from __future__ import annotations

import pytest

from machinedeck.term.chords import read_chord


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("F12", "f12"),
        ("f1", "f1"),
        ("Ctrl-G", "ctrl+g"),
        ("ctrl+g", "ctrl+g"),
        ("C-g", "ctrl+g"),
        ("Alt-X", "alt+x"),
        ("M-x", "alt+x"),
        ("Shift-F5", "shift+f5"),
        ("Ctrl-Alt-End", "alt+ctrl+end"),
        ("Ctrl-\\", "ctrl+backslash"),
        ("Ctrl-_", "ctrl+underscore"),
        ("Ctrl--", "ctrl+minus"),
        ("Ctrl-@", "ctrl+at"),
    ],
)
def test_chord(text: str, key: str) -> None:
    assert read_chord(text) == key


@pytest.mark.promise("The key to leave with is none that ssh, mosh, tmux, screen or machinectl take")
@pytest.mark.parametrize(
    "text", ["Ctrl-]", "Ctrl-^", "C-a", "Ctrl-B", "Esc", "~", "Ctrl-[", "Ctrl-M", "Ctrl-I", "Ctrl-C"]
)
def test_keys_that_others_take(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be the key|is no key"):
        read_chord(text)


@pytest.mark.parametrize("text", ["", "x", "Enter", "Shift-A", "F99", "Hyper-X", "Ctrl-", "Ctrl-ä", "Up"])
def test_what_is_no_chord(text: str) -> None:
    with pytest.raises(ValueError, match="key"):
        read_chord(text)
