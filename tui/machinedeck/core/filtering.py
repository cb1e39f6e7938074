"""Filters of lists, as operators type them while they look.

Words that must all be met: `web` is part of any field, `os:debian` of that field, `/^web-[0-9]/` a regular
expression, `!stopped` or `!state:stopped` what must not be met. Quotes hold blanks together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from machinedeck.expressions import TooLongError, read_expression, tried_for

MOST_SECONDS = 0.25
"""How long all rows of a list may take: nothing else is done meanwhile."""

LONGEST = 200
"""Characters of a field that a regular expression is tried on: what machines write may be any length."""

_WORD = r"""(!?)(?:(\w+):)?(?:"([^"]*)"?|/((?:[^/\\]|\\.)*)/?|(\S+))"""


class Term(NamedTuple):
    """One word of a filter."""

    is_not: bool
    key: str
    """The field it is about, "" for any."""
    text: str
    """What is part of it, in small letters; "" where `pattern` is."""
    pattern: re.Pattern[str] | None = None

    def is_met(self, fields: Mapping[str, str]) -> bool:
        """Whether a row with these fields fits."""
        values = (fields.get(self.key, ""),) if self.key else tuple(fields.values())
        return any(map(self._is_in, values)) is not self.is_not

    def _is_in(self, value: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(value[:LONGEST]) is not None
        return self.text in value.casefold()


class Filter(NamedTuple):
    """What is shown of a list."""

    text: str = ""
    """As it was typed."""
    terms: tuple[Term, ...] = ()
    problem: str = ""
    """What is wrong with it; "" for nothing. A filter with a problem shows all."""

    def apply(self, rows: Mapping[str, Mapping[str, str]]) -> tuple[Filter, list[str]]:
        """The rows that are shown, of rows with these fields; and the filter for the next time.

        One that takes longer than anybody would wait has a problem from then on.
        """
        if not any(term.pattern for term in self.terms):
            return self, [name for name, fields in rows.items() if self.is_met(fields)]
        try:
            with tried_for(MOST_SECONDS):
                return self, [name for name, fields in rows.items() if self.is_met(fields)]
        except TooLongError:
            return Filter(self.text, (), "The filter takes too long: all are shown."), list(rows)

    def is_met(self, fields: Mapping[str, str]) -> bool:
        """Whether a row with these fields is shown."""
        return bool(self.problem) or all(term.is_met(fields) for term in self.terms)


def read_filter(text: str, keys: frozenset[str]) -> Filter:
    """Read a filter.

    Args:
        text: As it was typed.
        keys: The fields that a row has; a word before a colon that is none of them is part of the text.
    """
    terms = []
    for match in re.finditer(_WORD, text.strip()):
        negation, key, quoted, pattern, plain = match.groups()
        if key is not None and key not in keys:
            quoted = f"{key}:{quoted or plain or pattern or ''}"
            key, pattern = "", None
        if pattern is not None:
            try:
                compiled = read_expression(pattern, re.IGNORECASE)
            except ValueError as error:
                return Filter(text, (), f"/{pattern}/ is no regular expression: {error}.")
            terms.append(Term(bool(negation), key or "", "", compiled))
        else:
            wanted = (quoted if quoted is not None else plain).casefold()
            terms.append(Term(bool(negation), key or "", wanted))
    return Filter(text, tuple(terms))
