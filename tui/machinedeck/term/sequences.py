"""Which event each control sequence is, as data.

Keys of `CSI` are the private prefix, the intermediates and the final character, such as "H", "?h" or "$p";
keys of `ESCAPE` the intermediates and the final; keys of `OSC` the number. Event names are pyte's where pyte
has the event.
Sources: ECMA-48 8.3; xterm's ctlseqs.
"""

from __future__ import annotations

from typing import NamedTuple

MOST = 64
"""Parameters that are passed on at most where a sequence takes any number."""


class Event(NamedTuple):
    """A listener's method for a control sequence.

    `most` is how many parameters it takes: surplus ones are dropped. `is_private` adds the keyword
    `private=True`, `is_raw` passes the parameters as they were sent. `instead` is called on a listener that
    lacks the method.
    """

    name: str
    most: int = 1
    is_private: bool = False
    is_raw: bool = False
    instead: str = "debug"


CSI: dict[str, Event] = {
    "@": Event("insert_characters"),
    "A": Event("cursor_up"),
    "B": Event("cursor_down"),
    "C": Event("cursor_forward"),
    "D": Event("cursor_back"),
    "E": Event("cursor_down1"),
    "F": Event("cursor_up1"),
    "G": Event("cursor_to_column"),
    "H": Event("cursor_position", 2),
    "I": Event("cursor_forward_tabs"),
    "J": Event("erase_in_display"),
    "K": Event("erase_in_line"),
    "L": Event("insert_lines"),
    "M": Event("delete_lines"),
    "P": Event("delete_characters"),
    "S": Event("scroll_up"),
    "T": Event("scroll_down", 5),
    "X": Event("erase_characters"),
    "Z": Event("cursor_back_tabs"),
    "^": Event("scroll_down"),
    "`": Event("cursor_to_column"),
    "a": Event("cursor_forward"),
    "b": Event("repeat"),
    "c": Event("report_device_attributes"),
    "d": Event("cursor_to_line"),
    "e": Event("cursor_down_lines", instead="cursor_down"),
    "f": Event("cursor_position", 2),
    "g": Event("clear_tab_stop"),
    "h": Event("set_mode", MOST),
    "l": Event("reset_mode", MOST),
    "m": Event("select_rendition", is_raw=True, instead="select_graphic_rendition"),
    "n": Event("report_device_status"),
    "r": Event("set_margins", 2),
    "s": Event("save_cursor", 0),
    "t": Event("window_operation", 3),
    "u": Event("restore_cursor", 0),
    "?J": Event("erase_in_display", is_private=True),
    "?K": Event("erase_in_line", is_private=True),
    "?h": Event("set_mode", MOST, is_private=True),
    "?l": Event("reset_mode", MOST, is_private=True),
    "?n": Event("report_private_status"),
    "?r": Event("restore_modes", MOST),
    "?s": Event("save_modes", MOST),
    ">c": Event("report_secondary_attributes"),
    ">q": Event("report_version"),
    "=c": Event("report_tertiary_attributes"),
    " q": Event("set_cursor_shape"),
    "!p": Event("soft_reset", 0),
    "$p": Event("report_mode"),
    "?$p": Event("report_mode", is_private=True),
}

ESCAPE: dict[str, Event] = {
    "7": Event("save_cursor", 0),
    "8": Event("restore_cursor", 0),
    "=": Event("application_keypad", 0),
    ">": Event("numeric_keypad", 0),
    "D": Event("index", 0),
    "E": Event("next_line", 0, instead="linefeed"),
    "H": Event("set_tab_stop", 0),
    "M": Event("reverse_index", 0),
    "N": Event("single_shift_two", 0),
    "O": Event("single_shift_three", 0),
    "Z": Event("report_device_attributes", 0),
    "c": Event("reset", 0),
    "n": Event("lock_shift_two", 0),
    "o": Event("lock_shift_three", 0),
    "#8": Event("alignment_display", 0),
}

OSC: dict[int, tuple[str, ...]] = {
    0: ("set_icon_name", "set_title"),
    1: ("set_icon_name",),
    2: ("set_title",),
}
"""Operating system commands that set text; every number that is in no table is swallowed."""

OSC_QUERIES: dict[int, str] = {
    4: "query_palette",
    10: "query_colour",
    11: "query_colour",
    12: "query_colour",
}
"""Operating system commands that are called with number, text and the terminator to answer with."""

STRINGS = {"]": "OSC", "P": "DCS", "_": "APC", "^": "PM", "X": "SOS"}
"""The finals of ESC that open a string."""
