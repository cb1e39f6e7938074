"""Events that switch modes, keep and bring back the cursor, choose the style, and reset.

Sources: xterm's ctlseqs; DEC STD 070 for DECSC, DECSTR and RIS.
"""

from __future__ import annotations

from machinedeck.term import modes as tables
from machinedeck.term import rows, sgr
from machinedeck.term.drawing import Drawing
from machinedeck.term.rows import PLAIN
from machinedeck.term.state import Saved

TITLE_LIMIT = 256
"""Characters of a title that are kept."""

MEMORY_LIMIT = 8192
"""How many outcomes of SGR are remembered."""

_NOT_IN_TITLES = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
"""Controls, line separators, and marks that turn the direction of text: no guest may dress up as another."""


class Switching(Drawing):
    """Modes, alternate screen, saved cursor, style, title, reset."""

    def set_mode(self, *modes: int, private: bool = False, **_: bool) -> None:
        """SM, DECSET: switch modes on."""
        for number in modes:
            self._switch(number, private, is_on=True)

    def reset_mode(self, *modes: int, private: bool = False, **_: bool) -> None:
        """RM, DECRST: switch modes off."""
        for number in modes:
            self._switch(number, private, is_on=False)

    def save_modes(self, *numbers: int) -> None:
        """XTSAVE: keep the state of DEC private modes."""
        for number in numbers:
            state = tables.report(self.modes, number, is_private=True)
            if state:
                self.kept_modes[number] = state == 1

    def restore_modes(self, *numbers: int) -> None:
        """XTRESTORE: bring back the state of DEC private modes."""
        for number in numbers:
            if number in self.kept_modes:
                self._switch(number, True, is_on=self.kept_modes[number])

    def application_keypad(self) -> None:
        """DECKPAM: the keypad sends `ESC O x`."""
        self.modes.application_keypad = True

    def numeric_keypad(self) -> None:
        """DECKPNM: the keypad sends characters."""
        self.modes.application_keypad = False

    def save_cursor(self) -> None:
        """DECSC, SCOSC: keep position, style, character sets and origin mode; each screen keeps its own."""
        cursor, sets = self.cursor, self.charsets.save()
        self.saved = Saved(cursor.x, cursor.y, cursor.is_pending, cursor.pen, sets, self.modes.origin)

    def restore_cursor(self) -> None:
        """DECRC, SCORC: bring back what was kept, or go home with defaults when nothing was."""
        saved = self.saved or Saved(0, 0, False, PLAIN, (("B", "B", "B", "B"), 0), False)
        self.modes.origin = saved.origin
        self.charsets.restore(saved.charsets)
        self.cursor.pen = saved.pen
        self.move(saved.x, saved.y)
        self.cursor.is_pending = saved.is_pending and self.cursor.x == self.columns - 1

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """SGR with numbers, as pyte's stream sends it; private ones mean something else."""
        if not private:
            self.select_rendition(";".join(map(str, attrs)))

    def select_rendition(self, parameters: str) -> None:
        """SGR with its parameters as sent, colons included."""
        key = (self.cursor.pen, parameters)
        pen = self._renditions.get(key)
        if pen is None:
            style = sgr.render(self.style_of(self.cursor.pen), parameters)
            pen = self.style_code(style)
            if len(self._renditions) >= MEMORY_LIMIT:
                self._renditions.clear()
            self._renditions[key[0], parameters] = pen
        self.cursor.pen = pen

    def set_cursor_shape(self, shape: int | None = 0) -> None:
        """DECSCUSR: 0 to 2 block, 3 and 4 underline, 5 and 6 bar; odd ones blink."""
        if (shape or 0) <= 6:
            self.shape = shape or 0
            self.modes.is_blinking = self.shape in {1, 3, 5}

    def set_title(self, param: str) -> None:
        """OSC 0, 2: the window's title, without control characters, 256 characters at most."""
        self.title = param.translate(_NOT_IN_TITLES)[:TITLE_LIMIT]

    def set_icon_name(self, param: str) -> None:
        """OSC 0, 1: the icon's name, cleaned as the title is."""
        self.icon_name = param.translate(_NOT_IN_TITLES)[:TITLE_LIMIT]

    def bell(self, *args: int) -> None:
        """BEL: counted."""
        self.bells += 1

    def soft_reset(self) -> None:
        """DECSTR: modes, margins, style and character sets as at the start; text and cursor stay."""
        self.modes.is_cursor_visible = True
        self.modes.insert = self.modes.origin = False
        self.modes.autowrap = True
        self.modes.application_cursor = self.modes.application_keypad = False
        self.top, self.bottom = 0, self.lines - 1
        self.cursor.pen = PLAIN
        self.cursor.is_pending = False
        self.charsets.restore((("B", "B", "B", "B"), 0))
        self.saved = None

    def reset(self) -> None:
        """RIS: all as at the start, with the main screen blank; the scrollback stays."""
        self.start()

    def _switch(self, number: int, is_private: bool, *, is_on: bool) -> None:
        """One mode; an unknown number does nothing."""
        if not is_private:
            if number in tables.ANSI:
                setattr(self.modes, tables.ANSI[number], is_on)
        elif number in tables.PRIVATE:
            setattr(self.modes, tables.PRIVATE[number], is_on)
            self._after_switch(number, is_on)
        elif number in tables.MOUSE:
            self.modes.mouse = tables.MOUSE[number] if is_on else ""
        elif number in tables.MOUSE_ENCODINGS:
            self.modes.mouse_encoding = tables.MOUSE_ENCODINGS[number] if is_on else ""
        elif number in tables.ALTERNATE:
            self._switch_screen(number, is_on)
        elif number == 1048:
            self.save_cursor() if is_on else self.restore_cursor()

    def _after_switch(self, number: int, is_on: bool) -> None:
        """What some switches do beside being on or off."""
        if number == 6:
            self.cursor_position()
        elif number == 5:
            self.touch_all()
        elif number == 7 and not is_on:
            self.cursor.is_pending = False
        self.cursor.hidden = not self.modes.is_cursor_visible

    def _switch_screen(self, number: int, is_on: bool) -> None:
        """47, 1047, 1049: show the alternate screen or the main one.

        1049 keeps the main screen's cursor and starts with a blank alternate screen; 1047 blanks it when it
        is left.
        """
        if number == 1049 and is_on and not self.modes.is_alternate:
            self.save_cursor()
        if self.modes.is_alternate != is_on:
            if number == 1047 and not is_on:
                self._blank(0, self.lines)
            self.rows, self.hidden_rows = self.hidden_rows, self.rows
            self.saved, self.hidden_saved = self.hidden_saved, self.saved
            self.modes.is_alternate = is_on
            self.cursor.is_pending = False
            if number == 1049 and is_on:
                self.rows[:] = [rows.blank(self.columns, self.eraser)] * self.lines
            self.touch_all()
        if number == 1049 and not is_on:
            self.restore_cursor()
