"""The tabs: the terminals that are open, one or two in each, and which of them is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.containers import Container
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from machinedeck.model.text import clean
from machinedeck.ui.widgets.line import Piece

if TYPE_CHECKING:
    from machinedeck.ui.session import Session
    from machinedeck.ui.widgets.terminal import TerminalView

TITLE_CELLS = 20
"""What is shown at most of a title in a tab."""


class Divider(Widget):
    """What is drawn between the two halves of a split; it points to the one that is meant."""

    def __init__(self) -> None:
        super().__init__()
        self.is_first_meant = False

    def point(self, *, is_first: bool) -> None:
        """Point to the first half or to the second."""
        if is_first != self.is_first_meant:
            self.is_first_meant = is_first
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line along the border, with an arrow in its middle."""
        width, height = self.size
        if width > 1:
            arrow = "▲" if self.is_first_meant else "▼"
            text = arrow.center(width, "─")
        else:
            text = "│" if y != height // 2 else "◀" if self.is_first_meant else "▶"
        return Strip([Segment(text, self.rich_style)], width)


class Tab(Container):
    """One terminal, or two beside or above each other."""

    DEFAULT_CSS = """
    Tab {
        layout: vertical;
        width: 1fr;
        height: 1fr;

        & > Divider { width: 1fr; height: 1; background: $panel; color: $text-muted; }
        &.-beside { layout: horizontal; }
        &.-beside > Divider { width: 1; height: 1fr; }
    }
    """

    def __init__(self, view: TerminalView) -> None:
        super().__init__(view)
        self.views = [view]
        self.active = view
        self._divider: Divider | None = None

    def mean(self, view: TerminalView) -> None:
        """Have one half be the one that commands mean."""
        self.active = view
        if self._divider is not None:
            self._divider.point(is_first=view is self.views[0])

    async def split(self, view: TerminalView, *, is_beside: bool) -> None:
        """Add a second half and go there."""
        self.set_class(is_beside, "-beside")
        self.views.append(view)
        self._divider = Divider()
        self.mean(view)
        await self.mount(self._divider, view)

    async def drop(self, view: TerminalView) -> None:
        """Take one half away; the other has all the room."""
        self.views.remove(view)
        divider, self._divider = self._divider, None
        self.mean(self.views[0])
        if divider is not None:
            await divider.remove()
        await view.remove()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The half that has the focus is the one that commands mean."""
        for view in self.views:
            if view is event.widget:
                self.mean(view)


class Shells(Container):
    """Holds every open terminal and shows at most one tab of them.

    Args:
        id: The widget's id.
        leave_key: The key that leaves a terminal.
        frames: How many pictures a second at most.
    """

    class Changed(Message):
        """A terminal came, went, ended, or another one is seen; the latter is to be painted in one go."""

        def __init__(self, *, is_switch: bool = False) -> None:
            super().__init__()
            self.is_switch = is_switch

    def __init__(self, *, id: str, leave_key: str, frames: int) -> None:
        super().__init__(id=id)
        self.places: list[Tab] = []
        """The tabs, in their order."""
        self.shown: Tab | None = None
        """The tab that is seen, None while the panes are."""
        self._last: Tab | None = None
        self._leave_key = leave_key
        self._frames = frames

    @property
    def views(self) -> list[TerminalView]:
        """Every terminal, in the order of the tabs."""
        return [view for tab in self.places for view in tab.views]

    @property
    def current(self) -> TerminalView | None:
        """The terminal that is seen and meant, None while the panes are."""
        return self.shown.active if self.shown is not None else None

    @property
    def meant(self) -> TerminalView | None:
        """The terminal that a command means: that which is seen, else that which was left last."""
        if self.shown is None and not self.places:
            return None
        return (self.shown or self._left).active

    @property
    def _left(self) -> Tab:
        return self._last if self._last in self.places and self._last is not None else self.places[-1]

    async def open(self, session: Session) -> None:
        """Add a tab for a session and go there."""
        view = self._view(session)
        tab = Tab(view)
        tab.display = False
        self.places.append(tab)
        await self.mount(tab)
        self.show(view)

    async def split(self, session: Session, beside: TerminalView, *, is_beside: bool) -> None:
        """Add a session as the second half of a terminal's tab; as a tab, where that has two already."""
        tab = next((tab for tab in self.places if beside in tab.views), None)
        if tab is None or len(tab.views) > 1:
            await self.open(session)
            return
        view = self._view(session)
        await tab.split(view, is_beside=is_beside)
        self.show(view)

    def _view(self, session: Session) -> TerminalView:
        from machinedeck.ui.widgets.terminal import TerminalView  # noqa: PLC0415 - not at every start

        return TerminalView(session, self._leave_key, self._frames)

    def show(self, view: TerminalView | None, *, is_captive: bool = True) -> None:
        """Show one terminal with its tab, or none (`None`): then the panes are seen."""
        # Nothing is painted until the screen has heard of it: half of it would only be painted over.
        self.app._begin_batch()
        if view is None and self.shown is not None:
            self._last = self.shown
        self.shown = next((tab for tab in self.places if view in tab.views), None)
        for tab in self.places:
            tab.display = tab is self.shown
        self.display = view is not None
        if view is not None and self.shown is not None:
            self.shown.mean(view)
            for one in self.shown.views:
                one.session.seen()
                one.is_left = False
                one.refresh()
            view.is_captive = is_captive and not view.session.has_ended
            self.screen.set_focus(view)
        if not self.post_message(self.Changed(is_switch=True)):
            self.app._end_batch()  # the screen is being taken down

    def back(self, *, is_raw_next: bool = False) -> None:
        """Show the terminal that is seen or was left last, else the newest, and type into it."""
        view = self.meant
        if view is not None:
            self.show(view)
            view.is_raw_next = is_raw_next and view.is_captive

    def cycle(self, by: int) -> None:
        """Show the next (1) or previous (-1) of the panes and the tabs, without typing into it."""
        places: list[Tab | None] = [None, *self.places]
        tab = places[(places.index(self.shown) + by) % len(places)]
        self.show(tab.active if tab is not None else None, is_captive=False)

    def go(self, number: int) -> None:
        """Show a tab by its number, from 1, and type into it."""
        if 1 <= number <= len(self.places):
            self.show(self.places[number - 1].active)

    def other(self) -> None:
        """Go to the other half of the tab, and type into it if that is done in this one."""
        view = self.meant
        if view is None:
            return
        tab = next(tab for tab in self.places if view in tab.views)
        if len(tab.views) > 1:
            other = tab.views[1 - tab.views.index(view)]
            self.show(other, is_captive=self.shown is None or view.is_captive)

    async def close(self, view: TerminalView) -> None:
        """End a terminal's session and take it away, with its tab if it is alone there."""
        tab = next(tab for tab in self.places if view in tab.views)
        view.session.close()
        if len(tab.views) > 1:
            await tab.drop(view)
            if tab is self.shown:
                self.show(tab.active, is_captive=False)
            self.post_message(self.Changed())
            return
        at = self.places.index(tab)
        self.places.remove(tab)
        if tab is self.shown:
            self.show(self.places[at - 1].active if at else None, is_captive=False)
        await tab.remove()
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
        """What a terminal is called, numbered where several are called the same."""
        name = view.session.label
        same = [tab for tab in self.places if tab.views[0].session.label == name]
        tab = next((tab for tab in same if view in tab.views), None)
        if tab is None or len(same) == 1:
            return clean(name)
        return f"{clean(name)} #{same.index(tab) + 1}"

    def pieces(self) -> list[Piece]:
        """The tabs as pieces of a line."""
        tabs = [Piece(" Host ", "" if self.shown else "current", "tab:-1")]
        for at, tab in enumerate(self.places):
            tabs += [Piece("│", "faint"), Piece(f" {self._text(tab)} ", self._tone(tab), f"tab:{at}")]
        return tabs

    def _text(self, tab: Tab) -> str:
        names = list(dict.fromkeys(self.label(view) for view in tab.views))
        title = tab.active.session.title
        is_place = not title or title[0] in "~/"  # where a shell is says less than which shell it is
        text = " ‖ ".join(names) + ("" if is_place else f": {clean(title, TITLE_CELLS)}")
        if len(tab.views) > 1 and len(names) == 1:
            text += " ‖"
        return text + "".join(f" {mark}" for mark in _marks(tab))

    def _tone(self, tab: Tab) -> str:
        if tab is self.shown:
            return "current"
        if any(view.session.has_rung or view.session.clipboard for view in tab.views):
            return "warn"
        if any(view.session.has_activity for view in tab.views):
            return "strong"
        return "faint" if all(view.session.has_ended for view in tab.views) else ""


def _marks(tab: Tab) -> list[str]:
    """What happened in a tab: it ended (or one half did), rang, has something new, wants something."""
    sessions = [view.session for view in tab.views]
    marks = []
    if any(session.has_ended for session in sessions):
        code = next((one.ending.removeprefix("exit code ") for one in sessions if one.has_ended), "")
        marks.append("✗" if code in {"", "0"} or not code.isdecimal() else f"✗{code}")
    if any(session.clipboard for session in sessions):
        marks.append("?")
    if any(session.has_rung for session in sessions):
        marks.append("!")
    elif any(session.has_activity for session in sessions):
        marks.append("•")
    return marks
