"""What an action needs to know before it is done, asked in one dialog made from the action's fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import DescendantFocus
from textual.suggester import Suggester, SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from machinedeck.core.actions import YES, Action, Field, FieldKind, Subject
from machinedeck.core.store import Store
from machinedeck.model.text import clean
from machinedeck.sources.host_paths import HostPaths
from machinedeck.sources.machine_paths.paths import MachinePaths
from machinedeck.ui.dialogs.dialog import Dialog
from machinedeck.ui.widgets.choice import Choice
from machinedeck.ui.widgets.frame import Frame
from machinedeck.ui.widgets.key_line import KeyLine

_KEYS = (("Enter", "do it"), ("Tab", "next"), ("Esc", "leave it alone"))


_HOW = {
    FieldKind.FLAG: "Space changes it.",
    FieldKind.CHOICE: "Space and the arrows change it.",
    "local": "The right arrow takes what is offered.",
    FieldKind.HOST_PATH: "A path on the host that is shown, which cannot be looked into from here.",
    FieldKind.MACHINE_PATH: "A path in the machine. Type it in full.",
}
"""How a field is answered."""


class HostPathSuggester(Suggester):
    """Offers paths of this host; the right arrow takes what is offered."""

    def __init__(self, paths: HostPaths) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._paths = paths

    async def get_suggestion(self, value: str) -> str | None:
        """The first path that goes on from what was typed."""
        return await self._paths.complete(value)


class MachinePathSuggester(Suggester):
    """Offers paths of a machine; the right arrow takes what is offered.

    Args:
        paths: What looks at its files.
        on_trouble: Called when it is known that they cannot be looked at.
    """

    def __init__(self, paths: MachinePaths, on_trouble: Callable[[], None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._paths = paths
        self._on_trouble = on_trouble

    async def get_suggestion(self, value: str) -> str | None:
        """The first path that goes on from what was typed."""
        suggestion = await self._paths.complete(value)
        if self._paths.trouble:
            self._on_trouble()
        return suggestion


class Form(Dialog[dict[str, str] | None]):
    """Asks for the values of an action's fields; None where it is left alone.

    Args:
        action: What is to be done.
        subjects: What it is to be done to, at least one.
        title: What it says at the top.
        store: What is known of the host.
        offers: What was used before, by the id of the field; the first of each stands there already.
        is_local: Whether paths on the host are those of this one.
        machine_paths: What looks at the files of the one machine it is about; None where nobody does.
    """

    CSS_PATH = "form.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - as Textual has it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter", "submit", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        action: Action[Any],
        subjects: Sequence[Subject],
        title: str,
        store: Store,
        offers: dict[str, tuple[str, ...]] | None = None,
        *,
        is_local: bool,
        machine_paths: MachinePaths | None = None,
    ) -> None:
        super().__init__()
        self._machine_paths = machine_paths
        self._host_paths = HostPaths()
        self._action = action
        self._subjects = subjects
        self._title = title
        self._store = store
        self._offers = offers or {}
        self._is_local = is_local
        self._is_touched = False
        self._news = ""
        self._trouble = Static(id="trouble")
        self._hint = Static(id="hint")
        self._command = Static(id="command")
        self._widgets = {field.id: self._widget(field) for field in action.fields}

    def _widget(self, field: Field) -> Input | Choice:
        if field.kind is FieldKind.FLAG:
            return Choice(("", YES), field.default, ("[ ]", "[x]"), id=field.id)
        if field.kind is FieldKind.CHOICE:
            return Choice(field.choices, field.default, id=field.id)
        offered = self._offers.get(field.id, ())
        suggester: Suggester | None = None
        if offered:
            suggester = SuggestFromList(offered, case_sensitive=True)
        elif field.kind is FieldKind.HOST_PATH and self._is_local:
            suggester = HostPathSuggester(self._host_paths)
        elif field.kind is FieldKind.MACHINE_PATH and self._machine_paths is not None:
            suggester = MachinePathSuggester(self._machine_paths, self._say_how)
        value = offered[0] if offered else field.default
        return Input(value, placeholder=field.help, suggester=suggester, compact=True, id=field.id)

    def compose(self) -> ComposeResult:
        """Title, fields, what is wrong, the command line and the keys."""
        with Frame():
            yield Static(Content(self._title), classes="title")
            for field in self._action.fields:
                with Horizontal():
                    yield Static(Content(field.label), classes="name")
                    yield self._widgets[field.id]
            yield self._hint
            yield self._trouble
            yield self._command
            yield KeyLine(*_KEYS, id="answers")

    def on_mount(self) -> None:
        """Show the command line as it stands."""
        self._look()

    def on_unmount(self) -> None:
        """Look at the host's files no more."""
        self._host_paths.close()

    @property
    def values(self) -> dict[str, str]:
        """What is answered so far."""
        return {
            id: widget.value.strip() if isinstance(widget, Input) else widget.value
            for id, widget in self._widgets.items()
        }

    def _wrong(self) -> str | None:
        values = self.values
        wrong = (self._action.check(subject, values, self._store) for subject in self._subjects)
        return next((text for text in wrong if text is not None), None)

    def _look(self) -> None:
        """Say what would be done, and what is wrong with it."""
        more = len(self._subjects) - 1
        line = self._action.command_line(self._subjects[0], self.values)
        self._command.update(Content(f"= {line}" + (f"\n… and {more} more alike" if more else "")))
        wrong = self._wrong() if self._is_touched else None
        self._trouble.update(Content(clean(" ".join(filter(None, (self._news, wrong))), 300)))

    def tell(self, news: str) -> None:
        """Say what became of the subjects meanwhile; "" for nothing."""
        if news != self._news:
            self._news = news
            self._look()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check what is typed while it is typed."""
        field = next(one for one in self._action.fields if one.id == event.input.id)
        standing = (self._offers.get(field.id) or (field.default,))[0]
        self._is_touched = self._is_touched or event.value != standing
        self._look()

    def on_choice_changed(self) -> None:
        """Check what is chosen."""
        self._is_touched = True
        self._look()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Say how the field under the cursor is answered."""
        self._hint.update(Content(self._how(event.widget)))

    def _say_how(self) -> None:
        """It may be answered in another way than it looked at first."""
        if self.focused is not None:
            self._hint.update(Content(self._how(self.focused)))

    def _how(self, widget: Widget) -> str:
        field = next((one for one in self._action.fields if one.id == widget.id), None)
        if field is None:
            return ""
        if offered := self._offers.get(field.id):
            return f"From here: {', '.join(clean(one, 60) for one in offered[:5])}"
        key = "local" if field.kind is FieldKind.HOST_PATH and self._is_local else field.kind
        if field.kind is FieldKind.MACHINE_PATH and self._machine_paths is not None:
            why = self._machine_paths.trouble
            return f"Type it in full: {why}." if why else _HOW["local"]
        return f"{_HOW.get(key, '')} {field.help}".strip()

    def on_input_submitted(self) -> None:
        """Enter in a line is Enter in the dialog."""
        self.action_submit()

    def action_submit(self) -> None:
        """Close with the answers, or say what is wrong with them."""
        self._is_touched = True
        if self._wrong() is None:
            self.dismiss(self.values)
        else:
            self._look()

    def action_leave(self) -> None:
        """Close without answers."""
        self.dismiss(None)
