"""Who owns which name, and who waits for it (D-Bus Specification, "org.freedesktop.DBus.RequestName")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machined.bus.local.peer import Peer

ALLOW_REPLACEMENT, REPLACE_EXISTING, DO_NOT_QUEUE = 0x1, 0x2, 0x4


class Requested(IntEnum):
    """What became of a request."""

    PRIMARY_OWNER = 1
    IN_QUEUE = 2
    EXISTS = 3
    ALREADY_OWNER = 4


class Released(IntEnum):
    """What became of a release."""

    RELEASED = 1
    NON_EXISTENT = 2
    NOT_OWNER = 3


@dataclass(slots=True, eq=False)
class _Claim:
    peer: Peer
    flags: int


class Names:
    """The names that clients have: for each its owner, followed by those who wait.

    Args:
        changed: Called with a name, its old and its new owner, for each change.
    """

    def __init__(self, changed: Callable[[str, Peer | None, Peer | None], None]) -> None:
        self._changed = changed
        self._claims: dict[str, list[_Claim]] = {}

    def all(self) -> list[str]:
        """Every name that has an owner."""
        return list(self._claims)

    def owner(self, name: str) -> Peer | None:
        """Who owns a name."""
        claims = self._claims.get(name)
        return claims[0].peer if claims else None

    def queue(self, name: str) -> list[Peer]:
        """The owner of a name and those who wait for it, in order."""
        return [claim.peer for claim in self._claims.get(name, ())]

    def request(self, peer: Peer, name: str, flags: int) -> Requested:
        """Have `peer` own a name, or wait for it, as the flags say."""
        claims = self._claims.get(name)
        if claims is None:
            self._claims[name] = [_Claim(peer, flags)]
            peer.names[name] = None
            self._changed(name, None, peer)
            return Requested.PRIMARY_OWNER
        first = claims[0]
        if first.peer is peer:
            first.flags = flags
            return Requested.ALREADY_OWNER
        if not (flags & REPLACE_EXISTING and first.flags & ALLOW_REPLACEMENT):
            if flags & DO_NOT_QUEUE:
                self._withdraw(name, peer)
                return Requested.EXISTS
            self._enqueue(name, peer, flags)
            return Requested.IN_QUEUE
        self._enqueue(name, peer, flags)
        claim = claims.pop(1)
        claims.insert(0, claim)
        if first.flags & DO_NOT_QUEUE:
            claims.remove(first)
            del first.peer.names[name]
        self._changed(name, first.peer, peer)
        return Requested.PRIMARY_OWNER

    def release(self, peer: Peer, name: str) -> Released:
        """Have `peer` own a name, or wait for it, no more."""
        claims = self._claims.get(name)
        if claims is None:
            return Released.NON_EXISTENT
        was_owner = claims[0].peer is peer
        if not self._withdraw(name, peer):
            return Released.NOT_OWNER
        if was_owner:
            if not claims:
                del self._claims[name]
            self._changed(name, peer, claims[0].peer if claims else None)
        return Released.RELEASED

    def release_all(self, peer: Peer) -> None:
        """Take all names from a client.

        One that leaves loses the last it got first, and so its unique name in the end; one that becomes a
        monitor the other way round, as with dbus-daemon: the loss of the unique name tells it that it is one.
        """
        names = list(peer.names)
        for name in names if peer.is_monitor else reversed(names):
            self.release(peer, name)

    def _enqueue(self, name: str, peer: Peer, flags: int) -> None:
        """Put a client behind the owner if it would replace it, else at the end; there already, it stays."""
        claims = self._claims[name]
        claim = next((claim for claim in claims if claim.peer is peer), None)
        if claim is None:
            claim = _Claim(peer, flags)
            claims.append(claim)
            peer.names[name] = None
        claim.flags = flags
        if flags & REPLACE_EXISTING:
            claims.remove(claim)
            claims.insert(1, claim)

    def _withdraw(self, name: str, peer: Peer) -> bool:
        claims = self._claims[name]
        for position, claim in enumerate(claims):
            if claim.peer is peer:
                del claims[position]
                del peer.names[name]
                return True
        return False
