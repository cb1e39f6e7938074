"""The tokenizer: cuts what a guest writes into text, controls and sequences, and calls an event for each.

A `pyte.Stream` whose parser is replaced by one regular expression. The outcome depends on the characters
alone, not on how they were cut into calls: what is not complete at the end of a call waits for the next one.
Parsing follows the state machine of DEC STD 070 as xterm has it: a control inside a sequence acts at once,
ESC begins anew, CAN and SUB end a sequence. Nothing that is fed makes it raise.
"""

from __future__ import annotations

import re
from typing import Any

import pyte

from machinedeck.term import sequences
from machinedeck.term.calls import Calls, parameters
from machinedeck.term.strings import Strings
from machinedeck.term.vt52 import Vt52

SEQUENCE_LIMIT = 512
"""Characters of parameters that a sequence may have; a longer one is swallowed."""

RESUME_FROM = 64
"""Characters of an incomplete sequence from which on it is not looked at from its start for each new one."""

_CSI = rf"\[[<-?]?[0-9:;]{{0,{SEQUENCE_LIMIT}}}[ -/]{{0,2}}[@-~]"
_ESCAPE = r"[ -/]{0,2}[0-OQ-WYZ\\`-~]"
_TOKENS = re.compile(
    r"([^\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]+)"  # 1: text, with CR and LF
    rf"|\x1b\[([0-9:;]{{0,{SEQUENCE_LIMIT}}})m"  # 2: the parameters of SGR, the most frequent sequence
    rf"|\x1b({_CSI}|{_ESCAPE})"  # 3: a sequence without its ESC
    r"|([\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f])"  # 4: a control
    r"|[\x1b\x80-\x9f]"  # what the slow way looks at
)
_WHOLE = re.compile(rf"{_CSI}|{_ESCAPE}")
_LINE_PARTS = re.compile(r"[^\r\n]+|[\r\n]")


class _ModeChanged(Exception):
    """The tokenizer has to stop: what follows is for another one."""


class Stream(pyte.Stream):
    """Feeds a screen, ours or a stock `pyte.Screen`, with events.

    Args:
        screen: The listener. Events it has no method for go to its `debug`.
        strict: Whether to insist that it has all methods that pyte's streams call.
    """

    listener: Any

    def __init__(self, screen: pyte.Screen | None = None, strict: bool = True) -> None:
        self._rest = ""
        self._vt52: Vt52 | None = None
        self._is_behind_text = False
        """Whether text stands right before what comes next: only then there is something to repeat (REP)."""
        super().__init__(screen, strict)

    def attach(self, screen: pyte.Screen) -> None:
        """Send events to a screen from now on.

        Raises:
            TypeError: The stream is strict and the screen lacks one of pyte's events.
        """
        missing = [event for event in sorted(self.events) if not hasattr(screen, event)]
        if self.strict and missing:
            raise TypeError(f"{screen} is missing {', '.join(missing)}")
        self.listener = screen
        self._calls = Calls(screen, self._enter_vt52)
        self._strings = Strings(screen)
        self._rest = ""
        self._vt52 = None
        self._is_behind_text = False
        self._controls = {code: getattr(screen, name) for code, name in self.basic.items()}
        self._draw = screen.draw
        self._draw_lines = getattr(screen, "draw_lines", self._draw_parts)
        self._render = getattr(screen, "select_rendition", self._select)

    def feed(self, data: str) -> None:
        """Take in some characters.

        Raises:
            RuntimeError: No screen is attached.
        """
        if self.listener is None:
            raise RuntimeError("the stream has no screen")
        rest, self._rest = self._rest, ""
        position = 0
        if len(rest) > RESUME_FROM:
            position = self._go_on(rest, data, 0)
        elif rest:
            data = rest + data
        end = len(data)
        while position < end:
            if self._vt52:
                position = self._take_vt52(self._vt52, data, position)
            else:
                step = self._take_string if self._strings.kind else self._take_tokens
                position = step(data, position)

    def _take_vt52(self, vt52: Vt52, data: str, position: int) -> int:
        """Take what comes in VT52 mode; returns the position behind what was taken."""
        position = vt52.take(data, position)
        self._rest = vt52.rest
        if vt52.is_over:
            self._vt52 = None
        return position

    def _take_string(self, data: str, position: int) -> int:
        """Take what comes in a control string; returns the position behind what was taken."""
        position = self._strings.take(data, position)
        self._rest = self._strings.rest
        return position

    def _enter_vt52(self, *modes: int) -> None:
        """DECRST with DECANM among the modes: those before it are reset, those behind it do not matter."""
        self.listener.reset_mode(*modes[: modes.index(2)], private=True)
        self.listener.enter_vt52()
        self._vt52 = Vt52(self.listener, self._controls)
        raise _ModeChanged

    def _take_tokens(self, data: str, position: int) -> int:
        """Take text and sequences up to where the slow way or a string begins; returns the position there."""
        calls, draw, render = self._calls, self._draw, self._render
        before: re.Match[str] | None = None
        for match in _TOKENS.finditer(data, position):
            kind = match.lastindex
            if kind == 1:
                text = match[1]
                if "\n" in text or "\r" in text:
                    self._draw_lines(text)
                else:
                    draw(text)
            elif kind == 2:
                render(match[2])
            elif kind == 3:
                text = match[3]
                method, arguments = calls[text]
                try:
                    if text[-1] != "b" or self._repeats(before):
                        method(*arguments)
                except _ModeChanged:
                    return match.end()
            elif kind == 4:
                self._control(match[4])
            else:
                self._is_behind_text = self._repeats(before)
                return self._take_slowly(data, match.start())
            before = match
        self._is_behind_text = self._repeats(before)
        return len(data)

    def _repeats(self, before: re.Match[str] | None) -> bool:
        """Whether the token before, none if it was in the data of before, is text: else REP does nothing."""
        if before is None:
            return self._is_behind_text
        return before.lastindex == 1 and before.string[before.end() - 1] not in "\r\n"

    def _take_slowly(self, data: str, position: int) -> int:
        """Take a sequence that is not complete, holds controls, is too long, or begins with a C1 control."""
        opener = data[position]
        sequence = "\x1b" if opener == "\x1b" else "\x1b" + chr(ord(opener) - 0x40)
        return self._go_on(sequence, data, position + 1)

    def _go_on(self, sequence: str, data: str, position: int) -> int:
        """Take the rest of a sequence that has begun; returns the position behind what was taken."""
        while not self._is_complete(sequence):
            if position == len(data):
                self._rest = sequence
                return position
            character = data[position]
            if character == "\x1b" or character > "\x7f":
                return position  # ends the sequence; what it is itself comes next
            position += 1
            if character in "\x18\x1a":
                return position
            if character < " ":
                self._control(character)
            elif character != "\x7f" and (len(sequence) < SEQUENCE_LIMIT + 8 or character >= "@"):
                sequence += character
        self._act(sequence)
        return position

    @staticmethod
    def _is_complete(sequence: str) -> bool:
        """Whether a sequence that begins with ESC has its final character."""
        if sequence.startswith("\x1b["):
            return len(sequence) > 2 and sequence[-1] >= "@"
        return len(sequence) > 1 and sequence[-1] >= "0"

    def _act(self, sequence: str) -> None:
        """Do what a complete sequence says."""
        is_behind_text, self._is_behind_text = self._is_behind_text, False
        if len(sequence) == 2 and sequence[1] in sequences.STRINGS:
            self._strings.kind = sequences.STRINGS[sequence[1]]
        elif _WHOLE.fullmatch(sequence, 1) and (sequence[-1] != "b" or is_behind_text):
            method, arguments = self._calls[sequence[1:]]
            try:
                method(*arguments)
            except _ModeChanged:
                return  # the next step asks which tokenizer is in force

    def _control(self, character: str) -> None:
        """Do what a C0 control says; most say nothing."""
        method = self._controls.get(character)
        if method:
            method()

    def _select(self, numbers: str) -> None:
        """SGR for a listener that knows no `select_rendition`."""
        self.listener.select_graphic_rendition(*parameters(numbers.replace(":", ";")))

    def _draw_parts(self, text: str) -> None:
        """Text with carriage returns and line feeds, for a listener that knows no `draw_lines`."""
        for part in _LINE_PARTS.findall(text):
            if part in "\r\n":
                self._control(part)
            else:
                self._draw(part)
