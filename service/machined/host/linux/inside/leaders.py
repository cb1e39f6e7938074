"""The first processes of machines: never taken for a later one with the same pid."""

from __future__ import annotations

import errno
import os

from machined.host.inside import Place


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
