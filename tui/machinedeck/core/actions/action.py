"""What an action is: the shape that keys, footer, dialogs, palette, journal and commands are made from."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Generic, NamedTuple, TypeVar

from machinedeck.core.host import Host
from machinedeck.core.store import Store
from machinedeck.model.image import Image, Pool
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean

Subject = Machine | Image | Pool
"""What an action is done to."""

S = TypeVar("S", Machine, Image, Pool)

Values = Mapping[str, str]
"""What was answered, by the id of the field. A flag is `yes` or ""."""

YES = "yes"
"""The value of a flag that is set."""


class Harm(Enum):
    """How much an action can destroy, and so how it is confirmed."""

    NONE = "none"
    """Done at once."""
    WORK = "work"
    """Ends what runs inside: asks for a key first."""
    DATA = "data"
    """Deletes what nobody brings back: asks for the name to be typed."""


class FieldKind(StrEnum):
    """What an answer is, and so how it is asked for and checked."""

    NAME = "name"
    """A name for an image."""
    FLAG = "flag"
    CHOICE = "choice"
    """One of the field's `choices`."""
    SIZE = "size"
    """Bytes, as people write them: `512M`, `1.5G`; empty for no limit."""
    CPU = "cpu"
    """Per cent of one processor: `150%`; empty for no limit."""
    COUNT = "count"
    """A whole number from 1; empty for no limit."""
    HOST_PATH = "host-path"
    """An absolute path on the host."""
    MACHINE_PATH = "machine-path"
    """An absolute path in the machine."""


class Field(NamedTuple):
    """One thing that is asked before an action is done."""

    id: str
    label: str
    kind: FieldKind
    default: str = ""
    choices: tuple[str, ...] = ()
    help: str = ""
    is_needed: bool = True
    """Whether nothing is done without it."""


def _nothing_to_say(_subject: Subject, _values: Values, _store: Store) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # more takes time at each start
class Action(Generic[S]):
    """One thing that can be done to a machine, an image or the pool."""

    id: str
    label: str
    key: str
    """The key in the pane of its subjects, as Textual names keys."""
    help: str
    """What it does, in one sentence."""
    harm: Harm = Harm.NONE
    fields: tuple[Field, ...] = ()
    """What is asked before."""
    command: Callable[[S, Values], tuple[str, ...]]
    """The words of the equivalent command line."""
    doing: str
    """What is told while it goes on, with `{name}`."""
    done: str
    """What is told when it is done, with `{name}`."""
    state: str = ""
    """What the machine's row says meanwhile in place of its state; "" where that tells all there is."""
    loss: str = ""
    """What exactly goes, for the confirmation, with `{name}`; "" where nothing does."""
    vm_loss: str = ""
    """The same for virtual machines, where it is another; "" where it is not."""
    refusal: Callable[[S, Store], str | None]
    """Why it cannot be done to a subject as it is now; `None` when it can."""
    check: Callable[[S, Values, Store], str | None] = _nothing_to_say
    """What is wrong with the answers; `None` for nothing."""
    run: Callable[[Host, S, Values], Awaitable[str | None]] | None
    """Do it; what it has come to, if there is more to say than `done`. Raises `Failure`.

    `None` for what opens a terminal, which whoever shows it does.
    """

    def sentence(self, text: str, subject: S) -> str:
        """One of the texts above, with the subject's name put in."""
        return text.replace("{name}", name_of(subject))

    def lost(self, subjects: Sequence[S]) -> list[str]:
        """What exactly goes of some subjects, for the confirmation: every one of them is named."""
        by_loss: dict[str, list[str]] = {}
        for subject in subjects:
            loss = (self.vm_loss if _is_vm(subject) else "") or self.loss
            by_loss.setdefault(loss, []).append(name_of(subject))
        return [loss.replace("{name}", ", ".join(names)) for loss, names in by_loss.items()]

    def command_line(self, subject: S, values: Values) -> str:
        """The equivalent command line, as it would be typed into a shell."""
        return clean(shlex.join(self.command(subject, values)))


def _is_vm(subject: Subject) -> bool:
    return isinstance(subject, Machine) and subject.kind == "vm"


def name_of(subject: Subject) -> str:
    """What a subject is called, fit to be shown."""
    return "the pool" if isinstance(subject, Pool) else clean(subject.name)
