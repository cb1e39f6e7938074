"""What all dialogs have in common: they close once, and nothing else than themselves."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType

from machinedeck.ui.notices import take_away


class Dialog(ModalScreen[ScreenResultType]):
    """A screen that asks or shows something, over all others.

    Textual closes whatever is on top: a second key in the queue of a dialog that has closed, or a timer of
    one that another dialog covers, would close that other one, or end the program where there is none.
    """

    def on_mount(self) -> None:
        """Have no older notice cover what is asked: it was seen, and the journal keeps failures."""
        take_away(self.app, younger_too=False)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with a result; nothing happens where it is closed already, or covered by another.

        Args:
            result: What whoever opened it gets.
        """
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)
