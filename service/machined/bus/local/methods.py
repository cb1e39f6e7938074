"""The form of the bus's own methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from machined.bus.local.peer import Peer
    from machined.bus.local.router import Router


@dataclass(slots=True)
class Request:
    """A call to the bus itself.

    Attributes:
        router: What knows all clients.
        peer: The caller.
        values: The arguments.
        path: The object that was called.
        afterwards: What is to be done once the reply is on its way.
    """

    router: Router
    peer: Peer
    values: list[Any]
    path: str
    afterwards: Callable[[], None] | None = None


class Method(NamedTuple):
    """A method of the bus.

    Attributes:
        takes: The types of its arguments.
        gives: The types of its results.
        function: Answers with the results, or raises `CallError`.
    """

    takes: str
    gives: str
    function: Callable[[Request], Sequence[Any]]


Table = dict[str, Method]
"""The methods of an interface by name."""
