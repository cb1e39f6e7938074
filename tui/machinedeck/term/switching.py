"""Events that switch modes, keep and bring back the cursor, and reset.

Sources: xterm's ctlseqs, and xterm for what a mode does beside; DEC STD 070 for DECSC, DECSTR and RIS;
kitty's "Comprehensive keyboard handling".
"""

from __future__ import annotations

from machinedeck.term import modes as tables
from machinedeck.term import rows
from machinedeck.term.rendition import Rendition
from machinedeck.term.rows import PLAIN
from machinedeck.term.state import LEVEL, Saved

WIDE, NARROW = 132, 80
"""The widths that DECCOLM asks for."""

KEYBOARD_LIMIT = 16
"""How many states of the keyboard protocol are kept for each screen; the oldest go first."""

_NOT_IN_VT52 = ("origin", "autowrap", "insert", "newline", "reverse_wrap", "extended_reverse_wrap")

_ASCII: tuple[tuple[str, ...], int] = (("B", "B", "B", "B"), 0)


class Switching(Rendition):
    """Modes, alternate screen, saved cursor, reset."""

    def start(self) -> None:
        """Set all that a reset sets; scrollback, title and size stay."""
        self.keyboards = [False]
        self.hidden_keyboards = [False]
        self._before_vt52: dict[str, bool] = {}
        self._sets_before_vt52 = _ASCII
        super().start()

    def set_mode(self, *modes: int, private: bool = False, **_: bool) -> None:
        """SM, DECSET: switch modes on."""
        for number in modes:
            self._switch(number, private, is_on=True)

    def reset_mode(self, *modes: int, private: bool = False, **_: bool) -> None:
        """RM, DECRST: switch modes off."""
        for number in modes:
            self._switch(number, private, is_on=False)

    def save_modes(self, *numbers: int) -> None:
        """XTSAVE: keep the state of DEC private modes; 1048 keeps the cursor."""
        if 1048 in numbers and self.modes.allows_alternate:
            self.save_cursor()
        for number in numbers:
            state = tables.report(self.modes, number, is_private=True)
            if state in {1, 2}:
                self.kept_modes[number] = state == 1

    def restore_modes(self, *numbers: int) -> None:
        """XTRESTORE: bring back the state of DEC private modes; of the screens, nothing is erased."""
        for number in numbers:
            if number in tables.ALTERNATE and self.modes.allows_alternate:
                self._show_screen(self.kept_modes.get(number, self.modes.is_alternate))
            elif number == 1048 and self.modes.allows_alternate:
                self.restore_cursor()
            elif number in self.kept_modes:
                self._switch(number, True, is_on=self.kept_modes[number])

    def application_keypad(self) -> None:
        """DECKPAM: the keypad sends `ESC O x`."""
        self.modes.application_keypad = True

    def numeric_keypad(self) -> None:
        """DECKPNM: the keypad sends characters."""
        self.modes.application_keypad = False

    def save_cursor(self) -> None:
        """DECSC: keep position, style, protection, character sets, origin mode; each screen keeps its own."""
        cursor, sets = self.cursor, self.charsets.save()
        self.saved = Saved(cursor.x, cursor.y, cursor.is_pending, cursor.pen, sets, self.modes.origin)

    def restore_cursor(self) -> None:
        """DECRC: bring back what was kept, or go home with defaults when nothing was."""
        saved = self.saved or Saved(0, 0, False, PLAIN, _ASCII, False)
        self.modes.origin = saved.origin
        self.charsets.restore(saved.charsets)
        self.cursor.pen = saved.pen
        if saved.origin:
            self.place(saved.x - self.left, saved.y - self.top)
        else:
            self.move(saved.x, saved.y)
        last = {self.columns - 1, self.right}
        self.cursor.is_pending = saved.is_pending and self.cursor.x in last

    def save_cursor_or_margins(self, *parameters: int) -> None:
        """`CSI s`: DECSLRM with mode 69, else SCOSC, which takes no parameters."""
        if self.modes.side_margins:
            self.set_side_margins(*parameters)
        elif not parameters:
            self.save_cursor()

    def restore_saved_cursor(self, *parameters: int) -> None:
        """`CSI u`: SCORC, which takes no parameters."""
        if not parameters:
            self.restore_cursor()

    def set_cursor_shape(self, shape: int | None = 0) -> None:
        """DECSCUSR: 0 to 2 block, 3 and 4 underline, 5 and 6 bar; odd ones blink."""
        if (shape or 0) <= 6:
            self.shape = shape or 0
            self.modes.is_blinking = self.shape in {1, 3, 5}

    def bell(self, *args: int) -> None:
        """BEL: counted."""
        self.bells += 1

    def soft_reset(self) -> None:
        """DECSTR: modes, margins, style, character sets as at the start; text, cursor, tab stops stay.

        The keys that are sent are the usual ones again, and the palette is as at the start.
        """
        modes = self.modes
        modes.is_cursor_visible = modes.autowrap = True
        modes.insert = modes.origin = modes.side_margins = False
        modes.reverse_wrap = modes.extended_reverse_wrap = False
        modes.application_cursor = modes.application_keypad = modes.locked_keyboard = False
        modes.modify_other_keys, modes.disambiguates = 0, False
        self.keyboards = [False]
        self.cursor.hidden = False
        self.set_cursor_shape(0)
        self.reset_margins()
        self.protection, self.checksum_flags = "", self.checksum_extension
        self.cursor.pen = PLAIN
        self.cursor.is_pending = False
        self.charsets.restore(_ASCII)
        self.saved = None

    def reset(self) -> None:
        """RIS: all as at the start, with the main screen blank; the scrollback stays."""
        self.start()

    def set_conformance(self, level: int | None = 0, controls: int | None = 0) -> None:
        """DECSCL: a soft reset, the level (61 to 64), and whether answers have 8-bit controls (0, 2).

        A level above the terminal's own is ignored, as in xterm.
        """
        if 61 <= (level or 0) <= 60 + LEVEL:
            self.soft_reset()
            self.level = (level or 0) - 60
            self.is_eight_bit = self.level > 1 and (controls or 0) in {0, 2}

    def send_seven_bit(self) -> None:
        """S7C1T: answers have controls of two characters, such as `ESC [`."""
        self.is_eight_bit = False

    def send_eight_bit(self) -> None:
        """S8C1T: answers have C1 controls of one byte."""
        self.is_eight_bit = self.level >= 2

    def enter_vt52(self) -> None:
        """DECANM reset: be a VT52 until `ESC <`, with modes that it lacks off, and ASCII."""
        modes = self.modes
        self._before_vt52 = {name: getattr(modes, name) for name in _NOT_IN_VT52}
        for name in _NOT_IN_VT52:
            setattr(modes, name, False)
        modes.is_vt52 = True
        self._sets_before_vt52 = self.charsets.save()
        self.charsets.restore(_ASCII)

    def leave_vt52(self) -> None:
        """`ESC <` in VT52 mode: a VT100 again, with the modes and sets of before."""
        for name, value in self._before_vt52.items():
            setattr(self.modes, name, value)
        self.modes.is_vt52 = False
        self.charsets.restore(self._sets_before_vt52)
        self.level = 1

    def place_vt52(self, line: int, column: int) -> None:
        """`ESC Y`: to a cell, 0-based; a line or column that does not exist leaves that of the cursor."""
        cursor = self.cursor
        x = column if 0 <= column < self.columns else cursor.x
        y = line if 0 <= line < self.lines else cursor.y
        self.move(x, y)

    def push_keyboard(self, flags: int | None = 0) -> None:
        """`CSI > u`: keep the keyboard protocol's flags and set others. Only flag 1 is known."""
        self.keyboards.append(bool((flags or 0) & 1))
        del self.keyboards[:-KEYBOARD_LIMIT]
        self.modes.disambiguates = self.keyboards[-1]

    def pop_keyboard(self, count: int | None = None) -> None:
        """`CSI < u`: bring back flags that were kept; none where there are no more."""
        del self.keyboards[-(count or 1) :]
        self.keyboards = self.keyboards or [False]
        self.modes.disambiguates = self.keyboards[-1]

    def change_keyboard(self, flags: int | None = 0, how: int | None = 1) -> None:
        """`CSI = u`: set the flags (1), add some (2), or take some away (3)."""
        is_named = bool((flags or 0) & 1)
        if (how or 1) == 1:
            self.keyboards[-1] = is_named
        elif is_named and how in {2, 3}:
            self.keyboards[-1] = how == 2
        self.modes.disambiguates = self.keyboards[-1]

    def set_key_modifiers(self, resource: int | None = None, level: int | None = None) -> None:
        """XTMODKEYS: 4 with 1 or 2 tells more keys apart, without them fewer; other keys always are."""
        if resource in {None, 4}:
            self.modes.modify_other_keys = level if level in {1, 2} else 0

    def _switch(self, number: int, is_private: bool, *, is_on: bool) -> None:
        """One mode; an unknown number does nothing."""
        modes = self.modes
        if not is_private:
            if number in tables.ANSI:
                setattr(modes, tables.ANSI[number], is_on)
        elif number in tables.PRIVATE:
            setattr(modes, tables.PRIVATE[number], is_on)
            self._after_switch(number)
        elif number in tables.MOUSE:
            modes.mouse = tables.MOUSE[number] if is_on else ""
        elif number in tables.MOUSE_ENCODINGS:
            if is_on or modes.mouse_encoding == tables.MOUSE_ENCODINGS[number]:
                modes.mouse_encoding = tables.MOUSE_ENCODINGS[number] if is_on else ""
        elif number in tables.ALTERNATE:
            self._switch_screen(number, is_on)
        elif number in tables.REMEMBERED:
            (modes.remembered.add if is_on else modes.remembered.discard)(number)
        else:
            self._switch_geometry(number, is_on)

    def _switch_geometry(self, number: int, is_on: bool) -> None:
        """DECCOLM, DECLRMM and 1048."""
        if number == 3 and self.modes.allows_wide:
            self._switch_width(is_on)
        elif number == 69 and self.level >= LEVEL:
            self.modes.side_margins = is_on
            if not is_on:
                self.set_sides(0, self.columns - 1)
        elif number == 1048 and self.modes.allows_alternate:
            self.save_cursor() if is_on else self.restore_cursor()

    def _switch_width(self, is_wide: bool) -> None:
        """DECCOLM: 132 columns or 80, a blank screen, no margins, cursor home; a pane keeps its width.

        132 columns also switch DECLRMM off, as in xterm.
        """
        self._blank(0, self.lines)
        if is_wide:
            self.modes.side_margins = False
        self.modes.is_wide = is_wide
        self.request_size(None, WIDE if is_wide else NARROW)
        self.reset_margins()
        self.place(0, 0)

    def request_size(self, lines: int | None, columns: int | None) -> None:
        """Change the size for the guest, if that is allowed; nothing keeps a dimension."""
        if self.allows_resize:
            self.resize(lines, columns)

    def _after_switch(self, number: int) -> None:
        """What some switches do beside being on or off."""
        if number == 6:
            self.place(0, 0)
        elif number == 5:
            self.touch_all()
        elif number == 1046 and not self.modes.allows_alternate:
            self._show_screen(False)
        self.cursor.hidden = not self.modes.is_cursor_visible

    def _switch_screen(self, number: int, is_on: bool) -> None:
        """47, 1047, 1049: show the alternate screen or the main one.

        1049 keeps the cursor and blanks the alternate screen; 1047 blanks it when it is left.
        """
        if not self.modes.allows_alternate:
            return
        if number == 1049 and is_on:
            self.save_cursor()
        if number == 1047 and not is_on and self.modes.is_alternate:
            self._blank(0, self.lines)
            self.cursor.is_pending = False
        self._show_screen(is_on)
        if number == 1049 and is_on:
            self.rows[:] = [rows.blank(self.columns, self.eraser)] * self.lines
            self.cursor.is_pending = False
            self.touch_all()
        elif number == 1049:
            self.restore_cursor()

    def _show_screen(self, is_alternate: bool) -> None:
        """Show the alternate screen or the main one, whichever it was."""
        if self.modes.is_alternate != is_alternate:
            self.rows, self.hidden_rows = self.hidden_rows, self.rows
            self.saved, self.hidden_saved = self.hidden_saved, self.saved
            self.keyboards, self.hidden_keyboards = self.hidden_keyboards, self.keyboards
            self.modes.disambiguates = self.keyboards[-1]
            self.modes.is_alternate = is_alternate
            self.touch_all()
