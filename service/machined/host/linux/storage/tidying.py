"""Puts right what killed processes left behind, beside all other work: its locks keep the two apart."""

from __future__ import annotations

import asyncio
import errno
import logging

from machined.host.linux.storage.crew import Crew
from machined.host.linux.storage.setting import Places

RESTORING = 3.0
"""Seconds that are waited for raised limits to be set back before anybody is served."""

_log = logging.getLogger(__name__)


class Tidying:
    """Has what was left behind tidied up by workers: raised limits first, then locks and unfinished copies.

    Args:
        crew: Has the workers.
        places: Where things are.
    """

    def __init__(self, crew: Crew, places: Places) -> None:
        self._crew = crew
        self._places = places
        self._task: asyncio.Task[None] | None = None
        self._is_wanted = False
        self._are_limits_back = asyncio.Event()
        self.is_ending = False
        """Whether the service ends, and its workers with it: that is no fault of theirs."""

    def begin(self) -> None:
        """Tidy up; once more if that goes on already, for more may have been left behind since it began."""
        self._is_wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def until_limits_are_back(self) -> None:
        """Wait until raised limits are set back, a few seconds at most: all else may take for ever.

        There may be terabytes to erase, or a folder on a file system that never answers.
        """
        try:
            async with asyncio.timeout(RESTORING):
                await self._are_limits_back.wait()
        except TimeoutError:
            _log.warning("limits that a killed process left raised are not set back yet")

    async def end(self) -> None:
        """Wait until all is tidy."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            await self._do("restore")
            self._are_limits_back.set()
            await self._do("sweep")

    async def _do(self, job: str) -> None:
        """Tidy up as far as that can be: what is left keeps nobody from serving the machines."""
        try:
            await self._crew.run(job, {"places": self._places})
        except OSError as error:
            if self.is_ending and error.errno == errno.ESHUTDOWN:
                return  # the next service goes on with it
            _log.warning("what killed processes left behind could not be tidied up: %s", error.strerror)
