"""Events of operating system commands: titles, colours, and what a shell tells about itself.

Sources: xterm's ctlseqs ("Operating System Commands"); freedesktop's terminal-wg for OSC 7; FinalTerm for OSC
133; systemd's "OSC 3008: Hierarchical Context Signalling".

Nothing here reaches the operator's own terminal or clipboard: what a guest wants is noted, cleaned and cut,
and whoever shows the terminal decides. The clipboard is never read.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from machinedeck.term import replies
from machinedeck.term.cleaning import clean
from machinedeck.term.colours import DYNAMIC, SPECIAL, Colours, parse
from machinedeck.term.switching import Switching

TITLE_LIMIT = 256
"""Characters of a title that are kept."""

QUERY_LIMIT = 64
"""How many questions or colours in one string are looked at."""

CLIPBOARD_LIMIT = 100_000
"""Bytes of text that a guest may want in the clipboard; more is refused."""

FIELD_LIMIT = 256
"""Characters of each thing that a shell or systemd tells about itself."""

COLOURS_LIMIT = 10
"""How many palettes XTPUSHCOLORS keeps, as in xterm."""

CONTEXT_LIMIT = 32
"""How many contexts within each other are kept."""


@dataclass(frozen=True, slots=True)
class ClipboardWish:
    """Text that a guest wants in the clipboard (OSC 52). `selection` is its letter: `c`, `p` and so on."""

    selection: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """A context of OSC 3008, such as a shell, a service or a boot: an identifier, and fields as sent."""

    identifier: str
    fields: tuple[tuple[str, str], ...]


class Commands(Switching):
    """Titles, colours, clipboard, and the marks of shells and systemd."""

    def start(self) -> None:
        """Set all that a reset sets."""
        self.colours = Colours()
        self.palettes: list[Colours] = []
        self.clipboard: ClipboardWish | None = None
        self.directory = ""
        self.shell_mark = ""
        self.exit_code: int | None = None
        self.contexts: list[Context] = []
        self.ended: tuple[tuple[str, str], ...] = ()
        super().start()

    def soft_reset(self) -> None:
        """DECSTR: see `Switching.soft_reset`; the palette too is as at the start."""
        super().soft_reset()
        if self.colours.changed:
            self.colours.reset(range(256))
            self.touch_all()

    def set_title(self, param: str) -> None:
        """OSC 0, 2: the window's title, without control characters, 256 characters at most."""
        self.title = clean(param, TITLE_LIMIT)

    def set_icon_name(self, param: str) -> None:
        """OSC 0, 1: the icon's name, cleaned as the title is."""
        self.icon_name = clean(param, TITLE_LIMIT)

    def set_directory(self, text: str) -> None:
        """OSC 7: the shell's directory, a `file://` address; `directory` has it, cleaned."""
        address = clean(text, 4 * FIELD_LIMIT)
        self.directory = address if address.startswith("file://") else ""

    def set_clipboard(self, text: str) -> None:
        """OSC 52: text for the clipboard; `clipboard` has the wish. No question is answered."""
        selection, _, data = text.partition(";")
        if data == "?" or len(data) > CLIPBOARD_LIMIT * 4 // 3 + 4:
            return
        try:
            wanted = base64.b64decode(data, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return  # no base64: xterm clears the selection, which nobody wants from a guest
        self.clipboard = ClipboardWish((selection or "s")[0], wanted)

    def mark_shell(self, text: str) -> None:
        """OSC 133: prompt (A), command line (B), output (C), and the end with its exit code (D)."""
        mark, _, rest = text.partition(";")
        if mark[:1] in {"A", "B", "C", "D", "P"}:
            self.shell_mark = mark[0]
        if mark == "D":
            digits = rest.partition(";")[0]
            is_code = digits.isascii() and digits.isdecimal() and len(digits) <= 3
            self.exit_code = int(digits) if is_code else None

    def mark_context(self, text: str) -> None:
        """OSC 3008: a context begins (`start=`) or ends (`end=`); ended ones take those within them along."""
        head, *rest = fields(text, QUERY_LIMIT)
        action, _, name = head.partition("=")
        identifier = clean(name, FIELD_LIMIT)
        pairs = (field.partition("=") for field in rest)
        told = tuple((clean(key, 64), clean(value, FIELD_LIMIT)) for key, _, value in pairs)
        known = [context.identifier for context in self.contexts]
        if action == "start" and identifier:
            if identifier in known:
                del self.contexts[known.index(identifier) :]
            self.contexts.append(Context(identifier, told))
            del self.contexts[:-CONTEXT_LIMIT]
        elif action == "end" and identifier in known:
            del self.contexts[known.index(identifier) :]
            self.ended = told

    def query_palette(self, number: int, payload: str, terminator: str) -> None:
        """OSC 4, and 5 for special colours: pairs of a number, and `?` or a colour."""
        words = fields(payload, 2 * QUERY_LIMIT)
        for word, wanted in zip(words[::2], words[1::2], strict=False):
            index = _number(word)
            place = index + 256 if number == 5 else index
            if index < 0 or not (place < 256 or place in SPECIAL):
                continue
            if wanted == "?":
                answer = replies.colour(f"{number};{index}", self.colours.get(place), terminator)
                self.reply(answer)
            elif (value := parse(wanted)) is not None:
                self.colours.changed[place] = value
                self.touch_all()

    def query_colour(self, number: int, payload: str, terminator: str) -> None:
        """OSC 10 to 19: each `?` asks for a colour, each colour sets it, counted on from the OSC's number."""
        for at, wanted in zip(range(number, DYNAMIC.stop), fields(payload, len(DYNAMIC)), strict=False):
            if wanted == "?":
                answer = replies.colour(str(at), self.colours.get_dynamic(at), terminator)
                self.reply(answer)
            elif (value := parse(wanted)) is not None:
                self.colours.dynamic[at] = value
                self.touch_all()

    def reset_palette(self, number: int, payload: str, terminator: str) -> None:
        """OSC 104, 105: the named colours as at the start, or all."""
        special = number == 105
        if payload:
            for word in fields(payload, QUERY_LIMIT):
                index = _number(word)
                if index >= 0:
                    place = index + 256 if special else index
                    self.colours.reset(range(place, place + 1))
        else:
            self.colours.reset(SPECIAL if special else range(256))
        self.touch_all()

    def reset_colour(self, number: int, payload: str, terminator: str) -> None:
        """OSC 110 to 119: a colour as at the start."""
        self.colours.dynamic.pop(number - 100, None)
        self.touch_all()

    def push_colours(self) -> None:
        """XTPUSHCOLORS: keep all colours."""
        if len(self.palettes) < COLOURS_LIMIT:
            self.palettes.append(self.colours.copy())

    def pop_colours(self) -> None:
        """XTPOPCOLORS: bring back the colours that were kept last."""
        if self.palettes:
            self.colours = self.palettes.pop()
            self.touch_all()

    def report_colours(self) -> None:
        """XTREPORTCOLORS: which palette of how many is the last that was kept."""
        self.reply(f"\x1b[{len(self.palettes)};{len(self.palettes)}#Q")

    def reply(self, answer: str) -> None:
        """Answer the guest, with C1 controls as it wants them (S8C1T); an empty answer is none."""
        if answer:
            self.write_process_input(replies.eight_bit(answer) if self.is_eight_bit else answer)

    def write_process_input(self, data: str) -> None:
        """Send an answer to the guest."""


def fields(text: str, most: int) -> list[str]:
    """What stands between semicolons, `most` of them; the rest is not even cut up."""
    return text.split(";", most)[:most]


def _number(text: str) -> int:
    """A colour's number, or -1 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 3 else -1
