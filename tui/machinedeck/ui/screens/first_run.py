"""What is shown where there is no service to ask: what is missing, and the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from machinedeck.core.status import Link
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean
from machinedeck.sources.advice import Advice, advise
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import GAP, KeyLine


class FirstRun(Screen[None]):
    """Says what is missing; it goes by itself once the service answers.

    Args:
        store: Its status says why there is nothing to show.
        retry: Tries again at once.
        look_around: Leaves this host for a made-up one; `None` where this one is made up.
    """

    CSS_PATH = "first_run.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (13, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", show=False),
        Binding("d", "look_around", show=False),
    ]

    def __init__(
        self, store: Store, retry: Callable[[], None], look_around: Callable[[], None] | None
    ) -> None:
        super().__init__()
        self._store = store
        self._retry = retry
        self._look_around = look_around

    def compose(self) -> ComposeResult:
        """What is missing, the command, the keys."""
        failure = self._store.status.failure or Failure(Kind.NO_SERVICE, "Nobody answers.")
        advice = self.advice(failure)
        with Frame():
            yield Static(Content("No machines to show yet"), id="title")
            yield Static(Content(advice.missing), id="missing")
            yield Static(Content(advice.command), id="mend")
            yield Static(Content(clean(failure.message)), id="said")
            yield self._keys

    @property
    def _keys(self) -> KeyLine:
        line = KeyLine(id="answers")
        pairs = [("r", "try again now"), ("q", "quit")]
        if self._look_around is not None:
            pairs.append(("d", "look around in a made-up estate (demo: nothing in it is real)"))
        line.show(*pairs, gaps=(GAP, "\n"))
        return line

    def on_screen_resume(self) -> None:
        """Go, if the service came while something else was looked at."""
        if self.app.screen is self and self._store.status.link is Link.UP:
            self.dismiss()

    def advice(self, failure: Failure) -> Advice:
        """What to tell of a failure on this host."""
        return advise(failure)

    def action_retry(self) -> None:
        """Try again at once."""
        self._retry()

    def action_look_around(self) -> None:
        """Leave for a made-up host."""
        if self._look_around is not None:
            self._look_around()
