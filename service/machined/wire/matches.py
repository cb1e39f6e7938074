"""Match rules: which signals the message bus lets in (D-Bus Specification, "Match Rules")."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from machined.wire.calls import Answer, Calls
from machined.wire.header import Received


class Match(NamedTuple):
    """What a signal must be like; `None` stands for anything."""

    sender: str | None = None
    path: str | None = None
    path_namespace: str | None = None
    interface: str | None = None
    member: str | None = None
    arg0: str | None = None

    def rule(self) -> str:
        """The match rule as AddMatch takes it."""
        keys = ("sender", "path", "path_namespace", "interface", "member", "arg0")
        given = [(key, getattr(self, key)) for key in keys if getattr(self, key) is not None]
        return ",".join(["type='signal'", *(f"{key}={_quote(value)}" for key, value in given)])

    def accepts_header(self, message: Received, owner: str | None) -> bool:
        """Whether all but the arguments fit; `owner` is the unique name that `sender` means just now."""
        return (
            (self.member is None or self.member == message.member)
            and (self.interface is None or self.interface == message.interface)
            and (self.path is None or self.path == message.path)
            and (self.sender is None or owner == message.sender)
            and (self.path_namespace is None or _is_within(message.path or "", self.path_namespace))
        )

    def accepts_body(self, signature: str, body: list[Any]) -> bool:
        """Whether the first argument fits: only one of type string can."""
        return self.arg0 is None or (signature.startswith("s") and body[0] == self.arg0)


def _quote(value: str) -> str:
    # Within quotes a backslash is itself; an apostrophe can only stand outside of them
    return "'" + value.replace("'", "'\\''") + "'"


def _is_within(path: str, namespace: str) -> bool:
    return namespace in {path, "/"} or path.startswith(namespace + "/")


class HeldRule:
    """A rule at the bus and the number of those who want it; `ready` completes when the bus has it."""

    __slots__ = ("holders", "ready", "text")

    def __init__(self, text: str, ready: asyncio.Future[None]) -> None:
        self.text = text
        self.ready = ready
        self.holders = 0

    def added(self, answer: Answer) -> None:
        """Take note of the reply to AddMatch."""
        settle(self.ready, answer.error)


class MatchRules:
    """The rules of one connection, each given to the bus once however many want it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._held: dict[str, HeldRule] = {}

    def hold(self, text: str) -> HeldRule:
        """Want a rule; it is on its way to the bus when this returns."""
        rule = self._held.get(text)
        if rule is None or _has_failed(rule.ready):
            rule = self._held[text] = HeldRule(text, shared_future())
            self._calls.ask_bus("AddMatch", text, settle=rule.added)
        rule.holders += 1
        return rule

    def release(self, rule: HeldRule) -> None:
        """Want it no more; the bus forgets it with the last one."""
        rule.holders -= 1
        if rule.holders == 0 and self._held.get(rule.text) is rule:
            del self._held[rule.text]
            if not _has_failed(rule.ready):
                # Messages arrive in order, so a new AddMatch of the same rule cannot overtake this
                self._calls.tell_bus("RemoveMatch", rule.text)


def shared_future() -> asyncio.Future[None]:
    """A future that several may wait for, or none, without complaint about an error that nobody fetched."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


def settle(future: asyncio.Future[None], error: Exception | None) -> None:
    """Complete a shared future."""
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _has_failed(future: asyncio.Future[None]) -> bool:
    return future.done() and future.exception() is not None
