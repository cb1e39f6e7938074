"""Saying that the service does not answer, long before it is known that it never will."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from machinedeck.core.status import Link, Status
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind

LATE_SECONDS = 5.0
"""How long the list of machines may take until it is told that nobody answers; it is waited for on."""


@contextmanager
def told_when_late(store: Store) -> Iterator[None]:
    """Have the link say that there is no answer while what is done in here takes long."""
    timer = asyncio.get_running_loop().call_later(LATE_SECONDS, _tell, store)
    try:
        yield
    finally:
        timer.cancel()


def _tell(store: Store) -> None:
    if store.status.link in {Link.CONNECTING, Link.UP}:
        failure = Failure(Kind.TIMED_OUT, "The service of machines does not answer.")
        store.set_status(Status(Link.AWAY, failure))
