"""Making strings that come from machines safe and fit to show.

Names, os-release fields and error texts are written by whoever owns a machine. Nothing of them may act
on the operator's terminal, hide other text or be read as markup; this is the one door they come through.
"""

from __future__ import annotations

import re
import unicodedata

UNKNOWN = "–"
"""What is shown where a value is not known. Never 0: nothing is not the same as unknown."""

_LONGEST = 4096

# C0 and C1 controls, line and paragraph separators, surrogates; the marks that turn the direction of text
# round and those that are not seen, by which a name could pose as another. Of joiners and variation selectors
# terminals also disagree how many columns they make of what is before them: the line would be out of step.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def clean(text: object, longest: int = _LONGEST) -> str:
    """`text` in one line, cut to `longest` characters, with U+FFFD for all that is unsafe or not seen."""
    cleaned = _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return cleaned if len(cleaned) <= longest else cleaned[: longest - 1] + "…"


_ASCII = str.maketrans(
    {
        "–": "-", "—": "-", "…": "~", "·": "|", "●": "*", "○": "o", "◐": "+", "◑": "-", "✗": "x", "✓": "v",
        "×": "x", "’": "'", "▲": "^", "▼": "v", "◀": "<", "▶": ">", "█": "#", "•": "*", "≥": ">", "≤": "<",
        "─": "-", "│": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+",
        "┼": "+", "━": "=", "┃": "|", "═": "=", "║": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "▁": "_",
        "▂": "_", "▃": "_", "▄": "#", "▅": "#", "▆": "#", "▇": "#", "▌": "#", "▐": "#", "▔": "-", "▕": "|",
        "▏": "|", "▎": "|", "▊": "#", "▋": "#", "▍": "|", "▉": "#", "\N{NO-BREAK SPACE}": " ", "↑": "^",
        "┏": "+", "┓": "+", "┗": "+", "┛": "+", "┣": "+", "┫": "+", "┳": "+", "┻": "+", "╋": "+",
        "↓": "v", "←": "<", "→": ">", "⏎": "<", "⇄": "=", "↻": "o", "░": ".",
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """`text` for a terminal without UTF-8: the same number of columns, every character ASCII.

    Frames and marks become their nearest look-alike, accented letters lose their accent, anything
    else is a question mark for each column it took.
    """
    if text.isascii():
        return text
    return "".join(_one_to_ascii(character) for character in text.translate(_ASCII))


def _one_to_ascii(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return ""
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii():
        return base
    return "??" if unicodedata.east_asian_width(character) in {"W", "F"} else "?"
