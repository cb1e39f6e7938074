"""One after the other, for each machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Turns:
    """Lets one in at a time for each key."""

    def __init__(self) -> None:
        self._locks: dict[int, tuple[asyncio.Lock, int]] = {}

    def is_taken(self, key: int) -> bool:
        """Whether somebody has the turn, or waits for it."""
        return key in self._locks

    @contextlib.asynccontextmanager
    async def one(self, key: int) -> AsyncIterator[None]:
        """Wait until it is one's turn, and have it."""
        lock, waiting = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._locks[key]
            if waiting > 1:
                self._locks[key] = (lock, waiting - 1)
            else:
                del self._locks[key]
