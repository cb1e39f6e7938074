"""What verbs answer, written where the program's output goes."""

from __future__ import annotations

import codecs
import sys

from machinedeck.model.text import to_ascii


def write_answer(text: str) -> None:
    """Write lines to standard output; in ASCII where that takes no UTF-8, as in most locales of old."""
    print(text if _has_utf8() else to_ascii(text))  # noqa: T201


def _has_utf8() -> bool:
    return codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
