"""What pasted text becomes on its way to the guest."""

from __future__ import annotations

import re

from machinedeck.term.modes import Modes

START, END = b"\x1b[200~", b"\x1b[201~"
"""The markers around a bracketed paste (xterm's ctlseqs, "Bracketed Paste Mode")."""

_NEWLINES = re.compile(r"\r\n|\n")
_MARKERS = re.compile(r"(?:\x1b\[|\x9b)20[01]~")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def encode_paste(text: str, modes: Modes) -> bytes:
    """The bytes that paste `text`: newlines as the Enter key sends them, in markers if the guest wants them.

    Control characters other than tab and carriage return are left out, and markers inside the text with them,
    so that pasted text can neither press keys nor end the paste early. What UTF-8 cannot hold becomes a
    question mark.
    """
    cleaned = _CONTROLS.sub("", _MARKERS.sub("", _NEWLINES.sub("\r", text)))
    content = cleaned.encode("utf-8", "replace")
    return START + content + END if modes.bracketed_paste else content
