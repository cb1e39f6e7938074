"""Work that waits for a file system, each in a thread of its own that nobody ever waits for.

What is below a dead mount may never answer. Of the threads that asyncio keeps for such work a few of those
take all, so that everything else that needs one waits too, and the program would wait for them when it is
left (`asyncio.run`). These are daemons, which end with it.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def apart(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Do something in a thread of its own; what it comes to. Whoever is cancelled leaves it behind.

    Raises:
        BlockingIOError: EAGAIN, no thread can be had.
        Exception: What `work` raises.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        if not done.done():  # else nobody waits any more
            settle()

    def run() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(done.set_result, work(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is passed on
            settle = partial(done.set_exception, error)
        try:
            loop.call_soon_threadsafe(tell, settle)
        except RuntimeError:
            return  # the loop is closed: this came back after the program was left

    try:
        threading.Thread(target=run, name="apart", daemon=True).start()
    except RuntimeError as error:  # as many processes as may be (getrlimit(2), RLIMIT_NPROC)
        raise BlockingIOError(errno.EAGAIN, "There is no thread to be had for it") from error
    return await done


async def answered(seconds: float, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Do something as `apart` does, but wait for it only so long; it goes on all the same.

    Raises:
        TimeoutError: ETIMEDOUT, it takes longer.
        Exception: What `work` raises.
    """
    try:
        async with asyncio.timeout(seconds):
            return await apart(work, *arguments, **options)
    except TimeoutError as error:
        raise TimeoutError(errno.ETIMEDOUT, "The file system does not answer yet") from error


class Apart:
    """Looks that may never come back: one at a time, and only so long.

    Args:
        seconds: How long one is waited for.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.is_out = False
        """Whether a look has not come back yet."""

    async def look(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Do something in a thread of its own, unless the one before is still at it.

        Raises:
            TimeoutError: It takes too long, or the one before still does.
            Exception: What `work` raises.
        """
        if self.is_out:
            raise TimeoutError(errno.ETIMEDOUT, "The look before has not come back yet")

        def looked() -> T:
            try:
                return work(*arguments, **options)
            finally:
                self.is_out = False

        self.is_out = True
        try:
            async with asyncio.timeout(self._seconds):
                return await apart(looked)
        except BlockingIOError:
            self.is_out = False  # no thread was to be had
            raise
