"""The terminal of a machine on the screen: what is drawn of it, and which keys go to it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer

from machinedeck.term import PumpOverflowError, encode_focus, encode_key, encode_paste
from machinedeck.term.history import History, whole_cells
from machinedeck.term.marking import Marking, Outcome
from machinedeck.term.rows import Row, difference
from machinedeck.term.view import Changes
from machinedeck.ui.commands import COMMANDS
from machinedeck.ui.options import CALM_FRAMES
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.focus import is_passed_on, pass_on
from machinedeck.ui.widgets.terminal_mouse import TerminalMouse

SYNCHRONIZED_SECONDS = 0.15
"""How long a program may hold its picture back (mode 2026)."""

LOOK_AGAIN_SECONDS = 0.3
"""How long after a change what was searched for is looked for again."""

FEW_LINES = 4
"""Up to so many changed lines are looked through for the cells that changed."""

BELL_SECONDS = 1.0
"""The least time between two bells that are passed on."""


class TerminalView(TerminalMouse):
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

    is_captive: reactive[bool] = reactive(True, repaint=False)

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
        super().__init__(session, Marking(History(session.terminal)))
        self._leave_key = leave_key
        self._pause = 1 / frames
        self.may_blink = frames > CALM_FRAMES
        self._drawn = 0.0
        self._held_since = 0.0
        self._rung = 0.0
        self._length = 0
        self._frame: Timer | None = None
        self._resize: Timer | None = None
        self._again: Timer | None = None
        self._cursor = session.terminal.cursor
        self._rows: list[Row] = []
        self._told: tuple[object, ...] = ()
        self._asked: object = None
        self.is_left = False
        """Whether the leave key was pressed: what is typed after it is not for the machine."""
        self.is_raw_next = False
        """Whether the next key goes to the machine, whatever it is."""
        self.returns_to_machine = False
        """Whether keys are the machine's again once the caret is taken away."""
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
        changes = terminal.take_changes()
        self._keep_place(changes)
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

    def _keep_place(self, changes: Changes) -> None:
        """Hold a picture that is scrolled back, and marks, still while lines come in and old ones go."""
        terminal, marking = self.session.terminal, self.marking
        length = terminal.scrollback_length
        dropped = changes.scrolled - (length - self._length)
        self._length = length
        if self.back and changes.scrolled:
            self.set_reactive(TerminalView.back, min(self.back + changes.scrolled, length))
        if changes.everything:
            marking.selection = None
        elif dropped > 0:
            marking.move_lines(dropped)
        if marking.pattern and self._again is None and (changes.lines or changes.scrolled):
            self._again = self.set_timer(LOOK_AGAIN_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self.marking.look_again()
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
        clipboard = session.clipboard
        if clipboard is not None and clipboard is not self._asked:
            self.post_message(self.ClipboardWanted(self))
        self._asked = clipboard
        told = (session.has_ended, session.label, session.title, session.terminal.title,
                session.has_activity, session.has_rung, clipboard)  # fmt: skip
        if told != self._told:
            self._told = told
            self.tell()

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

    def send(self, data: bytes) -> None:
        """Send what was typed, and show the newest lines."""
        if self.back:
            self.back = 0
        if self.marking.selection is not None:
            self.marking.clear()
            self.refresh()
        try:
            self.session.write(data)
        except PumpOverflowError as error:
            self.post_message(self.Refused(str(error)))

    def would_send(self, event: events.Event) -> bool:
        """Whether what is typed goes to the machine, and so leaves everything here as it is."""
        is_leaving = isinstance(event, events.Key) and event.key == self._leave_key
        return self.is_captive and not (self.is_left or self.session.has_ended or is_leaving)

    def on_key(self, event: events.Key) -> None:
        """Send a key, or tell of the leave key, or move what is marked."""
        if is_passed_on(self, event):
            return
        if self.is_left:
            pass_on(self, event)
        elif self.is_captive and not self.session.has_ended:
            self._on_captive_key(event)
        elif self.marking.is_active:
            self._on_marking_key(event)

    def _on_captive_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == self._leave_key and not self.is_raw_next:
            self.is_left = True
            self.post_message(self.Leave(self))
            return
        if self.is_raw_next:
            self.is_raw_next = False
            self.tell()
        self.send(encode_key(event.key, event.character, self.session.terminal.modes))

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, wrapped where the program asked for that."""
        event.stop()
        if self.is_captive:
            self.send(encode_paste(event.text, self.session.terminal.modes))

    def on_focus(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(True)

    def on_blur(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(False)

    def _send_focus(self, has_focus: bool) -> None:
        modes = self.session.terminal.modes
        if modes.focus_events and not self.session.has_ended:
            self.session.write(encode_focus(has_focus, modes))
        self._refresh_line(self._cursor.y)

    # What the console does with it

    def _on_marking_key(self, event: events.Key) -> None:
        was_typing = self.marking.is_typing
        outcome = self.marking.key(event.key, event.character, max(1, self.session.terminal.lines - 1))
        if outcome is Outcome.IGNORED:
            if not was_typing and event.key not in {self._leave_key, "s", "question_mark", "colon"}:
                event.stop()
                event.prevent_default()
            return
        event.stop()
        event.prevent_default()
        if outcome is Outcome.COPY:
            self.copy()
        if outcome in {Outcome.COPY, Outcome.LEFT}:
            self.leave_marking()
        elif self.marking.is_typing:
            self.search(-1)
        elif self.marking.caret is not None:
            self.reveal(self.marking.caret.line)
        self.refresh()
        self.tell()

    def begin_marking(self, *, returns_to_machine: bool) -> None:
        """Put the caret where the cursor is, or on the newest line that is seen."""
        terminal = self.session.terminal
        self.returns_to_machine = returns_to_machine
        self.is_captive = False
        line = terminal.scrollback_length + terminal.cursor.y
        self.marking.begin(min(line, self.top + terminal.lines - 1), terminal.cursor.x)
        self.refresh()
        self.tell()

    def leave_marking(self) -> None:
        """Take the caret away; keys are the machine's again, if they were when it came."""
        self.marking.clear()
        if self.returns_to_machine and not self.session.has_ended:
            self.is_captive = True
        self.refresh()

    def begin_search(self) -> None:
        """Take a pattern; it is found while it is typed."""
        self.is_captive = False
        self.marking.begin_search()
        self.tell()

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
            self._draw()
            self.refresh()
