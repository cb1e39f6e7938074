"""What is shown where there is no service to ask: what is missing, and the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean
from machinedeck.sources.advice import Advice, advise


class FirstRun(Screen[None]):
    """Says what is missing; it goes by itself once the service answers.

    Args:
        store: Its status says why there is nothing to show.
        retry: Tries again at once.
    """

    CSS_PATH = "first_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "retry", show=False)]

    def __init__(self, store: Store, retry: Callable[[], None]) -> None:
        super().__init__()
        self._store = store
        self._retry = retry

    def compose(self) -> ComposeResult:
        """What is missing, the command, the keys."""
        failure = self._store.status.failure or Failure(Kind.NO_SERVICE, "Nobody answers.")
        advice = self.advice(failure)
        with Vertical():
            yield Static(Content("No machines to show yet"), id="title")
            yield Static(Content(advice.missing), id="missing")
            yield Static(Content(advice.command), id="mend")
            yield Static(Content(clean(failure.message)), id="said")
            yield Static(
                Content.assemble(("r", "bold"), " try again now    ", ("q", "bold"), " quit"), id="answers"
            )

    def advice(self, failure: Failure) -> Advice:
        """What to tell of a failure on this host."""
        return advise(failure)

    def action_retry(self) -> None:
        """Try again at once."""
        self._retry()
