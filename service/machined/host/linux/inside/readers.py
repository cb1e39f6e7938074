"""The standing readers as the service has them."""

from __future__ import annotations

import asyncio
import errno
import os

from machined.host.inside import Place
from machined.host.linux.helper.packets import send, unpack
from machined.host.linux.inside.helper import PATIENCE, Helper
from machined.host.linux.inside.leaders import open_leader
from machined.host.linux.inside.turns import Turns
from machined.host.linux.inside.work import Work

MOST = 64
"""How many machines are read from at the same time."""
IDLE = 4
"""How many readers are kept while nobody asks."""


class Readers:
    """Reads files of machines in processes of their own.

    Each machine has one reader at most, so one that does not answer keeps none from others; it waits for as
    long as `PATIENCE` and is replaced then.

    Args:
        helper: Starts them.
        most: Bytes of the longest os-release that they read.
        follows: Whether they follow links of procfs, as far as these stay in the machine.
    """

    def __init__(self, helper: Helper, most: int, *, follows: bool) -> None:
        self._how = [str(most).encode(), b"1" if follows else b"0"]
        self._helper = helper
        self._idle: list[Work] = []
        self._room = asyncio.Semaphore(MOST)
        self._turns = Turns()

    async def os_release(self, place: Place) -> list[bytes]:
        """Names and values in turn, as they are in the file now.

        Raises:
            OSError: ENOENT, there is no such file; ETIMEDOUT, the machine does not answer.
        """
        try:
            async with asyncio.timeout(PATIENCE) as limit, self._turns.one(_leader(place)), self._room:
                return await self._read(place, limit)
        except TimeoutError:
            if not limit.expired():
                raise
            text = f"Machine {place.name} does not let its files be read."
            raise TimeoutError(errno.ETIMEDOUT, text) from None

    def close(self) -> None:
        """End them."""
        while self._idle:
            self._idle.pop().end()

    async def _read(self, place: Place, limit: asyncio.Timeout) -> list[bytes]:
        await self._helper.stuck.check(_leader(place))
        while True:
            is_old = bool(self._idle)
            reader = self._idle.pop() if is_old else await self._helper.begin("read", None)
            try:
                return await self._asked(reader, place, limit)
            except BrokenPipeError:
                if not is_old:
                    raise  # else somebody ended it while it was idle

    async def _asked(self, reader: Work, place: Place, limit: asyncio.Timeout) -> list[bytes]:
        """What a reader answers, which is kept for the next question if it could."""
        is_well = False
        reader.expect_more()
        try:
            _send(reader, place, self._how)
            answer = await reader.answer()
            is_well = True
        except OSError as error:
            # BrokenPipeError is also what Python makes of ESHUTDOWN
            is_well = not isinstance(error, BrokenPipeError | ConnectionResetError)
            raise
        finally:
            if is_well and len(self._idle) < IDLE:
                self._idle.append(reader)
            else:
                if limit.expired():
                    self._helper.give_up(reader)
                reader.end(_leader(place))
        return _unpacked(answer.fds[0]) if answer.fds else answer.fields


def _leader(place: Place) -> int:
    """The machine's leader; 0 for the host."""
    return 0 if place.is_host else place.leader


def _unpacked(fd: int) -> list[bytes]:
    """The fields of a long answer, which is closed then."""
    with open(fd, "rb") as file:
        file.seek(0)
        return unpack(file.read())


def _send(reader: Work, place: Place, how: list[bytes]) -> None:
    pidfds = [] if place.is_host else [open_leader(place)]
    try:
        send(reader.sock, [str(_leader(place)).encode(), *how], pidfds)
    finally:
        for pidfd in pidfds:
            os.close(pidfd)
