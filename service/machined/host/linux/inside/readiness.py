"""Waiting for a descriptor in the event loop."""

from __future__ import annotations

import asyncio


async def until_ready(fd: int, *, writing: bool = False) -> None:
    """Return when a descriptor can be read from, or written to. One waits at a time for each."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    (loop.add_writer if writing else loop.add_reader)(fd, _ready, ready)
    try:
        await ready
    finally:
        (loop.remove_writer if writing else loop.remove_reader)(fd)


def _ready(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
