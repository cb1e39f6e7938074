"""What a turn of work leaves to do: messages to pass on, and clients to cut off."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from machined.bus.local.peer import Peer

TIME_SLICE = 0.004
"""Seconds of handing over within our process before other work of the loop gets its turn."""


class Work:
    """The clients that messages were queued for, and those that are doomed.

    Every turn of work ends with `settle`, or with `settle_soon` where the caller does not expect to be
    called back.

    Args:
        remove: Called with each client that goes, and the reason.
    """

    def __init__(self, remove: Callable[[Peer, str], None]) -> None:
        self._remove = remove
        self._loop = asyncio.get_running_loop()
        self._dirty: dict[Peer, None] = {}
        self._doomed: dict[Peer, str] = {}
        self._is_settling = False
        self._is_scheduled = False

    def mark(self, peer: Peer) -> None:
        """Take note that something was queued for a client."""
        self._dirty[peer] = None

    def doom(self, peer: Peer, reason: str) -> None:
        """Cut a client off in the next `settle`."""
        if not peer.is_doomed:
            peer.is_doomed = True
            self._doomed[peer] = reason

    def leave(self, peer: Peer, reason: str) -> None:
        """See a client off that ended its connection itself."""
        self.doom(peer, reason)
        if not self._is_settling:
            self._remove(peer, self._doomed.pop(peer, reason))
            self.settle_soon()

    def settle(self) -> None:
        """Flush what was queued and see to the doomed, until there is nothing left of either."""
        if self._is_settling:
            return
        self._is_settling = True
        deadline = time.monotonic() + TIME_SLICE
        later: dict[Peer, None] = {}
        try:
            while self._dirty or self._doomed:
                dirty, self._dirty = self._dirty, {}
                for peer in dirty:
                    # Those who are called back may send anew, for ever
                    if (peer.calls_back and time.monotonic() > deadline) or self._flush(peer):
                        later[peer] = None
                doomed, self._doomed = self._doomed, {}
                for peer, reason in doomed.items():
                    self._remove(peer, reason)
        finally:
            self._is_settling = False
        if later:
            self._dirty |= later
            self._schedule()

    def settle_soon(self) -> None:
        """Write to sockets now, and settle the rest in the next turn of the loop.

        For whoever sends from within the process, who would not expect that to call back.
        """
        if self._is_settling:
            return
        for peer in [peer for peer in self._dirty if not peer.calls_back]:
            del self._dirty[peer]
            self._flush(peer)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled and (self._dirty or self._doomed):
            self._is_scheduled = True
            self._loop.call_soon(self._settle_scheduled)

    def _settle_scheduled(self) -> None:
        self._is_scheduled = False
        self.settle()

    def _flush(self, peer: Peer) -> bool:
        try:
            return not peer.is_doomed and peer.flush()
        except OSError as error:
            self.doom(peer, str(error))
            return False
