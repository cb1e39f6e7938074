"""Questions that are asked faster than they are answered, as each typed character asks one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Newest:
    """Turns for questions: one is asked at a time, and of those that wait only the newest still matters."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._asked = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait for the questions before this one; whether none was asked after it."""
        self._asked = number = self._asked + 1
        async with self._turn:
            yield number == self._asked
