"""What is typed at a terminal: for the machine, or for the caret and the search in what it has written."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress

from textual import events

from machinedeck.term import PumpOverflowError, encode_focus, encode_key, encode_paste
from machinedeck.term.marking import Marking, Outcome
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.focus import is_passed_on, pass_on
from machinedeck.ui.widgets.terminal_mouse import TerminalMouse


class TerminalTyping(TerminalMouse):
    """What keys do.

    Args:
        session: What they go to.
        marking: What is marked in it.
        leave_key: The one key that is not the machine's.
    """

    def __init__(self, session: Session, marking: Marking, leave_key: str) -> None:
        super().__init__(session, marking)
        self._leave_key = leave_key
        self.is_left = False
        """Whether the leave key was pressed: what is typed after it is not for the machine."""
        self.is_raw_next = False
        """Whether the next key goes to the machine, whatever it is."""
        self.returns_to_machine = False
        """Whether keys are the machine's again once the caret is taken away."""

    @abstractmethod
    def leave(self) -> None:
        """Give the keys back to the console."""

    @abstractmethod
    def refuse(self, reason: str) -> None:
        """Say why what was typed could not be sent."""

    @abstractmethod
    def refresh_cursor(self) -> None:
        """Draw the cursor anew."""

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
            self.refuse(str(error))

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
            self.leave()
            return
        if self.is_raw_next:
            self.is_raw_next = False
            self.tell()
        self.send(encode_key(event.key, event.character, self.session.terminal.modes))

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, wrapped where the program asked for that; or take it into the search."""
        event.stop()
        if self.is_captive and not self.is_left:
            self.send(encode_paste(event.text, self.session.terminal.modes))
        elif self.marking.is_typing:
            self.marking.paste(event.text)
            self.search(-1)
            self.refresh()
            self.tell()
        else:
            self.refuse("What was pasted went nowhere: go back to the shell first, then paste again.")

    def on_focus(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(True)

    def on_blur(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(False)

    def _send_focus(self, has_focus: bool) -> None:
        modes = self.session.terminal.modes
        if modes.focus_events and not self.session.has_ended:
            # A machine that reads nothing is not told: it would learn it too late anyway.
            with suppress(PumpOverflowError):
                self.session.write(encode_focus(has_focus, modes))
        self.refresh_cursor()

    def _on_marking_key(self, event: events.Key) -> None:
        self.keep_place()
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
