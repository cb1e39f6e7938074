"""Interfaces as tables: what an object offers, member for member, and who answers.

A table is the one source of what is dispatched, what is checked and what introspection shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, Literal, NamedTuple

Values = Sequence[Any] | None
"""One value per output argument, None for none."""
MethodHandler = Callable[..., Values | Coroutine[Any, Any, Values]]
"""`handler(target, request, *arguments)` returns the values, or a coroutine of them: what is at hand need not
wait for a turn of the event loop."""
PropertyReader = Callable[[Any], Any]
"""`reader(target)` returns the value; one that is a coroutine function, a coroutine of it. Arrays may be
tuples: then what GetAll answers can be kept."""
PropertyWriter = Callable[[Any, Any, Any], Awaitable[None]]
"""`await writer(target, request, value)` changes the property."""
Emits = Literal["const", "false", "invalidates", "true"]
"""What PropertiesChanged tells of a property (D-Bus Specification, "Introspection Data Format")."""
MOST = 1 << 21
"""Bytes of a call, at most: as many as a program may have of arguments and environment (execve(2)). To read
more, which the message bus would let through, would keep others waiting."""


class Argument(NamedTuple):
    """One argument of a method or signal."""

    signature: str
    """One complete type."""
    name: str
    """What introspection calls it; "" for none."""


@dataclass(slots=True, eq=False)
class Method:
    """A method.

    Attributes:
        name: Its name.
        takes: The input arguments, `TYPE NAME` each and separated by commas; a name may be left out.
        gives: The output arguments, written the same way.
        handler: Answers it.
        is_privileged: Whether root alone may call it.
        is_hidden: Whether introspection leaves it out.
        most: Bytes of a call of it, at most.
        signature: The types of all input arguments.
        result: The types of all output arguments.
    """

    name: str
    takes: str
    gives: str
    handler: MethodHandler
    is_privileged: bool = False
    is_hidden: bool = False
    most: int = MOST
    inputs: tuple[Argument, ...] = field(init=False)
    outputs: tuple[Argument, ...] = field(init=False)
    signature: str = field(init=False)
    result: str = field(init=False)

    def __post_init__(self) -> None:
        self.inputs, self.outputs = _arguments(self.takes), _arguments(self.gives)
        self.signature, self.result = _signature(self.inputs), _signature(self.outputs)


@dataclass(slots=True, eq=False)
class Property:
    """A property.

    Attributes:
        name: Its name.
        signature: Its one complete type.
        reader: Tells its value.
        emits: What PropertiesChanged tells of it.
        writer: Changes it; None if it is read-only. What Properties.Set refuses itself: another type, and
            any caller but root.
        is_hidden: Whether only an explicit Get or Set reaches it: GetAll and introspection leave it out.
        is_awaited: Whether it takes a while to read.
    """

    name: str
    signature: str
    reader: PropertyReader
    emits: Emits = "false"
    writer: PropertyWriter | None = None
    is_hidden: bool = False
    is_awaited: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_awaited = iscoroutinefunction(self.reader)


@dataclass(slots=True, eq=False)
class Signal:
    """A signal.

    Attributes:
        name: Its name.
        gives: Its arguments, written as those of a `Method`.
        signature: The types of all of them.
    """

    name: str
    gives: str = ""
    outputs: tuple[Argument, ...] = field(init=False)
    signature: str = field(init=False)

    def __post_init__(self) -> None:
        self.outputs = _arguments(self.gives)
        self.signature = _signature(self.outputs)


Member = Method | Property | Signal


class Interface:
    """An interface: its members in the order in which introspection shows them.

    Attributes:
        name: Its name.
        members: All of them.
        methods: The methods by name.
        properties: The properties by name, the hidden ones included.
        signals: The signals by name.
        shown: The properties that GetAll tells.
        is_awaited: Whether any of these takes a while to read.
    """

    def __init__(self, name: str, members: Sequence[Member]) -> None:
        self.name = name
        self.members = tuple(members)
        self.methods = {member.name: member for member in members if isinstance(member, Method)}
        self.properties = {member.name: member for member in members if isinstance(member, Property)}
        self.signals = {member.name: member for member in members if isinstance(member, Signal)}
        self.shown = tuple(member for member in self.properties.values() if not member.is_hidden)
        self.is_awaited = any(member.is_awaited for member in self.shown)


def _arguments(text: str) -> tuple[Argument, ...]:
    arguments = []
    for part in text.split(","):
        signature, _, name = part.strip().partition(" ")
        if signature:
            arguments.append(Argument(signature, name))
    return tuple(arguments)


def _signature(arguments: Sequence[Argument]) -> str:
    return "".join(argument.signature for argument in arguments)
