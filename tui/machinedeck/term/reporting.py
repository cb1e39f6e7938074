"""Events that ask the terminal something. `write_process_input` carries the answers, as in pyte."""

from __future__ import annotations

from machinedeck.term import modes, replies
from machinedeck.term.switching import Switching

QUERY_LIMIT = 64
"""How many questions in one string are answered."""


class Reporting(Switching):
    """Queries."""

    def report_device_attributes(self, mode: int | None = 0, private: bool = False, **_: bool) -> None:
        """DA1: what this terminal is."""
        if not mode and not private:
            self.write_process_input(replies.PRIMARY)

    def report_secondary_attributes(self, mode: int | None = 0) -> None:
        """DA2: which version it is."""
        if not mode:
            self.write_process_input(replies.SECONDARY)

    def report_tertiary_attributes(self, mode: int | None = 0) -> None:
        """DA3: its unit number."""
        if not mode:
            self.write_process_input(replies.TERTIARY)

    def report_device_status(self, mode: int | None = 0) -> None:
        """DSR: 5 asks for the status, 6 for the cursor's position (CPR)."""
        if mode == 6:
            self.write_process_input(f"\x1b[{self._position()}R")
        elif mode == 5:
            self.write_process_input(replies.READY)

    def report_private_status(self, mode: int | None = 0) -> None:
        """DSR with `?`: 6 asks for the cursor's position (DECXCPR), others for parts that we have none of."""
        if mode == 6:
            self.write_process_input(f"\x1b[?{self._position()}R")
        else:
            self.write_process_input(replies.PRIVATE_STATUS.get(mode or 0, ""))

    def report_mode(self, number: int | None = 0, private: bool = False) -> None:
        """DECRQM: whether a mode is set."""
        state = modes.report(self.modes, number or 0, is_private=private)
        mark = "?" if private else ""
        self.write_process_input(f"\x1b[{mark}{number or 0};{state}$y")

    def report_version(self, mode: int | None = 0) -> None:
        """XTVERSION: our name."""
        if not mode:
            self.write_process_input(replies.VERSION)

    def window_operation(self, *parameters: int) -> None:
        """XTWINOPS: 18 and 19 ask for the size in cells. No window moves, no title is told."""
        operation = parameters[0] if parameters else 0
        if operation in {18, 19}:
            self.write_process_input(f"\x1b[{operation - 10};{self.lines};{self.columns}t")

    def query_colour(self, number: int, payload: str, terminator: str) -> None:
        """OSC 10 to 12: each `?` asks for a colour, counted on from the OSC's own number."""
        for offset, wanted in enumerate(payload.split(";")[:QUERY_LIMIT]):
            value = replies.DEFAULT_COLOURS.get(number + offset)
            if wanted == "?" and value:
                self.write_process_input(replies.colour(str(number + offset), value, terminator))

    def query_palette(self, number: int, payload: str, terminator: str) -> None:
        """OSC 4: pairs of a palette number and `?`."""
        words = payload.split(";")[: 2 * QUERY_LIMIT]
        for index, wanted in zip(words[::2], words[1::2], strict=False):
            if (
                wanted == "?"
                and index.isascii()
                and index.isdecimal()
                and len(index) <= 3
                and int(index) < 256
            ):
                answer = replies.colour(f"{number};{int(index)}", replies.palette(int(index)), terminator)
                self.write_process_input(answer)

    def device_control(self, payload: str) -> None:
        """DCS: DECRQSS (`$q…`) and XTGETTCAP (`+q…`); any other is swallowed."""
        if payload.startswith("$q"):
            self.write_process_input(self._setting(payload[2:]))
        elif payload.startswith("+q"):
            for name in payload[2:].split(";")[:QUERY_LIMIT]:
                self.write_process_input(replies.capability(_from_hexadecimal(name)))

    def write_process_input(self, data: str) -> None:
        """Send an answer to the guest; nothing is sent for an empty one."""

    def _position(self) -> str:
        """The cursor's line and column, 1-based; in origin mode the line counts from the top margin."""
        line = self.cursor.y + 1 - (self.top if self.modes.origin else 0)
        return f"{line};{self.cursor.x + 1}"

    def _setting(self, name: str) -> str:
        """DECRQSS for SGR, DECSTBM, DECSCUSR, DECSCL and DECSCA."""
        values = {
            "m": replies.rendition(self.style_of(self.cursor.pen)),
            "r": f"{self.top + 1};{self.bottom + 1}",
            " q": str(self.shape),
            '"p': "62;1",
            '"q': "0",
        }
        return replies.setting(values[name] + name) if name in values else replies.NOT_A_SETTING


def _from_hexadecimal(text: str) -> str:
    """The name that XTGETTCAP gives in hexadecimal; empty, which is no name, where it is none."""
    try:
        return bytes.fromhex(text[:64]).decode("ascii")
    except ValueError:
        return ""
