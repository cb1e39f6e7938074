"""What the three panes have in common: a frame with a title, and the wish to show the store."""

from __future__ import annotations

from textual.containers import Container
from textual.markup import escape

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model.text import clean


class Pane(Container):
    """A framed part of the main screen that shows one part of the store."""

    PART: Part
    """The part of the store it shows."""
    TITLE: str

    def on_mount(self) -> None:
        """Show the title before anything is known."""
        self.border_title = self.TITLE

    def show(self, store: Store, now: float) -> None:
        """Draw what the store knows; `now` is real time in seconds."""
        raise NotImplementedError

    @property
    def notice(self) -> str:
        """What an empty pane says when it is truly empty."""
        return "Nothing here."

    def reason(self, store: Store) -> str:
        """Why the pane shows no rows: refused, not read yet, or truly none."""
        failure = store.failures.get(self.PART)
        if failure is not None:
            return clean(failure.hint or failure.message)
        return self.notice if self.PART in store.read else "Reading …"

    def show_title(self, store: Store, count: str) -> None:
        """The title with a count, and the refusal beside it where there is one and old rows are shown."""
        failure = store.failures.get(self.PART)
        title = f"{self.TITLE} {count}".rstrip()
        subtitle = escape(clean(failure.message, 200)) if failure else ""
        # Setting either draws the frame anew, also where nothing changed.
        if (self.border_title or "") != title:
            self.border_title = title
        if (self.border_subtitle or "") != subtitle:
            self.border_subtitle = subtitle
