"""What an operator's terminal sends, taken apart into keys, pastes and reports.

Every key keeps all that the terminal told of it, so that a machine gets the same key again: Textual's own
reader loses the escape before a punctuation mark, takes shift+F3 for a position report and makes two keys of
alt+up. Sources: xterm's ctlseqs ("PC-Style Function Keys", "Bracketed Paste Mode"), kitty's keyboard
protocol, console_codes(4) for the Linux console, rxvt's manual for its modified keys.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Generator, Iterator

from textual import events
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import _character_to_key
from textual.message import Message

from machinedeck.term.keys import RAW

ESCAPE_SECONDS = 0.05
"""How long an escape waits for what may belong to it."""

PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"

_TOKEN = re.compile(
    r"\x1b\[\[[A-E]"  # F1 to F5 of the Linux console
    r"|\x1b\[\d+\$(?!y)"  # rxvt with shift
    r"|\x1b\[[0-?]*[ -/]*[@-Z\\-~]"  # CSI …
    r"|\x1bO[ -~]"  # SS3 .
    r"|\x1b[^\x1b\[O]"  # alt
    r"|[^\x1b]",
    re.DOTALL,
)
_REPORT = re.compile(
    r"\x1b\[(<[-\d;]*[mM]|[IO]|48;[\d:]+;[\d:]+;[\d:]+;[\d:]+t|[?>=][\d;]*\$?[a-zA-Z]|(?!1;)\d+;\d+R)"
)
"""Mouse, focus, size and modes: Textual reads these itself."""

_CSI = re.compile(r"\x1b\[([\d;:]*)([ -/]*)(.)")

_LETTERS = {
    "A": "up", "B": "down", "C": "right", "D": "left", "E": "kp_begin", "F": "end", "H": "home",
    "P": "f1", "Q": "f2", "R": "f3", "S": "f4", "M": "enter", "I": "tab",
    "j": "multiply", "k": "add", "l": "separator", "m": "subtract", "n": "decimal", "o": "divide",
    "X": "equal",
    **{chr(ord("p") + digit): str(digit) for digit in range(10)},
}  # fmt: skip
"""Finals of CSI (to S) and SS3 (all)."""

_NUMBERS = {
    1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end",
    11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9", 21: "f10",
    23: "f11", 24: "f12", 25: "f13", 26: "f14", 28: "f15", 29: "menu", 31: "f17", 32: "f18", 33: "f19",
    34: "f20", 57427: "kp_begin",
}  # fmt: skip
"""Numbers before `~`, and before rxvt's `^`, `$` and `@`."""

_RXVT = {"^": "ctrl+", "$": "shift+", "@": "ctrl+shift+"}
_MODIFIERS = ((2, "alt"), (4, "ctrl"), (8, "meta"), (1, "shift"))
_CHARACTERS = {"enter": "\r", "tab": "\t", "backspace": "\x7f", "escape": "\x1b", "space": " "}
_CTRL, _ALT_OR_CTRL = 4, 14
_SURROGATES = 0xD800, 0xDFFF


class Keystrokes:
    """Makes events of what a terminal sends, cut anywhere; what is no key is left to Textual.

    Args:
        clock: Seconds that only go on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rest = ""
        self._since = 0.0
        self._paste: list[str] | None = None
        self._reports = XTermParser()

    @property
    def is_waiting(self) -> bool:
        """Whether an escape waits for what may belong to it."""
        return bool(self._rest) and self._paste is None

    def feed(self, data: str) -> Iterator[Message]:
        """The events that these characters complete."""
        data, self._rest = self._rest + data, ""
        position = 0
        while position < len(data):
            if self._paste is not None:
                position = yield from self._take_paste(data, position)
                continue
            match = _TOKEN.match(data, position)
            if match is None:
                if data.startswith("\x1b\x1b", position):
                    yield events.Key("escape", "\x1b")
                    position += 1
                    continue
                self._rest = data[position:]
                self._since = self._clock()  # now: what was before it may have taken its time
                return
            position = match.end()
            if match[0] == PASTE_START:
                self._paste = []
            elif _REPORT.fullmatch(match[0]):
                yield from self._reports.feed(match[0])
            else:
                yield from keys(match[0])

    def tick(self, *, has_more: bool = False) -> Iterator[Message]:
        """The events of an escape that has waited long enough.

        Args:
            has_more: Whether more has arrived and is not read yet. An escape alone is the key then; what has
                begun a sequence is ended by the rest of it, which nobody knows to have come late.
        """
        if not self.is_waiting or self._clock() - self._since < ESCAPE_SECONDS:
            return
        if has_more and self._rest != "\x1b":
            return
        rest, self._rest = self._rest, ""
        if rest == "\x1b":
            yield events.Key("escape", "\x1b")
        elif len(rest) == 2:
            yield events.Key("alt+" + ("left_square_bracket" if rest[1] == "[" else "shift+o"), None)
        else:
            yield events.Key(RAW, rest)

    def _take_paste(self, data: str, position: int) -> Generator[Message, None, int]:
        """Take pasted text up to its end marker; returns the position behind what was taken."""
        assert self._paste is not None  # noqa: S101 - the caller has looked
        end = data.find(PASTE_END, position)
        if end >= 0:
            text = "".join([*self._paste, data[position:end]])
            self._paste = None
            yield events.Paste(text.replace("\x00", ""))
            return end + len(PASTE_END)
        # What may be the beginning of the marker waits for the rest of it.
        keep = next((n for n in range(len(PASTE_END) - 1, 0, -1) if data.endswith(PASTE_END[:n])), 0)
        keep = min(keep, len(data) - position)
        self._paste.append(data[position : len(data) - keep])
        self._rest = data[len(data) - keep :]
        return len(data)


def keys(token: str) -> Iterator[events.Key]:
    """The keys that a character or a whole escape sequence stands for; mostly one."""
    if len(token) == 1:
        yield _character(token)
    elif len(token) == 2:
        key = _character(token[1])
        is_capital = len(key.key) == 1 and key.key.isupper()
        yield events.Key("alt+" + (f"shift+{key.key.lower()}" if is_capital else key.key), key.character)
    elif token.startswith("\x1bO"):
        name = f"ctrl+{_LETTERS[token[2].upper()]}" if token[2] in "abcd" else _LETTERS.get(token[2])
        yield events.Key(name, _text(name)) if name else events.Key(RAW, token)
    elif token.startswith("\x1b[["):
        yield events.Key(f"f{ord(token[3]) - 64}", None)
    else:
        yield from _control_sequence(token)


def _control_sequence(token: str) -> Iterator[events.Key]:
    """The keys of `CSI …`; one that no table knows goes on as it is."""
    match = _CSI.fullmatch(token)
    numbers, between, final = match.groups() if match else ("", "!", "")
    fields = [part.split(":") for part in numbers.split(";")]
    first = _number(fields[0][0], 1)
    held = _number(fields[1][0], 1) - 1 if len(fields) > 1 else 0
    name = ""
    if between == "$" or final in "^$@":
        name = _RXVT.get(between or final, "") + _NUMBERS.get(first, "")
        name = name if first in _NUMBERS else ""
    elif not between and final in "abcd" and not numbers:
        name = f"shift+{_LETTERS[final.upper()]}"
    elif not between and final == "Z":
        name = "shift+tab"
    elif not between and final == "u":
        yield from _coded(fields, first, held)
        return
    elif not between and final == "~" and first == 27 and len(fields) == 3:
        yield from _coded([], _number(fields[2][0], 0), held)
        return
    elif not between:
        name = _NUMBERS.get(first, "") if final == "~" else _LETTERS.get(final, "") if final <= "S" else ""
        name = name and _held(held) + name
    yield events.Key(name, None) if name else events.Key(RAW, token)


def _coded(fields: list[list[str]], code: int, held: int) -> Iterator[events.Key]:
    """The keys of `CSI code ; modifiers ; text u`."""
    held &= 63  # caps lock and num lock are no modifiers of a key
    texts = (
        [text for part in fields[2] if part and (text := _letter(_number(part, 0)))]
        if len(fields) > 2
        else []
    )
    if texts and not held & _ALT_OR_CTRL:
        for text in texts:
            yield _character(text)
        return
    letter = _letter(code)
    name = FUNCTIONAL_KEYS.get(f"{code}u") or (_character_to_key(letter) if letter else "")
    if name and not held:
        yield events.Key(name, _text(name) or (chr(code) if code < 57344 else None))
    elif name:
        yield events.Key(_held(held) + name, None)


def _letter(code: int) -> str:
    """The character of a number; "" where there is none, or half of one (a surrogate)."""
    return chr(code) if 0 <= code < _SURROGATES[0] or _SURROGATES[1] < code <= sys.maxunicode else ""


def _character(character: str) -> events.Key:
    """The key of one character, as Textual names it."""
    for key in _plain(character):
        return key
    return events.Key(RAW, character)


def _plain(character: str) -> Iterator[events.Key]:
    yield from _NAMER._sequence_to_key_events(character)


_NAMER = XTermParser()


def _held(bits: int) -> str:
    """Modifiers in the order that Textual has them."""
    return "".join(f"{name}+" for bit, name in _MODIFIERS if bits & bit)


def _text(name: str | None) -> str | None:
    return name if name and len(name) == 1 else _CHARACTERS.get(name or "")


def _number(text: str, otherwise: int) -> int:
    return int(text[:7]) if text else otherwise
