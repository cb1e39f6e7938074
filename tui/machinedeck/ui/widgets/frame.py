"""The frame around a question or a message, which says so where all of it is made up."""

from __future__ import annotations

from textual.containers import Vertical

DEMO = "DEMO"
"""The word that stands on every screen of a made-up host."""

DEMO_CLASS = "-demo"
"""The style class of an app whose host is made up."""


class Frame(Vertical):
    """What a dialog puts its texts in; in an app of class `DEMO_CLASS` its border has the word."""

    def on_mount(self) -> None:
        """Say that it is a demo, where it is one."""
        if self.app.has_class(DEMO_CLASS):
            self.border_title = DEMO
