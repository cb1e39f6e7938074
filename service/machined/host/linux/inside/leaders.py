"""The first processes of machines: never taken for a later one with the same pid."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

from machined.host.inside import Place
from machined.host.linux.inside.readiness import until_ready

Result = TypeVar("Result")

GRACE = 0.2
"""Seconds that what goes on in a machine has, once that has ended, to say so by itself."""


def check_leader(place: Place) -> None:
    """See that the first process of a machine is there, as it is until its parent has taken note of its end.

    What was read by its pid before this was its own.

    Raises:
        FileNotFoundError: It has ended.
    """
    if not place.is_host and (place.process is None or place.process.has_ended()):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def open_leader(place: Place) -> int:
    """A pidfd of the first process of a machine, which is the caller's.

    Raises:
        FileNotFoundError: It has ended.
    """
    check_leader(place)
    return os.dup(-1 if place.process is None else place.process.pidfd)


async def while_alive(place: Place, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of some work in a machine, which is cancelled when the machine has ended.

    It may wait for something that never comes, such as a file system that does not answer.

    Raises:
        ProcessLookupError: The machine ended first (ESRCH).
    """
    doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(_ended(place))
    try:
        await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return await doing
        await ending
        raise ProcessLookupError(errno.ESRCH, f"Machine {place.name} ended meanwhile.")
    finally:
        for task in (doing, ending):
            task.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)


async def _ended(place: Place) -> None:
    pidfd = open_leader(place)
    try:
        await until_ready(pidfd)
        await asyncio.sleep(GRACE)
    finally:
        os.close(pidfd)
