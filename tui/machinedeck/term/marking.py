"""What is marked in a terminal by who looks at it: the selection, its caret, what was searched for.

Keys are those of tmux's and less's vi manners. Knows nothing of a screen: a view draws `spans` and keeps the
caret in sight.
"""

from __future__ import annotations

from bisect import bisect_left
from enum import Enum

from machinedeck.term.history import History
from machinedeck.term.searching import Search
from machinedeck.term.selecting import Reach, Selection, Spot, word_at

PASTED = 200
"""Characters of what is pasted that are searched for."""


class Outcome(Enum):
    """What a key led to."""

    IGNORED = "ignored"
    """It is no key of this mode."""
    DONE = "done"
    """The marks have changed, or could not."""
    COPY = "copy"
    """The selection is to be copied."""
    LEFT = "left"
    """The caret is taken away."""


_STEPS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0),
          "h": (0, -1), "l": (0, 1), "k": (-1, 0), "j": (1, 0)}  # fmt: skip
_PAGES = {"pageup": -1, "pagedown": 1, "ctrl+b": -1, "ctrl+f": 1}
_REACHES = {"v": Reach.CELLS, "space": Reach.CELLS, "V": Reach.LINES, "ctrl+v": Reach.BLOCK}
_ENDS = {
    "0": "start", "home": "start", "dollar_sign": "end", "end": "end", "g": "oldest", "G": "newest",
}  # fmt: skip


class Marking:
    """Marks in the lines of a terminal.

    Args:
        history: The lines.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.selection: Selection | None = None
        self.caret: Spot | None = None
        """Where the caret is while text is selected by keys; None otherwise."""
        self.search: Search | None = None
        self.pattern = ""
        self.is_regex = False
        self.is_typing = False
        """Whether a pattern is being typed."""
        self.trouble = ""
        """What is wrong with the pattern, "" if nothing is."""
        self.origin: Spot | None = None
        """Where the mouse began to select, while its button is held."""
        self.current: int | None = None
        """The number of the match that was gone to, while it is found."""
        self.reached: Spot | None = None
        """Where that match begins."""
        self._late: tuple[str, bool] | None = None
        """The pattern that took too long, which is not looked for again by itself."""

    @property
    def is_active(self) -> bool:
        """Whether keys are for this."""
        return self.caret is not None or self.is_typing

    def clear(self) -> None:
        """Take all marks away."""
        self.selection = self.caret = self.search = self.current = self.origin = self.reached = None
        self.is_typing, self.trouble = False, ""

    def move_lines(self, lines: int) -> None:
        """Old lines went: let the marks stay on their text. Matches are looked for again."""
        if self.selection is not None:
            self.selection = self.selection.moved(-lines)
        if self.caret is not None:
            self.caret = self._within(self.caret.line - lines, self.caret.column)
        if self.origin is not None:
            self.origin = Spot(max(0, self.origin.line - lines), self.origin.column)
        if self.reached is not None:
            line = self.reached.line - lines
            self.reached = self.reached._replace(line=line) if line >= 0 else None
        self.search = None

    def forget_places(self) -> None:
        """Other lines are there now: only the caret stays, where there is a cell for it."""
        self.selection = self.origin = self.search = None
        if self.caret is not None:
            self.caret = self._within(*self.caret)

    def begin(self, line: int, column: int) -> None:
        """Put the caret on a cell."""
        self.caret = self._within(line, column)

    def begin_search(self) -> None:
        """Take a new pattern."""
        self._late = None
        self.is_typing, self.pattern, self.trouble = True, "", ""
        self.search = self.current = self.reached = None

    def look_again(self) -> None:
        """Find the pattern anew, in the lines as they are now; not one that takes too long."""
        if self.pattern and self._late != (self.pattern, self.is_regex):
            self._look()

    def spans(self, line: int) -> list[tuple[int, int, str]]:
        """The marked cells of a line, from, up to and what: "match", "current", "selection"."""
        spans: list[tuple[int, int, str]] = []
        search = self.search
        if search is not None:
            current = search.matches[self.current] if self.current is not None and search.matches else None
            for match in search.on_line(line):
                if span := match.span(line, self.history.columns):
                    spans.append((*span, "current" if match == current else "match"))
        if self.selection is not None and (span := self.selection.span(self.history, line)):
            spans.append((*span, "selection"))
        return spans

    # Keys

    def key(self, key: str, character: str | None, page: int) -> Outcome:
        """Take a key while a pattern is typed or the caret is there.

        Args:
            key: Its name.
            character: What it writes, if anything.
            page: Lines that are seen at once.
        """
        if self.is_typing:
            return self._type(key, character)
        if self.caret is None:
            return Outcome.IGNORED
        return self._caret_key(key, page)

    def _type(self, key: str, character: str | None) -> Outcome:
        if key in {"enter", "escape", "ctrl+c"}:
            self.is_typing = False
            if key != "enter":
                self.pattern, self.trouble = "", ""
                self.search = self.current = self.reached = None
            return Outcome.DONE
        if key == "ctrl+r":
            self.is_regex = not self.is_regex
        elif key == "ctrl+u":
            self.pattern = ""
        elif key == "backspace":
            self.pattern = self.pattern[:-1]
        elif character and character.isprintable():
            self.pattern += character
        else:
            return Outcome.IGNORED
        self._look_from_here()
        return Outcome.DONE

    def paste(self, text: str) -> None:
        """Take the first line of what was pasted, or as much of it as one could read, into the pattern."""
        first = next(iter(text.strip().splitlines()), "")[:PASTED]
        self.pattern += "".join(character for character in first if character.isprintable())
        self._look_from_here()

    def _look_from_here(self) -> None:
        self.reached = None
        self._look()

    def _look(self) -> None:
        """Find the pattern; the match that was gone to has another number where older ones went."""
        self.search, self.current, self.trouble = None, None, ""
        try:
            self.search = Search(self.history, self.pattern, is_regex=self.is_regex) if self.pattern else None
            if self.search is not None and self.search.is_late:
                self._late = self.pattern, self.is_regex
                self.trouble = "takes too long: not all was searched"
        except ValueError as error:
            self.trouble = str(error)
        if self.search is not None and self.reached is not None:
            matches = self.search.matches
            at = bisect_left(matches, self.reached, key=lambda match: match.first)
            self.current = at if at < len(matches) and matches[at].first == self.reached else None

    def go(self, by: int, spot: Spot) -> Spot | None:
        """Go to the next (1) or previous (-1) match as seen from a cell; where it is, None if nowhere."""
        self.look_again()
        search = self.search
        if search is None or not search.matches:
            return None
        self.current = search.next_after(spot, by)
        first = self.reached = search.matches[self.current].first
        if self.caret is not None:
            self._move(first)
        return first

    def _caret_key(self, key: str, page: int) -> Outcome:
        assert self.caret is not None  # noqa: S101 - the caller has looked
        caret = self.caret = self._within(*self.caret)
        if key in {"escape", "q", "ctrl+c"}:
            return self._leave(key)
        if key in {"y", "enter"}:
            return Outcome.COPY if self.selection is not None else Outcome.DONE
        if key in _REACHES:
            self._select(_REACHES[key])
        elif (spot := self._moved(key, caret, page)) is not None:
            self._move(spot)
        elif key == "o" and self.selection is not None:
            self.selection = self.selection._replace(anchor=self.selection.head, head=self.selection.anchor)
            self.caret = self._within(*self.selection.head)
        elif key in {"n", "N"}:
            self.go(1 if key == "N" else -1, caret)
        elif key == "slash":
            self.begin_search()
        else:
            return Outcome.IGNORED
        return Outcome.DONE

    def _moved(self, key: str, caret: Spot, page: int) -> Spot | None:
        """Where a key moves the caret; None for a key that does not."""
        if key in _STEPS:
            lines, columns = _STEPS[key]
            return Spot(caret.line + lines, caret.column + columns)
        if key in _PAGES:
            return Spot(caret.line + _PAGES[key] * page, caret.column)
        if key in _ENDS:
            return self._end(_ENDS[key], caret)
        return self._word(caret, -1 if key == "b" else 1) if key in {"w", "b"} else None

    def _leave(self, key: str) -> Outcome:
        if key == "escape" and self.selection is not None:
            self.selection = None
            return Outcome.DONE
        self.caret = self.selection = None
        return Outcome.LEFT

    def _select(self, reach: Reach) -> None:
        assert self.caret is not None  # noqa: S101 - the caller has looked
        if self.selection is not None and self.selection.reach is reach:
            self.selection = None
        elif self.selection is not None:
            self.selection = self.selection._replace(reach=reach)
        else:
            self.selection = Selection(self.caret, self.caret, reach)

    def _move(self, spot: Spot) -> None:
        self.caret = self._within(spot.line, spot.column)
        if self.selection is not None:
            self.selection = self.selection._replace(head=self.caret)

    def _within(self, line: int, column: int) -> Spot:
        last = len(self.history) - 1
        if column < 0 and line > 0:
            line, column = line - 1, self.history.columns - 1
        elif column >= self.history.columns and line < last:
            line, column = line + 1, 0
        return Spot(max(0, min(line, last)), max(0, min(column, self.history.columns - 1)))

    def _end(self, where: str, caret: Spot) -> Spot:
        if where == "start":
            return Spot(caret.line, 0)
        if where == "end":
            return Spot(caret.line, max(0, len(self.history.cells(caret.line)) - 1))
        return Spot(0 if where == "oldest" else len(self.history) - 1, 0)

    def _word(self, caret: Spot, by: int) -> Spot:
        """The beginning of the next word (1), or of this one or else the previous one (-1)."""
        if by < 0 and not self._is_blank(caret) and word_at(self.history, caret)[0] < caret:
            return word_at(self.history, caret)[0]
        spot = caret
        for _ in range(3):  # a word's rest, a line's end and its blanks
            first, last = word_at(self.history, spot)
            spot = (
                self._within(last.line, last.column + 1)
                if by > 0
                else self._within(first.line, first.column - 1)
            )
            if not self._is_blank(spot):
                break
        return word_at(self.history, spot)[0]

    def _is_blank(self, spot: Spot) -> bool:
        return not self.history.text(spot.line, spot.column, spot.column + 1).strip()
