"""What can be done with terminals: the one table that keys, hints, palette and help are made from."""

from __future__ import annotations

from typing import NamedTuple

PANES = "panes"
"""Where some keys work beside the terminals."""


class Command(NamedTuple):
    """One thing that can be done with terminals."""

    id: str
    key: str
    """The key, as Textual names it; "" for none."""
    label: str
    """In a word or two, as the line of keys has it."""
    help: str
    """In a sentence."""
    needs: str = ""
    """What it needs: "machine" a machine under the cursor, "shell" an open terminal, "" nothing."""
    place: str = ""
    """`PANES` if its key works there too, on the terminal that was left last."""

    @property
    def is_everywhere(self) -> bool:
        """Whether its key works in the panes too."""
        return self.place == PANES


COMMANDS = (
    Command("options", "O", "shell…", "Open a shell as whom and with what you like.", "machine", PANES),
    Command("login", "L", "login", "Open a login prompt of the machine.", "machine", PANES),
    Command("raw", "ctrl+v", "next key raw", "Send the next key to the machine, any key.", "shell", PANES),
    Command("select", "v", "select", "Move a caret with the keys, select text and copy it.", "shell", PANES),
    Command("search", "slash", "search", "Search the terminal's lines as you type.", "shell"),
    Command("next", "n", "next match", "Go to the next match, upwards.", "shell"),
    Command("previous", "N", "previous match", "Go to the previous match, downwards.", "shell"),
    Command("save", "s", "save", "Save what is selected, or all lines, to a file.", "shell"),
    Command("beside", "vertical_line", "split", "Open a second shell beside this one.", "shell", PANES),
    Command("below", "minus", "split below", "Open a second shell below this one.", "shell", PANES),
    Command("other", "o", "other half", "Go to the other half of a split.", "shell", PANES),
    Command("new", "c", "another", "Open another shell of the machine in a new tab.", "shell"),
    Command("rename", "comma", "rename", "Call the tab something else.", "shell"),
    Command("reopen", "r", "open again", "Open again what has ended.", "shell"),
    Command("clipboard", "y", "clipboard", "Answer a machine that wants your clipboard.", "shell", PANES),
    Command("close", "x", "close", "Hang up, and take the tab away.", "shell"),
)  # fmt: skip


def command(id_: str) -> Command:
    """The command of an id.

    Raises:
        StopIteration: There is none.
    """
    return next(one for one in COMMANDS if one.id == id_)
