"""Clients that see all that passes (D-Bus Specification, "org.freedesktop.DBus.Monitoring.BecomeMonitor")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from machined.bus.local.message import Message
from machined.bus.local.rules import Rule

if TYPE_CHECKING:
    from machined.bus.local.peer import Peer


class Monitors:
    """The monitors and what each wants to see."""

    def __init__(self, is_name_of: Callable[[str, str], bool]) -> None:
        self._is_name_of = is_name_of
        self._rules: dict[Peer, Sequence[Rule]] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def add(self, peer: Peer, rules: Sequence[Rule]) -> None:
        """Have a client see what fits one of `rules`, or everything if there are none."""
        self._rules[peer] = rules

    def drop(self, peer: Peer) -> None:
        """Show a client nothing more."""
        self._rules.pop(peer, None)

    def interested(self, message: Message) -> list[Peer]:
        """The monitors that want to see a message."""
        return [
            peer
            for peer, rules in self._rules.items()
            if not rules or any(rule.accepts(message, self._is_name_of) for rule in rules)
        ]
