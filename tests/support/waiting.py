"""Waiting for what happens soon, without guessing how soon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(is_so: Callable[[], object], seconds: float = 30.0, what: str = "") -> None:
    """Return as soon as `is_so` is true.

    Raises:
        AssertionError: It was not in time.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain{': ' + what if what else ''}"
        await asyncio.sleep(0.01)
