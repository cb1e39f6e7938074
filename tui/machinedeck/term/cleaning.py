"""Text of a guest that is to be shown outside its own screen: titles, names, addresses."""

from __future__ import annotations

_UNWANTED = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
"""Controls, line separators, and marks that turn the direction of text: no guest may dress up as another."""


LOOKED_AT = 16
"""How many times as much as is kept of a text is looked at."""


def clean(text: str, limit: int | None = None) -> str:
    """The text without controls and marks of direction, cut to `limit` characters.

    Of a text that is far longer no more is looked at than may be needed.
    """
    if limit is not None:
        text = text[: LOOKED_AT * limit]
    return text.translate(_UNWANTED)[:limit]
