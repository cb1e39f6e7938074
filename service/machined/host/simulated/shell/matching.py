"""Regular expressions whose time grows with the text only: what a user types must never hold up the loop.

Extended regular expressions (regex(7)) without back references and counts; matched by stepping through all
states at once (Thompson, "Regular Expression Search Algorithm", 1968).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PATTERN_LIMIT = 100
"""Characters of a pattern that is more than plain text."""
TEXT_LIMIT = 4096
"""Characters of a text that such a pattern is looked for in; nothing beyond them is found."""

Test = Callable[[str], bool]


class PatternError(ValueError):
    """A pattern that means nothing."""


@dataclass(slots=True, eq=False)
class _State:
    """A state: takes a character that passes its test, or leads on without one."""

    test: Test | None = None
    anchor: str = ""
    """`^` or `$`: leads on only there."""
    ways: list[_State] | None = None


class Pattern:
    """A compiled pattern.

    Args:
        text: The pattern.
        ignores_case: Whether letters are alike in both cases.
        is_fixed: Whether the text means itself.

    Raises:
        PatternError: It cannot be read.
    """

    def __init__(self, text: str, *, ignores_case: bool = False, is_fixed: bool = False) -> None:
        self._folds = ignores_case
        self._length = len(text)
        text = text.lower() if ignores_case else text
        self._literal = text if is_fixed or not set(text) & set("\\.[]*+?{}()|^$") else None
        if self._literal is None and len(text) > PATTERN_LIMIT:
            raise PatternError("Regular expression too big")
        self._end = _State()
        self._start = self._end if self._literal is not None else _Builder(text).build(self._end)

    def search(self, text: str) -> tuple[int, int] | None:
        """Where the pattern is found first, as long as possible; None if nowhere."""
        text = text.lower() if self._folds else text
        if self._literal is not None:
            at = text.find(self._literal)
            return None if at < 0 else (at, at + len(self._literal))
        return self._simulate(text[:TEXT_LIMIT])

    def cost(self, text: str) -> int:
        """How much work it may be to search a text, in steps."""
        return 0 if self._literal is not None else min(len(text), TEXT_LIMIT) * self._length

    def _simulate(self, text: str) -> tuple[int, int] | None:
        """Step through all states at once, each with the earliest start that leads to it."""
        active: dict[_State, int] = {}
        best: tuple[int, int] | None = None
        for position in range(len(text) + 1):
            if best is None:
                _follow(self._start, position, active, position, len(text))
            start = active.get(self._end)
            if start is not None and (best is None or start <= best[0]):
                best = (start, position)
            if position == len(text):
                break
            following: dict[_State, int] = {}
            for state, begun in sorted(active.items(), key=lambda item: item[1]):
                if state.test and state.test(text[position]) and (best is None or begun <= best[0]):
                    for way in state.ways or []:
                        _follow(way, begun, following, position + 1, len(text))
            active = following
            if best is not None and not active:
                break
        return best


def _follow(state: _State, start: int, active: dict[_State, int], position: int, length: int) -> None:
    """Add a state and all that can be reached from it without a character."""
    waiting = [state]
    while waiting:
        state = waiting.pop()
        if active.get(state, length + 1) <= start:
            continue
        active[state] = start
        if state.test:
            continue
        if (state.anchor == "^" and position) or (state.anchor == "$" and position != length):
            continue
        waiting += state.ways or []


class _Builder:
    """Builds states from a pattern, back to front: each piece leads to the state after it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def build(self, end: _State) -> _State:
        """The state to begin with."""
        start = self._choice(end, 0)
        if self._at < len(self._text):
            raise PatternError("Unmatched ) or \\)")
        return start

    def _choice(self, end: _State, depth: int) -> _State:
        """Read alternatives."""
        if depth > 50:
            raise PatternError("Regular expression too big")
        ways = [self._sequence(end, depth)]
        while self._peek() == "|":
            self._at += 1
            ways.append(self._sequence(end, depth))
        return ways[0] if len(ways) == 1 else _State(ways=ways)

    def _sequence(self, end: _State, depth: int) -> _State:
        """Read pieces that follow each other."""
        start = here = _State(ways=[])
        while self._peek() not in {"", "|", ")"}:
            after = _State(ways=[])
            first = self._piece(after, depth)
            while (sign := self._peek()) and sign in "*+?":
                self._at += 1
                if sign != "?":
                    loop = _State(ways=[first])
                    after.ways = [loop, following := _State(ways=[])]
                    first = _State(ways=[first, after]) if sign == "*" else first
                    after = following
                else:
                    first = _State(ways=[first, after])
            here.ways = [first]
            here = after
        here.ways = [end]
        return start

    def _piece(self, after: _State, depth: int) -> _State:
        """Read one piece."""
        letter = self._text[self._at]
        self._at += 1
        if letter == "(":
            inner = self._choice(after, depth + 1)
            if self._peek() != ")":
                raise PatternError("Unmatched ( or \\(")
            self._at += 1
            return inner
        if letter in "^$":
            return _State(anchor=letter, ways=[after])
        if letter == "[":
            return _State(self._bracket(), ways=[after])
        if letter == ".":
            return _State(lambda _: True, ways=[after])
        if letter == "\\":
            if self._at == len(self._text):
                raise PatternError("Trailing backslash")
            return _State(_class(self._take()), ways=[after])
        return _State(letter.__eq__, ways=[after])

    def _bracket(self) -> Test:
        """Read a set of characters."""
        is_negated = self._peek() == "^"
        self._at += is_negated
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        first = True
        while self._peek() != "]" or first:
            first = False
            low = self._take()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in {"", "]"}:
                self._at += 1
                ranges.append((low, self._take()))
            else:
                singles.add(low)
        self._at += 1
        return lambda one: (one in singles or any(low <= one <= high for low, high in ranges)) != is_negated

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        """Take a character.

        Raises:
            PatternError: There is none.
        """
        if self._at >= len(self._text):
            raise PatternError("Unmatched [, [^, [:, [., or [=")
        self._at += 1
        return self._text[self._at - 1]


def _class(letter: str) -> Test:
    """What a letter after a backslash stands for (regex(7), GNU's additions)."""
    match letter:
        case "w":
            return lambda one: one.isalnum() or one == "_"
        case "s":
            return str.isspace
        case "d":
            return str.isdecimal
    return letter.__eq__
