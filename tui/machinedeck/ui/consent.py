"""Which machines may write the operator's clipboard: each very run of one, never a name."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from machinedeck.model.machine import Identity

_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
"""What is left out of a machine's text: it may be pasted into a shell of the operator's own."""


class ClipboardWrite(NamedTuple):
    """What a machine wants in the operator's clipboard."""

    text: str
    """The text, without control characters other than newline and tab."""
    size: int
    """Bytes of it."""


def clipboard_write(wanted: str) -> ClipboardWrite:
    """A machine's text, made safe."""
    text = re.sub(_UNSAFE, "", wanted)
    return ClipboardWrite(text, len(text.encode("utf-8", "replace")))


class Answer(Enum):
    """What the operator says to a machine that wants to write the clipboard."""

    ONCE = "once"
    ALWAYS = "always"
    NO = "no"
    NEVER = "never"


class Consents:
    """The answers that hold for longer than once; forgotten when the console ends."""

    def __init__(self) -> None:
        self._answers: dict[Identity, bool] = {}

    def keep(self, identity: Identity, answer: Answer) -> None:
        """Remember an answer that is meant to last."""
        if answer in {Answer.ALWAYS, Answer.NEVER}:
            self._answers[identity] = answer is Answer.ALWAYS

    def may(self, identity: Identity) -> bool | None:
        """Whether this run of a machine may; None where it is to be asked.

        One without a start time cannot be told from the next of its name, and is always asked for.
        """
        return self._answers.get(identity) if identity.timestamp_monotonic else None
