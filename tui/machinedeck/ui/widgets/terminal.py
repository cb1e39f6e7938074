"""The terminal of a machine on the screen."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from machinedeck.term import PumpOverflowError, encode_focus, encode_key, encode_mouse, encode_paste
from machinedeck.term.mouse import MouseKind
from machinedeck.ui.session import Session
from machinedeck.ui.widgets.colours import rich_style
from machinedeck.ui.widgets.focus import is_passed_on, pass_on

WHEEL_LINES = 3
"""Lines that one notch of the wheel moves the picture."""


class TerminalView(Widget, can_focus=True):
    """Shows a session and sends it every key but one.

    While it is captive (`is_captive`), every key goes to the machine but the leave key. While it is not,
    keys are the console's: the picture can be scrolled back, and Enter makes it captive again.

    Args:
        session: What to show; the view does not own it.
        leave_key: The one key that is not the machine's.
        frames: How many pictures a second at most.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TerminalView {
        width: 1fr;
        height: 1fr;
        background: #0c0c0c;
        color: #d0d0d0;

        & > .terminal--cursor { text-style: reverse; }
        & > .terminal--cursor-away { text-style: underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"terminal--cursor", "terminal--cursor-away"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "look_page(1)", show=False),
        Binding("pagedown", "look_page(-1)", show=False),
        Binding("up", "look_lines(1)", show=False),
        Binding("down", "look_lines(-1)", show=False),
        Binding("home", "look_end(1)", show=False),
        Binding("end", "look_end(0)", show=False),
    ]

    is_captive: reactive[bool] = reactive(True, repaint=False)
    back: reactive[int] = reactive(0, repaint=False)
    """How many lines the picture is scrolled back; 0 shows the screen itself."""

    class Leave(Message):
        """The leave key was pressed."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class Changed(Message):
        """The session ended, or has another title."""

        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

    class Refused(Message):
        """What was typed could not be sent."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, session: Session, leave_key: str, frames: int) -> None:
        super().__init__()
        self.session = session
        self._leave_key = leave_key
        self._pause = 1 / frames
        self._drawn = 0.0
        self._frame: Timer | None = None
        self._resize: Timer | None = None
        self._cursor = session.terminal.cursor
        self._had_ended = False
        self._base_style: RichStyle | None = None
        self.is_left = False
        """Whether the leave key was pressed: what is typed after it is not for the machine."""
        session.on_change = self._on_session_change

    # What comes from the machine

    def _on_session_change(self) -> None:
        if self._frame is None and self.is_attached:
            wait = self._drawn + self._pause - time.monotonic()
            if wait > 0:
                self._frame = self.set_timer(wait, self._draw)
            else:
                self._draw()

    def _draw(self) -> None:
        if self._frame is not None:
            self._frame.stop()
            self._frame = None
        self._drawn = time.monotonic()
        terminal = self.session.terminal
        changes = terminal.take_changes()
        if self.back and changes.scrolled:
            # Hold the picture still while new lines come in below it.
            self.set_reactive(
                TerminalView.back, min(self.back + changes.scrolled, terminal.scrollback_length)
            )
        if changes.everything or changes.scrolled:
            self.refresh()
        else:
            for line in changes.lines:
                self._refresh_line(line)
        if changes.cursor:
            self._refresh_line(self._cursor.y)
            self._refresh_line(terminal.cursor.y)
        self._cursor = terminal.cursor
        if changes.title or self.session.has_ended != self._had_ended:
            self._had_ended = self.session.has_ended
            self.post_message(self.Changed(self))

    def _refresh_line(self, line: int) -> None:
        y = line + self.back
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # What is drawn

    @property
    def _base(self) -> RichStyle:
        """The colours below those of the machine; Textual works them out anew each time it is asked."""
        if self._base_style is None:
            self._base_style = self.rich_style
        return self._base_style

    def notify_style_update(self) -> None:
        """Forget colours that were looked up in another style."""
        super().notify_style_update()
        self._base_style = None

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        terminal = self.session.terminal
        index = terminal.scrollback_length - self.back + y
        base = self._base
        if not 0 <= index < terminal.scrollback_length + terminal.lines:
            return Strip.blank(self.size.width, base)
        is_swapped = terminal.modes.is_reverse
        segments = [
            Segment(run.text, base + rich_style(run.style, is_swapped)) for run in terminal.runs(index)
        ]
        strip = Strip(segments).adjust_cell_length(self.size.width, base)
        cursor = terminal.cursor
        if cursor.is_visible and y - self.back == cursor.y and not self.session.has_ended:
            strip = self._with_cursor(strip, cursor.x)
        return strip

    def _with_cursor(self, strip: Strip, x: int) -> Strip:
        is_here = self.has_focus and self.is_captive
        style = self.get_component_rich_style("terminal--cursor" if is_here else "terminal--cursor-away")
        cell = strip.crop(x, x + 1)
        return Strip.join([strip.crop(0, x), cell.apply_style(style), strip.crop(x + 1)])

    # What goes to the machine

    def _send(self, data: bytes) -> None:
        if self.back:
            self.back = 0
        try:
            self.session.write(data)
        except PumpOverflowError as error:
            self.post_message(self.Refused(str(error)))

    def on_key(self, event: events.Key) -> None:
        """Send a key, or tell of the leave key."""
        if is_passed_on(self, event):
            return
        if self.is_left:
            pass_on(self, event)
        elif event.key == self._leave_key:
            event.stop()
            event.prevent_default()
            self.is_left = True
            self.post_message(self.Leave(self))
        elif self.is_captive and not self.session.has_ended:
            event.stop()
            event.prevent_default()
            self._send(encode_key(event.key, event.character, self.session.terminal.modes))

    def on_paste(self, event: events.Paste) -> None:
        """Send pasted text, wrapped where the program asked for that."""
        event.stop()
        if self.is_captive:
            self._send(encode_paste(event.text, self.session.terminal.modes))

    def _mouse(self, kind: MouseKind, button: int, event: events.MouseEvent) -> bool:
        modes = self.session.terminal.modes
        if not modes.mouse or not self.is_captive:
            return False
        held = {"shift": event.shift, "alt": event.meta, "ctrl": event.ctrl}
        modifiers = frozenset(name for name, is_held in held.items() if is_held)
        data = encode_mouse(kind, button, event.x, event.y, modifiers, modes)
        if data:
            self._send(data)
        return True

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Type into it, if it has not ended, and pass the press on where the program wants the mouse."""
        self.is_captive = not self.session.has_ended
        self._mouse("press", event.button, event)
        self.post_message(self.Changed(self))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Pass a release on."""
        self._mouse("release", event.button, event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back, or pass the wheel on."""
        event.stop()
        if not self._mouse("scroll_up", 4, event):
            self.action_look_lines(WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll forth, or pass the wheel on."""
        event.stop()
        if not self._mouse("scroll_down", 5, event):
            self.action_look_lines(-WHEEL_LINES)

    # What the console does with it

    def validate_back(self, back: int) -> int:
        """There is no line before the oldest nor after the newest."""
        return max(0, min(back, self.session.terminal.scrollback_length))

    def watch_back(self) -> None:
        """Draw the other lines."""
        self.refresh()

    def watch_is_captive(self, is_captive: bool) -> None:
        """Show by the cursor where keys go."""
        if is_captive:
            self.back = 0
        self.refresh()

    def action_look_lines(self, lines: int) -> None:
        """Scroll back by lines, forth if negative."""
        self.back += lines

    def action_look_page(self, pages: int) -> None:
        """Scroll back by what is seen at once."""
        self.back += pages * max(1, self.size.height - 1)

    def action_look_end(self, to_oldest: int) -> None:
        """Scroll to the oldest line (1) or back to the screen (0)."""
        self.back = to_oldest * self.session.terminal.scrollback_length

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

    def on_focus(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(True)

    def on_blur(self) -> None:
        """Tell the program, if it wants to know, and draw the cursor."""
        self._send_focus(False)

    def _send_focus(self, has_focus: bool) -> None:
        modes = self.session.terminal.modes
        if modes.focus_events:
            self._send(encode_focus(has_focus, modes))
        self._refresh_line(self._cursor.y)
