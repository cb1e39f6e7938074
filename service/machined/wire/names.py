"""Who owns a name: kept up to date by NameOwnerChanged (D-Bus Specification, "Message Bus Messages")."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from machined.wire.calls import BUS_NAME, BUS_PATH, Answer, Calls
from machined.wire.errors import CallError
from machined.wire.matches import HeldRule, Match, MatchRules, settle, shared_future

logger = logging.getLogger(__name__)

NO_OWNER = "org.freedesktop.DBus.Error.NameHasNoOwner"
OWNER_CHANGED = "NameOwnerChanged"


class HeldName:
    """A name whose owner somebody wants to know; "" stands for nobody."""

    __slots__ = ("callbacks", "holders", "known", "name", "owner", "rule")

    def __init__(self, name: str, rule: HeldRule, known: asyncio.Future[None]) -> None:
        self.name = name
        self.rule = rule
        self.known = known
        self.owner = ""
        self.holders = 0
        self.callbacks: list[Callable[[str], None]] = []

    def told(self, answer: Answer) -> None:
        """Take note of the reply to GetNameOwner, which came in the order of the stream."""
        nobody = isinstance(answer.error, CallError) and answer.error.name == NO_OWNER
        if answer.error is None:
            self.owner = str(answer.body[0])
        settle(self.known, None if nobody else answer.error)


class Names:
    """The names of one connection that are watched, for callbacks or to know whose a signal is."""

    def __init__(self, calls: Calls, rules: MatchRules) -> None:
        self._calls = calls
        self._rules = rules
        self._held: dict[str, HeldName] = {}

    def hold(self, name: str) -> HeldName:
        """Want to know the owner of `name`; it is known once both futures are done."""
        held = self._held.get(name)
        if held is None:
            match = Match(sender=BUS_NAME, path=BUS_PATH, interface=BUS_NAME, member=OWNER_CHANGED, arg0=name)
            # The rule first: no change can then slip between the answer and the signals
            held = self._held[name] = HeldName(name, self._rules.hold(match.rule()), shared_future())
            self._calls.ask_bus("GetNameOwner", name, settle=held.told)
        held.holders += 1
        return held

    def release(self, held: HeldName) -> None:
        """Want to know it no more."""
        held.holders -= 1
        if held.holders == 0 and self._held.get(held.name) is held:
            del self._held[held.name]
            self._rules.release(held.rule)

    def changed(self, body: list[Any]) -> None:
        """Take note of a NameOwnerChanged signal of the bus."""
        name, _, owner = body
        held = self._held.get(name)
        if held is None:
            return
        held.owner = owner
        for callback in list(held.callbacks):
            try:
                callback(owner)
            except Exception:
                logger.exception("a watcher of the name %s failed", name)
