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
    lacks the method, with `instead_most` parameters where those are fewer.
    """

    name: str
    most: int = 1
    is_private: bool = False
    is_raw: bool = False
    instead: str = "debug"
    instead_most: int = MOST


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
    "^": Event("reverse_scroll"),
    "`": Event("cursor_to_column"),
    "a": Event("cursor_right_columns", instead="cursor_forward"),
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
    "s": Event("save_cursor_or_margins", 2, instead="save_cursor", instead_most=0),
    "t": Event("window_operation", 3),
    "u": Event("restore_saved_cursor", 1, instead="restore_cursor", instead_most=0),
    "&u": Event("report_supplemental_set", 0),
    "?J": Event("erase_in_display", is_private=True),
    "?K": Event("erase_in_line", is_private=True),
    "?h": Event("set_mode", MOST, is_private=True),
    "?l": Event("reset_mode", MOST, is_private=True),
    "?S": Event("report_graphics", 3),
    "?W": Event("reset_tab_stops"),
    "?m": Event("report_key_modifiers", 8),
    "?n": Event("report_private_status", 2),
    "?u": Event("report_keyboard", 0),
    "?r": Event("restore_modes", MOST),
    "?s": Event("save_modes", MOST),
    ">c": Event("report_secondary_attributes"),
    ">q": Event("report_version"),
    ">m": Event("set_key_modifiers", 2),
    ">n": Event("set_key_modifiers"),
    ">u": Event("push_keyboard"),
    "<u": Event("pop_keyboard"),
    "=c": Event("report_tertiary_attributes"),
    "=u": Event("change_keyboard", 2),
    " @": Event("scroll_left"),
    " A": Event("scroll_right"),
    " q": Event("set_cursor_shape"),
    "!p": Event("soft_reset", 0),
    '"p': Event("set_conformance", 2),
    '"q': Event("protect_characters"),
    '"v': Event("report_displayed_extent", 0),
    "#P": Event("push_colours", 0),
    "#Q": Event("pop_colours", 0),
    "#R": Event("report_colours", 0),
    "#p": Event("push_rendition", MOST),
    "#q": Event("pop_rendition", 0),
    "#y": Event("select_checksum"),
    "#{": Event("push_rendition", MOST),
    "#|": Event("report_rectangle_rendition", 4),
    "#}": Event("pop_rendition", 0),
    "$p": Event("report_mode"),
    "$r": Event("change_rectangle", MOST),
    "$t": Event("reverse_rectangle", MOST),
    "$v": Event("copy_rectangle", 8),
    "$w": Event("report_presentation"),
    "$x": Event("fill_rectangle", 5),
    "$z": Event("erase_rectangle", 4),
    "${": Event("erase_rectangle_selectively", 4),
    "$|": Event("set_page_columns"),
    "'}": Event("insert_columns"),
    "'~": Event("delete_columns"),
    "*x": Event("select_extent"),
    "*y": Event("report_checksum", 6),
    "*|": Event("set_screen_lines"),
    "?$p": Event("report_mode", is_private=True),
}

ESCAPE: dict[str, Event] = {
    "7": Event("save_cursor", 0),
    "8": Event("restore_cursor", 0),
    "6": Event("back_index", 0),
    "9": Event("forward_index", 0),
    "=": Event("application_keypad", 0),
    ">": Event("numeric_keypad", 0),
    "D": Event("index", 0),
    "E": Event("next_line", 0, instead="linefeed"),
    "H": Event("set_tab_stop", 0),
    "M": Event("reverse_index", 0),
    "N": Event("single_shift_two", 0),
    "O": Event("single_shift_three", 0),
    "V": Event("start_protected_area", 0),
    "W": Event("end_protected_area", 0),
    "Z": Event("report_device_attributes", 0),
    "c": Event("reset", 0),
    "n": Event("lock_shift_two", 0),
    "o": Event("lock_shift_three", 0),
    "#8": Event("alignment_display", 0),
    " F": Event("send_seven_bit", 0),
    " G": Event("send_eight_bit", 0),
}

OSC: dict[int, tuple[str, ...]] = {
    0: ("set_icon_name", "set_title"),
    1: ("set_icon_name",),
    2: ("set_title",),
    7: ("set_directory",),
    8: ("set_link",),
    52: ("set_clipboard",),
    133: ("mark_shell",),
    3008: ("mark_context",),
}
"""Operating system commands that set text; every number that is in no table is swallowed."""

OSC_QUERIES: dict[int, str] = {
    4: "query_palette",
    5: "query_palette",
    **dict.fromkeys(range(10, 20), "query_colour"),
    104: "reset_palette",
    105: "reset_palette",
    **dict.fromkeys(range(110, 120), "reset_colour"),
}
"""Operating system commands that are called with number, text and the terminator to answer with.

The text may be missing with its separator.
"""

STRINGS = {"]": "OSC", "P": "DCS", "_": "APC", "^": "PM", "X": "SOS"}
"""The finals of ESC that open a string."""
