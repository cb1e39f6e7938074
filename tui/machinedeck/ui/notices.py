"""Taking notices away: a failure stays long enough to be read, and must not cover what is done about it."""

from __future__ import annotations

import time
from typing import Any

from textual.app import App
from textual.widgets._toast import ToastRack

NEW_SECONDS = 1.0
"""How old a notice is that nobody has read yet: it may say something of the dialog that opens with it."""


def take_away(app: App[Any], *, younger_too: bool) -> bool:
    """Take notices off the screen; whether there were any.

    Args:
        app: The application that shows them.
        younger_too: Whether those go too that came just now.
    """
    now = time.time()
    seen = [one for one in app._notifications if younger_too or now - one.raised_at > NEW_SECONDS]
    for notice in seen:
        app._unnotify(notice, refresh=False)
    if seen:
        _draw(app)
    return bool(seen)


def _draw(app: App[Any]) -> None:
    """Draw the notices anew, also those of screens that show around a dialog."""
    for screen in app.screen_stack:
        for rack in screen.query_children(ToastRack):
            app.call_later(rack.show, app._notifications)
