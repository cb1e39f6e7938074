"""Who wants which signals, so that a signal meets only the rules that have a chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from machined.bus.local.message import Message
from machined.bus.local.rules import Rule
from machined.wire.header import SIGNAL

if TYPE_CHECKING:
    from machined.bus.local.peer import Peer

_Key = tuple[str | None, str | None, str | None, str | None]


class Subscriptions:
    """The match rules of all clients."""

    def __init__(self, is_name_of: Callable[[str, str], bool]) -> None:
        self._is_name_of = is_name_of
        self._index: dict[_Key, dict[tuple[Peer, Rule], None]] = {}
        self._by_argument = 0

    def add(self, peer: Peer, rule: Rule) -> None:
        """Add a rule once more."""
        count = peer.rules.get(rule, 0)
        peer.rules[rule] = count + 1
        peer.rule_count += 1
        if not count and _can_fit(rule):
            key = _key(rule)
            self._index.setdefault(key, {})[peer, rule] = None
            self._by_argument += key[3] is not None

    def remove(self, peer: Peer, rule: Rule) -> bool:
        """Remove a rule once; False if the client has none like it."""
        count = peer.rules.get(rule, 0)
        if not count:
            return False
        peer.rule_count -= 1
        if count > 1:
            peer.rules[rule] = count - 1
        else:
            del peer.rules[rule]
            self._forget(peer, rule)
        return True

    def drop(self, peer: Peer) -> None:
        """Remove all rules of a client."""
        for rule in peer.rules:
            self._forget(peer, rule)
        peer.rules.clear()
        peer.rule_count = 0

    def interested(self, message: Message) -> list[Peer]:
        """The clients that want a signal, each once."""
        found: dict[Peer, None] = {}
        fields = message.fields
        index = self._index
        argument = message.text(0) if self._by_argument else None
        for interface in (fields.interface, None):
            for member in (fields.member, None):
                buckets = [index.get((interface, member, None, None))]
                buckets.append(index.get((interface, member, fields.path, None)))
                if argument is not None:
                    buckets.append(index.get((interface, member, None, argument[1])))
                for bucket in buckets:
                    for peer, rule in bucket or ():
                        if peer not in found and rule.accepts(message, self._is_name_of):
                            found[peer] = None
        return list(found)

    def _forget(self, peer: Peer, rule: Rule) -> None:
        if _can_fit(rule):
            key = _key(rule)
            bucket = self._index[key]
            del bucket[peer, rule]
            self._by_argument -= key[3] is not None
            if not bucket:
                del self._index[key]


def _can_fit(rule: Rule) -> bool:
    """Whether a signal without a destination can fit; nothing else is handed round."""
    return rule.kind in {None, SIGNAL} and rule.destination is None


def _key(rule: Rule) -> _Key:
    if rule.path is not None:
        return rule.interface, rule.member, rule.path, None
    first = rule.arguments[0] if rule.arguments else None
    argument = first.value if first is not None and first.index == 0 and not first.form else None
    return rule.interface, rule.member, None, argument
