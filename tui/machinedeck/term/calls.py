"""The call on a screen that each control sequence makes, worked out once for each that is met."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from machinedeck.term import sequences, sgr
from machinedeck.term.sequences import Event

MEMORY_LIMIT = 8192
"""How many sequences are remembered with the call that they make."""

_CSI_PARTS = re.compile(r"\[([<-?]?)([0-9:;]*)([ -/]*)([@-~])")

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A listener's method and what to call it with."""


@lru_cache(maxsize=4096)
def parameters(text: str) -> tuple[int, ...]:
    """The numbers of a sequence's parameters; nothing counts as 0, sub-parameters are left out.

    Args:
        text: Digits, `;` and `:`.
    """
    return tuple(sgr.number(part.partition(":")[0]) for part in text.split(";")) if text else ()


class Calls(dict[str, Call]):
    """Calls by their sequences, which are complete and without their ESC.

    Args:
        listener: A screen, ours or a stock `pyte.Screen`. Events it has no method for go to its `debug`.
        enter_vt52: What DECRST with DECANM among its modes calls instead, if the listener knows VT52 mode.
    """

    def __init__(self, listener: Any, enter_vt52: Callable[..., None]) -> None:
        super().__init__()
        self._listener = listener
        self._enter_vt52 = enter_vt52

    def __missing__(self, text: str) -> Call:
        """The call of a sequence that was not met yet, or is forgotten again."""
        if len(self) >= MEMORY_LIMIT:
            self.clear()
        call = self[text] = self._csi(text) if text[0] == "[" else self._escape(text)
        return call

    def _escape(self, text: str) -> Call:
        """The call that `ESC text` makes."""
        event = sequences.ESCAPE.get(text)
        if event:
            return self._method(event), ()
        if text[0] in "()*+-./":
            return partial(self._listener.define_charset, mode=text[0]), (text[1:],)
        if text[0] == "%":
            return _keep_coding, ()
        return self._listener.debug, (text,)

    def _csi(self, text: str) -> Call:
        """The call that `ESC text` makes, where text begins with `[`."""
        parts = _CSI_PARTS.fullmatch(text)
        prefix, numbers, intermediates, final = parts.groups() if parts else ("", "", "", text[-1])
        event = sequences.CSI.get(prefix + intermediates + final)
        if event is None or (":" in numbers and not event.is_raw):
            return self._listener.debug, parameters(numbers)
        if event.is_raw and hasattr(self._listener, event.name):
            return getattr(self._listener, event.name), (numbers,)
        if event.is_raw:
            return self._method(event), parameters(numbers.replace(":", ";"))
        if prefix + final == "?l" and 2 in parameters(numbers) and hasattr(self._listener, "enter_vt52"):
            return self._enter_vt52, parameters(numbers)
        most = event.most if hasattr(self._listener, event.name) else min(event.most, event.instead_most)
        return self._method(event), parameters(numbers)[:most]

    def _method(self, event: Event) -> Callable[..., Any]:
        """The listener's method for an event, or what is called instead."""
        method: Callable[..., Any] = getattr(self._listener, event.name, None) or getattr(
            self._listener, event.instead
        )
        return partial(method, private=True) if event.is_private else method


def _keep_coding() -> None:
    """Another coding (DOCS) changes nothing: what comes in is characters already."""
