"""The tabs: the terminals that are open, and which of them is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Container
from textual.message import Message

from machinedeck.model.text import clean
from machinedeck.ui.widgets.line import Piece

if TYPE_CHECKING:
    from machinedeck.ui.session import Session
    from machinedeck.ui.widgets.terminal import TerminalView


class Shells(Container):
    """Holds every open terminal and shows at most one of them.

    Args:
        id: The widget's id.
        leave_key: The key that leaves a terminal.
        frames: How many pictures a second at most.
    """

    class Changed(Message):
        """A terminal came, went, ended, or another one is seen."""

    def __init__(self, *, id: str, leave_key: str, frames: int) -> None:
        super().__init__(id=id)
        self.views: list[TerminalView] = []
        self.current: TerminalView | None = None
        self._last: TerminalView | None = None
        self._leave_key = leave_key
        self._frames = frames

    async def open(self, session: Session) -> None:
        """Add a tab for a session and go there."""
        from machinedeck.ui.widgets.terminal import TerminalView  # noqa: PLC0415 - not at every start

        view = TerminalView(session, self._leave_key, self._frames)
        view.display = False
        self.views.append(view)
        await self.mount(view)
        self.show(view)
        # What is read before the terminal has the size of its place would be cut to it, not wrapped.
        view.call_after_refresh(session.start)

    def show(self, view: TerminalView | None, *, is_captive: bool = True) -> None:
        """Show one terminal, or none (`None`): then the panes are seen."""
        if view is None and self.current is not None:
            self._last = self.current
        for other in self.views:
            other.display = other is view
        self.current = view
        self.display = view is not None
        if view is not None:
            view.is_left = False
            view.is_captive = is_captive and not view.session.has_ended
            self.screen.set_focus(view)
        self.post_message(self.Changed())

    def back(self) -> None:
        """Show the terminal that was left last, else the newest."""
        if self.views:
            self.show(self._last if self._last in self.views else self.views[-1])

    def cycle(self, by: int) -> None:
        """Show the next (1) or previous (-1) of the panes and the terminals, without typing into it."""
        places: list[TerminalView | None] = [None, *self.views]
        at = places.index(self.current)
        self.show(places[(at + by) % len(places)], is_captive=False)

    async def close(self, view: TerminalView) -> None:
        """End a terminal's session and take its tab away."""
        at = self.views.index(view)
        self.views.remove(view)
        view.session.close()
        if view is self.current:
            self.show(self.views[at - 1] if at else None, is_captive=False)
        await view.remove()
        self.post_message(self.Changed())

    def close_all(self) -> None:
        """Hang up every session, when the console ends."""
        for view in self.views:
            view.session.close()

    @property
    def open_count(self) -> int:
        """How many sessions have not ended."""
        return sum(not view.session.has_ended for view in self.views)

    def label(self, view: TerminalView) -> str:
        """What a terminal is called: its machine, numbered where it has several."""
        name = view.session.machine
        same = [other for other in self.views if other.session.machine == name]
        return clean(name) if len(same) == 1 else f"{clean(name)} #{same.index(view) + 1}"

    def pieces(self) -> list[Piece]:
        """The tabs as pieces of a line."""
        tabs = [Piece(" Host ", "" if self.current else "current", "tab:-1")]
        for at, view in enumerate(self.views):
            mark = " ✗" if view.session.has_ended else ""
            tone = "current" if view is self.current else "faint" if view.session.has_ended else ""
            tabs += [Piece("│", "faint"), Piece(f" {self.label(view)}{mark} ", tone, f"tab:{at}")]
        return tabs
