"""Keys that were on their way when the focus moved."""

from __future__ import annotations

from textual import events
from textual.widget import Widget


def is_passed_on(widget: Widget, event: events.Key) -> bool:
    """Whether a key came to a widget that has the focus no more; then it goes to the one that has it.

    Keys wait in the queue of the widget that had the focus when they were typed. Typed fast, or delivered
    together by a slow line, the one before them may have moved it.
    """
    if widget.screen.focused is widget or not widget.screen.is_current:
        return False
    pass_on(widget, event)
    return True


def pass_on(widget: Widget, event: events.Key) -> None:
    """Have a key arrive anew, wherever the focus is by then."""
    event.stop()
    event.prevent_default()
    widget.app.post_message(events.Key(event.key, event.character))
