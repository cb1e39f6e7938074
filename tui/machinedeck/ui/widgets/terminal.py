"""The terminal of a machine on the screen: what is drawn of it, and which keys go to it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.timer import Timer

from machinedeck.term.history import History, whole_cells
from machinedeck.term.marking import Marking
from machinedeck.term.rows import Row, difference
from machinedeck.term.view import Changes
from machinedeck.ui.commands import COMMANDS
from machinedeck.ui.options import CALM_FRAMES
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.terminal_typing import TerminalTyping

SYNCHRONIZED_SECONDS = 0.15
"""How long a program may hold its picture back (mode 2026)."""

LOOK_AGAIN_SECONDS = 0.3
"""How long after a change what was searched for is looked for again."""

REST_TIMES = 8
"""How many times as long as a search took nothing is searched for after it."""

FEW_LINES = 4
"""Up to so many changed lines are looked through for the cells that changed."""

BELL_SECONDS = 1.0
"""The least time between two bells that are passed on."""


WISH_SECONDS = 1.0
"""The least time between two wishes for the clipboard that are told or fulfilled."""


class TerminalView(TerminalTyping):
    """Shows a session and sends it every key but one.

    While it is captive (`is_captive`), every key goes to the machine but the leave key. While it is not,
    keys are the console's: the picture can be scrolled back, text searched, selected and copied.

    Args:
        session: What to show; the view does not own it.
        leave_key: The one key that is not the machine's.
        frames: How many pictures a second at most.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "look_page(1)", show=False),
        Binding("pagedown", "look_page(-1)", show=False),
        Binding("up", "look_lines(1)", show=False),
        Binding("down", "look_lines(-1)", show=False),
        Binding("home", "look_end(1)", show=False),
        Binding("end", "look_end(0)", show=False),
        Binding("tab", "screen.terminal('other')", show=False),
        *(
            Binding(one.key, f"screen.terminal('{one.id}')", show=False)
            for one in COMMANDS
            if one.needs == "shell"
        ),
    ]

    class Leave(Message):
        """The leave key was pressed."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class Changed(Message):
        """The session ended, or has another title or other marks, or other keys do something now."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class ClipboardWanted(Message):
        """The machine wants to write the operator's clipboard; see `session.clipboard`."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class Refused(Message):
        """What was typed could not be sent."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, session: Session, leave_key: str, frames: int) -> None:
        super().__init__(session, Marking(History(session.terminal)), leave_key)
        self._pause = 1 / frames
        self.may_blink = frames > CALM_FRAMES
        self._drawn = 0.0
        self._held_since = 0.0
        self._rung = 0.0
        self._frame: Timer | None = None
        self._resize: Timer | None = None
        self._again: Timer | None = None
        self._look_pause = LOOK_AGAIN_SECONDS
        self._cursor = session.terminal.cursor
        self._rows: list[Row] = []
        self._told: tuple[object, ...] = ()
        self.is_wish_told = False
        """Whether it was told that the machine wants the clipboard, and is not answered yet."""
        self.is_to_be_replaced = False
        """Whether it ended and is being opened again: this one stays until the other is there."""
        self._wished = 0.0
        self._wish: Timer | None = None
        session.on_change = self._on_session_change

    # What comes from the machine

    def _on_session_change(self) -> None:
        if self._frame is None and self.is_attached:
            wait = self._drawn + self._pause - time.monotonic()
            if wait > 0:
                self._frame = self.set_timer(wait, self._draw)
            else:
                self._draw()

    def _is_held_back(self) -> bool:
        """Whether the program is in the middle of a picture, and may be a moment longer."""
        if not self.session.terminal.modes.synchronized or self.session.has_ended:
            self._held_since = 0.0
            return False
        now = time.monotonic()
        self._held_since = self._held_since or now
        return now - self._held_since < SYNCHRONIZED_SECONDS

    def _draw(self) -> None:
        if self._frame is not None:
            self._frame.stop()
            self._frame = None
        if self._is_held_back():
            self._frame = self.set_timer(SYNCHRONIZED_SECONDS / 4, self._draw)
            return
        self._drawn = time.monotonic()
        terminal = self.session.terminal
        self.keep_place()
        changes = terminal.take_changes()
        self._scrolled = 0
        self._plan_to_look_again(changes)
        if changes.everything:
            self.forget_colours()
        is_seen = self.is_on_screen
        if is_seen:  # what is not is drawn whole when it is shown
            self._refresh_changed(changes)
        else:
            self._rows.clear()
        self._cursor = terminal.cursor
        self._note(changes, is_seen=is_seen)

    def _refresh_changed(self, changes: Changes) -> None:
        before, now = self._rows, self.session.terminal.screen.rows
        self._rows = now[:]
        if changes.everything or changes.scrolled or len(before) != len(now):
            self.refresh()
            return
        for line in changes.lines:
            if len(changes.lines) > FEW_LINES:
                self._refresh_line(line)
            elif changed := difference(before[line], now[line]):
                self._refresh_line(line, *changed)
        if changes.cursor:
            for cursor in (self._cursor, self.session.terminal.cursor):
                cells = now[min(cursor.y, len(now) - 1)][0]
                self._refresh_line(cursor.y, *whole_cells(cells, cursor.x, cursor.x + 1))

    def _plan_to_look_again(self, changes: Changes) -> None:
        """Look again for what is searched for, soon: what came may have it too."""
        if self.marking.pattern and self._again is None and (changes.lines or changes.scrolled):
            self._again = self.set_timer(self._look_pause, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self.keep_place()
        began = time.monotonic()
        self.marking.look_again()
        # What takes long is not done all the time: keys come first.
        self._look_pause = max(LOOK_AGAIN_SECONDS, REST_TIMES * (time.monotonic() - began))
        self.refresh()

    def _note(self, changes: Changes, *, is_seen: bool) -> None:
        """Mark what came unseen, ring, and tell where what is said of the session has changed."""
        session = self.session
        if not is_seen:
            session.has_activity |= bool(changes.lines or changes.scrolled)
            session.has_rung |= changes.bells > 0
        elif changes.bells and time.monotonic() - self._rung > BELL_SECONDS:
            self._rung = time.monotonic()
            self.app.bell()
        self._tell_wish()
        told = (session.has_ended, session.label, session.title, session.terminal.title,
                session.has_activity, session.has_rung, session.clipboard)  # fmt: skip
        if told != self._told:
            self._told = told
            self.tell()

    def _tell_wish(self) -> None:
        """Tell that the machine wants the clipboard: once until that is answered, and not all the time."""
        if self.session.clipboard is None:
            self.is_wish_told = False
        elif not self.is_wish_told and self._wish is None:
            wait = self._wished + WISH_SECONDS - time.monotonic()
            if wait > 0:
                self._wish = self.set_timer(wait, self._tell_late_wish)
            else:
                self._wished, self.is_wish_told = time.monotonic(), True
                self.post_message(self.ClipboardWanted(self))

    def _tell_late_wish(self) -> None:
        self._wish = None
        self._tell_wish()

    @property
    def is_on_screen(self) -> bool:
        """Whether it can be seen now."""
        return (
            bool(self.size) and self.region.area > 0 and all(one.display for one in self.ancestors_with_self)
        )

    def tell(self) -> None:
        """Have the lines around it drawn anew."""
        self.post_message(self.Changed(self))

    def _refresh_line(self, line: int, start: int = 0, end: int | None = None) -> None:
        y = line + self.back
        if 0 <= y < self.size.height:
            width = self.size.width
            self.refresh(Region(start, y, (width if end is None else min(end, width)) - start, 1))

    # What goes to the machine

    def leave(self) -> None:
        """Give the keys back to the console."""
        self.post_message(self.Leave(self))

    def refuse(self, reason: str) -> None:
        """Say why what was typed could not be sent."""
        self.post_message(self.Refused(reason))

    def refresh_cursor(self) -> None:
        """Draw the cursor anew."""
        self._refresh_line(self._cursor.y)

    def on_resize(self) -> None:
        """Give the machine the new size, once a storm of them is over."""
        if self._resize is not None:
            self._resize.stop()
        self._resize = self.set_timer(0.05, self._fit) if self._drawn else None
        if self._resize is None:
            self._fit()

    def _fit(self) -> None:
        width, height = self.content_size
        if width and height:
            self.session.resize(width, height)
            # Not before: what is read at another size than that of its place would be cut to it, not wrapped.
            self.session.start()
            self._draw()
            self.refresh()
