"""The mouse over a terminal: for the program where it wants it, else to select and scroll."""

from __future__ import annotations

import time
from abc import abstractmethod

from textual import events
from textual.message import Message

from machinedeck.term import encode_key, encode_mouse
from machinedeck.term.mouse import MouseKind
from machinedeck.term.selecting import Reach, Selection, Spot
from machinedeck.ui.widgets.picture import TerminalPicture

WHEEL_LINES = 3
"""Lines that one notch of the wheel moves the picture."""

CLICK_SECONDS = 0.4
"""How soon a click must follow another to count as its second."""

_REACHES = (Reach.CELLS, Reach.WORDS, Reach.LINES)


class TerminalMouse(TerminalPicture):
    """What the mouse does. With shift it is always ours, as in xterm."""

    class Copied(Message):
        """Text is to be copied to the operator's clipboard."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    _clicked = (0.0, -1, -1, 0)
    """When and where the button was pressed last, and how often it was there."""
    _moved = (-1, -1)
    """The cell of the screen that the mouse was over last."""
    _is_dragging = False
    """Whether the button that is held is ours; `marking.origin` tells whether it selects still."""
    _reach = Reach.CELLS

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send bytes to the machine."""

    @abstractmethod
    def tell(self) -> None:
        """Have the lines around it drawn anew."""

    def copy(self) -> None:
        """Have what is selected copied."""
        selection = self.marking.selection
        if selection is not None:
            self.post_message(self.Copied(selection.text(self.marking.history)))

    def _mouse(self, kind: MouseKind, button: int, event: events.MouseEvent) -> bool:
        """Pass the mouse on where the program wants it; whether it did."""
        modes = self.session.terminal.modes
        if not modes.mouse or not self.is_captive or event.shift or self.session.has_ended:
            return False
        held = {"alt": event.meta, "ctrl": event.ctrl}
        modifiers = frozenset(name for name, is_held in held.items() if is_held)
        data = encode_mouse(kind, button, *self._nearest(event), modifiers, modes)
        if data:
            self.send(data)
        return True

    def _nearest(self, event: events.MouseEvent) -> tuple[int, int]:
        """The column and row of the screen under the mouse, or the nearest ones.

        As in xterm, what the mouse does outside is told as of there: else a button that was pressed would
        stay so for the program.
        """
        terminal = self.session.terminal
        return min(max(0, event.x), terminal.columns - 1), min(max(0, event.y), terminal.lines - 1)

    def _spot(self, event: events.MouseEvent) -> Spot:
        """The cell under the mouse, or the nearest one."""
        self.keep_place()
        last = len(self.marking.history) - 1
        line = min(max(0, self.top + event.y), last)
        return Spot(line, min(max(0, event.x), self.session.terminal.columns - 1))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Type into it, if it has not ended, and pass the press on or begin to select."""
        event.stop()
        if not self.marking.is_active and not self.back:
            self.is_captive = not self.session.has_ended
        if self._mouse("press", event.button, event):
            self.capture_mouse()
        elif event.button == 1:
            self._begin(event)
        self.tell()

    def _begin(self, event: events.MouseDown) -> None:
        now = time.monotonic()
        before, x, y, count = self._clicked
        is_again = now - before < CLICK_SECONDS and (x, y) == (event.x, event.y)
        count = count % 3 + 1 if is_again else 1
        self._clicked = (now, event.x, event.y, count)
        reach = Reach.BLOCK if event.meta or event.ctrl else _REACHES[count - 1]
        spot = self._spot(event)
        self.marking.selection = Selection(spot, spot, reach) if reach in _REACHES[1:] else None
        self.marking.origin, self._reach = spot, reach
        self._is_dragging = True
        self.capture_mouse()
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the selection's end, or pass the move on."""
        event.stop()
        if self._is_dragging:
            if event.y < 0 or event.y >= self.size.height:
                self.action_look_lines(1 if event.y < 0 else -1)
            spot, origin = self._spot(event), self.marking.origin
            if origin is not None and (spot != origin or self.marking.selection is not None):
                self.marking.selection = Selection(origin, spot, self._reach)
                self.refresh()
        elif self._nearest(event) != self._moved:
            self._moved = self._nearest(event)
            self._show_link(self.link_at(self._spot(event)))
            self._mouse("move", event.button, event)

    def on_leave(self) -> None:
        """The mouse went elsewhere: what was under it is forgotten."""
        self._show_link("")

    def _show_link(self, link: str) -> None:
        if link != self.link:
            self.link = link
            self.tell()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Copy what was selected, or pass the release on."""
        event.stop()
        self.release_mouse()
        if self._is_dragging:
            self._is_dragging = False
            self.keep_place()
            self.copy()
            is_click = self.marking.origin is not None and self.marking.selection is None
            self.marking.origin = None
            if is_click and not self.marking.is_active:
                self.is_captive = not self.session.has_ended
                self.tell()
        else:
            self._mouse("release", event.button, event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back, or pass the wheel on."""
        self._wheel(event, "scroll_up", WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll forth, or pass the wheel on."""
        self._wheel(event, "scroll_down", -WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, kind: MouseKind, lines: int) -> None:
        event.stop()
        modes = self.session.terminal.modes
        if self._mouse(kind, 0, event):
            return
        if modes.alternate_scroll and modes.is_alternate and self.is_captive and not event.shift:
            self.send(encode_key("up" if lines > 0 else "down", None, modes) * abs(lines))
        else:
            self.action_look_lines(lines)
