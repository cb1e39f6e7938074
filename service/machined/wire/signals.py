"""Signals and those who subscribed to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from machined.wire.calls import BUS_NAME, Calls
from machined.wire.closing import close_received
from machined.wire.header import Received
from machined.wire.matches import HeldRule, Match, MatchRules
from machined.wire.names import OWNER_CHANGED, HeldName, Names

logger = logging.getLogger(__name__)


class Signal(NamedTuple):
    """A signal that came in.

    Attributes:
        sender: The unique name of the connection that sent it.
        path: The object it comes from.
        interface: Its interface.
        member: Its name.
        signature: The types of `body`.
        body: Its arguments. File descriptors among them are closed once every callback has returned: a
            callback that wants to keep one duplicates it.
    """

    sender: str
    path: str
    interface: str
    member: str
    signature: str
    body: list[Any]


class Subscription:
    """Something to be called for until `cancel`."""

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo: Callable[[], None] | None = undo

    async def cancel(self) -> None:
        """End it: no callback comes after this. Does nothing the second time, or without a connection."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()


class _Listener:
    __slots__ = ("active", "callback", "match", "name", "rule")

    def __init__(
        self, match: Match, callback: Callable[[Signal], None], rule: HeldRule, name: HeldName | None
    ) -> None:
        self.match = match
        self.callback = callback
        self.rule = rule
        self.name = name
        self.active = True

    def accepts(self, message: Received) -> bool:
        owner = self.match.sender if self.name is None else self.name.owner
        return self.match.accepts_header(message, owner)


class Signals:
    """The subscriptions of one connection."""

    def __init__(self, calls: Calls) -> None:
        self._rules = MatchRules(calls)
        self._names = Names(calls, self._rules)
        self._listeners: dict[str | None, list[_Listener]] = {}

    async def subscribe(self, callback: Callable[[Signal], None], match: Match) -> Subscription:
        """Have `callback` called with every signal that fits; the bus knows once this returns."""
        sender = match.sender
        tracked = sender is not None and sender != BUS_NAME and not sender.startswith(":")
        name = self._names.hold(sender) if sender is not None and tracked else None
        listener = _Listener(match, callback, self._rules.hold(match.rule()), name)
        self._listeners.setdefault(match.member, []).append(listener)
        waited = [listener.rule.ready, *([name.rule.ready, name.known] if name else [])]
        subscription = Subscription(lambda: self._remove(listener))
        return await _when(waited, subscription)

    async def watch_name(self, name: str, callback: Callable[[str], None]) -> Subscription:
        """Have `callback` called with the new owner of `name`, or "", on every change."""
        held = self._names.hold(name)
        held.callbacks.append(callback)

        def undo() -> None:
            held.callbacks.remove(callback)
            self._names.release(held)

        return await _when([held.rule.ready, held.known], Subscription(undo))

    def receive(self, message: Received) -> None:
        """Hand a signal to those whom it concerns.

        Raises:
            InvalidMessage: It concerns somebody, and its body is malformed.
        """
        listening = [*self._listeners.get(message.member, ()), *self._listeners.get(None, ())]
        concerned = [listener for listener in listening if listener.accepts(message)]
        of_names = message.sender == BUS_NAME and message.member == OWNER_CHANGED
        if concerned or of_names:
            body = message.decode()
            if of_names:
                self._names.changed(body)
            self._deliver(message, body, concerned)
        close_received(message.fds)

    def _deliver(self, message: Received, body: list[Any], concerned: list[_Listener]) -> None:
        signal = Signal(
            message.sender or "",
            message.path or "",
            message.interface or "",
            message.member or "",
            message.signature,
            body,
        )
        for listener in concerned:
            if not listener.active or not listener.match.accepts_body(message.signature, body):
                continue
            try:
                listener.callback(signal)
            except Exception:
                logger.exception("a subscriber to %s.%s failed", signal.interface, signal.member)

    def _remove(self, listener: _Listener) -> None:
        listener.active = False
        listeners = self._listeners[listener.match.member]
        listeners.remove(listener)
        if not listeners:
            del self._listeners[listener.match.member]
        self._rules.release(listener.rule)
        if listener.name is not None:
            self._names.release(listener.name)


async def _when(futures: list[asyncio.Future[None]], subscription: Subscription) -> Subscription:
    """The subscription, once the bus has all that it needs; undone if that does not come about."""
    try:
        await asyncio.wait(futures)  # which leaves them be when we are cancelled: others may wait for them
        for future in futures:
            future.result()
    except BaseException:
        await subscription.cancel()
        raise
    return subscription
