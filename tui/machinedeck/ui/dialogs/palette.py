"""All commands in a list that typing narrows down, and all keys in a page."""

from __future__ import annotations

import textwrap
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.frame import Frame

SHOWN = 100
"""How many matches are listed: who wants another types on."""

KEYS = 14
"""Columns of the keys on the page."""

WIDEST_PAGE, LEAST_SENTENCE = 84, 12
"""Columns that the page's frame takes at most (`ask.tcss`), and a sentence at least."""

SHARE = 0.96
"""How much of the terminal's width the frame takes at most (`ask.tcss`)."""

BESIDE_PAGE = 10
"""Columns beside the keys and sentences: border, padding, scrollbar, and between the two."""


class Choice(NamedTuple):
    """One thing that can be done now."""

    action: str
    """The action of the main screen that does it."""
    label: str
    key: str
    help: str
    is_off: bool = False
    """Whether it cannot be done now, as its help says: choosing it says so again."""


class Palette(Dialog[str | None]):
    """Asks which command; the action it stands for, or None.

    Args:
        choices: What can be done.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__()
        self._choices = choices
        self._list = OptionList(compact=True)
        self._list.can_focus = False

    def compose(self) -> ComposeResult:
        """What is typed, and the list."""
        with Frame():
            yield Input(placeholder="what to do", compact=True)
            yield self._list

    def on_mount(self) -> None:
        """Show all."""
        self._narrow("")

    def _narrow(self, typed: str) -> None:
        words = typed.lower().split()
        self._list.clear_options()
        for at, choice in enumerate(self._choices):
            text = f"{choice.label} {choice.help}".lower()
            if self._list.option_count >= SHOWN:
                break
            if all(word in text for word in words):
                tone = "dim" if choice.is_off else ""
                line = Content.assemble((f"{choice.key:>8}  ", tone or "bold"), (choice.help, tone))
                self._list.add_option(Option(line, id=str(at)))
        if not self._list.option_count:
            self._list.add_option(Option("Nothing fits.", disabled=True))
        self._list.highlighted = 0 if self._list.options[0].id is not None else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what has all the words."""
        self._narrow(event.value)

    def on_key(self, event: events.Key) -> None:
        """Move in the list while the line has the keys."""
        if event.key in {"up", "down"}:
            event.stop()
            (self._list.action_cursor_up if event.key == "up" else self._list.action_cursor_down)()

    def on_input_submitted(self) -> None:
        """Close with what is chosen."""
        at = self._list.highlighted
        chosen = self._list.get_option_at_index(at).id if at is not None else None
        self.dismiss(self._choices[int(chosen)].action if chosen is not None else None)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with what is clicked."""
        self.dismiss(self._choices[int(event.option.id or 0)].action)

    def action_leave(self) -> None:
        """Close without a choice."""
        self.dismiss(None)


class Help(Dialog[None]):
    """Every key and what it does.

    Args:
        parts: Headings, and below each keys and sentences.
    """

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", show=False)]

    def __init__(self, parts: list[tuple[str, list[tuple[str, str]]]]) -> None:
        super().__init__()
        self._parts = parts
        self._page = Static()

    def compose(self) -> ComposeResult:
        """The page."""
        self._page.update(self._text(self.app.size.width))
        with Frame(), VerticalScroll():
            yield self._page

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew, once what is there is laid out: till then a change of its height is not heard."""
        self.call_after_refresh(self._page.update, self._text(event.size.width))

    def _text(self, width: int) -> Content:
        """The page where the terminal has so many columns; sentences go on below themselves."""
        room = max(LEAST_SENTENCE, min(WIDEST_PAGE, int(width * SHARE)) - BESIDE_PAGE - KEYS)
        lines: list[Content] = []
        for heading, rows in self._parts:
            lines.append(Content.assemble((heading, "bold underline")))
            for key, what in rows:
                first, *more = textwrap.wrap(what, room) or [""]
                lines.append(Content.assemble((f"{key:>{KEYS}}  ", "bold"), first))
                lines += [Content(" " * (KEYS + 2) + line) for line in more]
            lines.append(Content(""))
        return Content("\n").join(lines[:-1])
