"""What the three panes have in common: a framed table with a title that shows one part of the store."""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region

from machinedeck.core.status import Link, Part, Status
from machinedeck.core.store import Change, Store
from machinedeck.model.text import clean
from machinedeck.ui.widgets.table import Table


class Pane(Table):
    """A part of the main screen that shows one part of the store."""

    PART: Part
    """The part of the store it shows."""
    TITLE: str
    _is_titling = False
    _words = "", ""

    def show(self, store: Store, now: float) -> None:
        """Draw what the store knows; `now` is real time in seconds."""
        raise NotImplementedError

    def is_concerned(self, change: Change, store: Store) -> bool:
        """Whether a change is one of what is shown here."""
        return self.PART in change.parts

    def show_status(self, status: Status) -> None:
        """Draw faint what is only what was last known."""
        self.set_stale(status.link in {Link.AWAY, Link.LOST})

    @property
    def nothing(self) -> str:
        """What an empty pane says when it is truly empty."""
        return "Nothing here."

    def reason(self, store: Store) -> str:
        """Why the pane shows no rows: refused, not read yet, or truly none."""
        failure = store.failures.get(self.PART)
        if failure is not None:
            return clean(failure.hint or failure.message)
        return self.nothing if self.PART in store.read else "Reading …"

    def show_title(self, store: Store, count: str, note: str = "") -> None:
        """The title with a count; below the refusal where there is one, else a note."""
        failure = store.failures.get(self.PART)
        self._show_words(count, clean(failure.message, 200) if failure else note)

    def _show_words(self, words: str, note: str) -> None:
        before, self._words = self._words, (f"{self.TITLE} {words}".rstrip(), note)
        title, subtitle = self._words
        self._is_titling = True
        try:
            # As what it is: no way of quoting has Textual's markup take every text as it is written
            if title != before[0]:
                self.border_title = Content(title)
            if subtitle != before[1]:
                self.border_subtitle = Content(subtitle)
        finally:
            self._is_titling = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw again; a new title only the lines it stands on, where Textual would draw the whole pane."""
        if self._is_titling and not regions:
            width, height = self.size
            regions = (Region(-1, -1, width + 2, 1), Region(-1, height, width + 2, 1))
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
