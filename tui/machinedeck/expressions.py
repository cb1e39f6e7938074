r"""Regular expressions as operators type them, tried on text that machines wrote: for a while, and no longer.

A few characters such as `(\w+\s?)+:` take longer with each further letter than anybody would wait, and
nothing else is done meanwhile, since Python matches with its one lock held. It looks for signals while it
does so, though: a timer ends it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLongError(Exception):
    """It took longer than it may."""


@contextmanager
def tried_for(seconds: float) -> Iterator[None]:
    """Do something that may take long, such as matching; in the main thread alone (signal(7)).

    Args:
        seconds: How long it may take, more than 0.

    Raises:
        TooLongError: It was ended.
    """
    is_on = True

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        if is_on:
            raise TooLongError

    handler = signal.signal(signal.SIGALRM, on_alarm)
    left, every = signal.setitimer(signal.ITIMER_REAL, seconds)
    began = time.monotonic()
    try:
        yield
    finally:
        is_on = False
        # Whoever had a timer has it still
        rest = max(left - (time.monotonic() - began), 1e-6) if left else 0.0
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, rest, every)
