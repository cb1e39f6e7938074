r"""Regular expressions as operators type them, tried on text that machines wrote: for a while, and no longer.

A few characters such as `(\w+\s?)+:` take longer with each further letter than anybody would wait, and
nothing else is done meanwhile, since Python matches with its one lock held. It looks for signals while it
does so, though: a timer ends it.
"""

from __future__ import annotations

import re
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooLongError(Exception):
    """It took longer than it may."""


MOST_SECONDS_TO_READ = 0.25
"""How long an expression may take to be read: long lists of capital and small letters take their time."""


def read_expression(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Compile a regular expression as it was typed; in the main thread alone, as `tried_for`.

    Args:
        text: The expression, in Python's `re`.
        flags: How it is meant.

    Raises:
        ValueError: It is none, or too much for one; the message says why, in a few words.
    """
    try:
        # A warning that it may mean something else one day is no help while it is typed
        with warnings.catch_warnings(action="ignore"), tried_for(MOST_SECONDS_TO_READ):
            return re.compile(text, flags)
    except re.error as error:
        raise ValueError(error.msg) from error
    except OverflowError as error:
        raise ValueError("a number in it is too large") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except TooLongError as error:
        raise ValueError("it takes too long to read") from error


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
