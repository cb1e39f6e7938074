"""Events that ask the terminal something. `write_process_input` carries the answers, as in pyte."""

from __future__ import annotations

from machinedeck.term import modes, replies
from machinedeck.term.commands import QUERY_LIMIT, fields
from machinedeck.term.windows import Windows

_RESTORE_LIMIT = 1024
"""Characters of a report that is to be restored (DECRSPS)."""


class Reporting(Windows):
    """Queries."""

    def report_device_attributes(self, mode: int | None = 0, private: bool = False, **_: bool) -> None:
        """DA1: what this terminal is."""
        if not mode and not private:
            self.reply(replies.PRIMARY)

    def report_vt52(self) -> None:
        """`ESC Z` of a VT52: one that a VT100 plays."""
        self.reply(replies.VT52)

    def report_secondary_attributes(self, mode: int | None = 0) -> None:
        """DA2: which version it is."""
        if not mode:
            self.reply(replies.SECONDARY)

    def report_tertiary_attributes(self, mode: int | None = 0) -> None:
        """DA3: its unit number."""
        if not mode and self.level >= 4:
            self.reply(replies.TERTIARY)

    def report_device_status(self, mode: int | None = 0) -> None:
        """DSR: 5 asks for the status, 6 for the cursor's position (CPR)."""
        if mode == 6:
            self.reply(f"\x1b[{self._position()}R")
        elif mode == 5:
            self.reply(replies.READY)

    def report_private_status(self, mode: int | None = 0, identifier: int = 0) -> None:
        """DSR with `?`: 6 asks for the cursor's position (DECXCPR), others for parts that we have none of."""
        if mode == 6:
            self.reply(f"\x1b[?{self._position()}{';1' if self.level >= 4 else ''}R")
        elif mode == 26:
            self.reply(replies.KEYBOARD.get(self.level, ""))
        elif mode == 63 and self.level >= 4:
            self.reply(replies.checksum(identifier, 0))
        else:
            status = replies.PRIVATE_STATUS.get(mode or 0)
            if status and self.level >= status.level:
                self.reply(status.answer)

    def report_mode(self, number: int | None = 0, private: bool = False) -> None:
        """DECRQM: whether a mode is set."""
        number = number or 0
        if private and number == 1048:
            state = 1 if self.saved else 2
        elif private and number == 69 and self.level < 4:
            state = 0
        else:
            state = modes.report(self.modes, number, is_private=private)
        if self.level >= 3:
            self.reply(f"\x1b[{'?' if private else ''}{number};{state}$y")

    def report_version(self, mode: int | None = 0) -> None:
        """XTVERSION: our name."""
        if not mode:
            self.reply(replies.VERSION)

    def report_supplemental_set(self) -> None:
        """DECRQUPSS: the set that is preferred as a supplement."""
        if self.level >= 3:
            self.reply(replies.SUPPLEMENTAL)

    def report_keyboard(self) -> None:
        """`CSI ? u`: the flags of kitty's keyboard protocol."""
        self.reply(f"\x1b[?{int(self.modes.disambiguates)}u")

    def report_key_modifiers(self, *resources: int) -> None:
        """XTQMODKEYS: how modified keys are sent; a guest changes only 4, modifyOtherKeys."""
        levels = {1: 2, 2: 2, 4: self.modes.modify_other_keys}
        for resource in resources:
            if resource <= 5:
                self.reply(f"\x1b[>{resource};{levels.get(resource, 0)}m")

    def report_graphics(self, *parameters: int) -> None:
        """XTSMGRAPHICS: there are none; a wrong item (1) or action (2) is told apart from that (3)."""
        if len(parameters) == 3:
            item, action, _ = parameters
            status = 1 if item not in {1, 2, 3} else 2 if action not in {1, 2, 3, 4} else 3
            self.reply(f"\x1b[?{item};{status}S")

    def report_displayed_extent(self) -> None:
        """DECRQDE: lines and columns, and the place of the window in the page."""
        self.reply(f'\x1b[{self.lines};{self.columns};1;1;1"w')

    def report_checksum(self, *parameters: int) -> None:
        """DECRQCRA: the checksum of a rectangle; the first two parameters are an identifier and the page."""
        if self.level >= 4:
            identifier = parameters[0] if parameters else 0
            self.reply(replies.checksum(identifier, self.checksum(parameters[2:6])))

    def report_rectangle_rendition(self, *coordinates: int) -> None:
        """XTREPORTSGR: the attributes that all cells of a rectangle share."""
        spans = self._spans(coordinates)
        codes = set("".join("".join(set(self.rows[y][1][start:end])) for y, start, end in spans))
        styles = {self.style_of(code) for code in codes}
        self.reply(f"\x1b[{replies.rendition(replies.shared(styles))}m")

    def report_presentation(self, which: int | None = 0) -> None:
        """DECRQPSR: the cursor's state (1, DECCIR) or the tab stops (2, DECTABSR)."""
        if which == 1 and self.level >= 3:
            self.reply(replies.presentation("1", self._cursor_information()))
        elif which == 2 and self.level >= 3:
            stops = "/".join(str(stop + 1) for stop in self.stops)
            self.reply(replies.presentation("2", stops))

    def device_control(self, payload: str) -> None:
        """DCS: DECRQSS (`$q…`), XTGETTCAP (`+q…`), DECRSPS for tab stops (`2$t…`); any other is swallowed."""
        if payload.startswith("$q"):
            self.reply(self._setting(payload[2:]))
        elif payload.startswith("+q"):
            for name in fields(payload[2:], QUERY_LIMIT):
                self.reply(replies.capability(_from_hexadecimal(name)))
        elif payload.startswith("2$t") and self.level >= 3:
            words = payload[3 : 3 + _RESTORE_LIMIT].split("/")
            stops = {int(word) - 1 for word in words if word.isascii() and word.isdecimal() and len(word) < 6}
            self.stops = sorted(stop for stop in stops if 0 <= stop < self.columns)

    def _position(self) -> str:
        """The cursor's line and column, 1-based; in origin mode counted from the margins."""
        x, y = self.cursor.x, self.cursor.y
        if self.modes.origin:
            x, y = x - self.left, y - self.top
        return f"{y + 1};{x + 1}"

    def _cursor_information(self) -> str:
        """DECCIR: position, page, attributes, protection, flags, GL and GR, sizes and names of the sets."""
        style, cursor, sets = self.style_of(self.cursor.pen), self.cursor, self.charsets
        looks = (style.bold, style.underline, style.blink, style.reverse)
        flags = (self.modes.origin, sets.single == 2, sets.single == 3, cursor.is_pending)
        sizes = [name.startswith("-") for name in sets.designated]
        names = "".join(name.removeprefix("-") for name in sets.designated)
        return ";".join(
            [
                f"{cursor.y + 1};{cursor.x + 1};1",
                replies.bits(looks),
                replies.bits([style.is_protected]),
                replies.bits(flags),
                f"{sets.active};2",
                replies.bits(sizes),
                names,
            ]
        )

    def _setting(self, name: str) -> str:
        """DECRQSS: a setting as the sequence that makes it, by its final characters."""
        style = self.style_of(self.cursor.pen)
        values = {
            "m": replies.rendition(style),
            "r": f"{self.top + 1};{self.bottom + 1}",
            "s": f"{self.left + 1};{self.right + 1}",
            "t": str(max(24, self.lines)),
            " q": str(max(2, self.shape + self.shape % 2) - self.modes.is_blinking),
            '"p': "61" if self.level == 1 else f"{60 + self.level};{0 if self.is_eight_bit else 1}",
            '"q': str(int(style.is_protected)),
            "$|": "132" if self.modes.is_wide else "80",
            "*|": str(self.lines),
            "*x": str(self.extent),
            "$}": "0",
            "$~": "0",
        }
        return replies.setting(values[name] + name) if name in values else replies.NOT_A_SETTING


def _from_hexadecimal(text: str) -> str:
    """The name that XTGETTCAP gives in hexadecimal; empty, which is no name, where it is none."""
    try:
        return bytes.fromhex(text[:64]).decode("ascii")
    except ValueError:
        return ""
