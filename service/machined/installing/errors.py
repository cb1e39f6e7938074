"""Why an installation is not done."""

from __future__ import annotations


class Declined(Exception):
    """It is not begun, and nothing was changed; the text says why and what to do."""


class Failed(Exception):
    """It went wrong; the text says what, and what became of it."""
