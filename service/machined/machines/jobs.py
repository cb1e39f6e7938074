"""Waiting for the jobs that start scopes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from machined.contract import ErrorName
from machined.host.errors import Refused


class ScopeJobs:
    """Who waits for which job; copes with a job that ends before the reply that names it."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._starting = 0
        self._early: dict[str, tuple[str, str]] = {}

    @contextmanager
    def starting(self) -> Iterator[None]:
        """While a job is asked for: ends of jobs that nobody waits for yet are kept in mind."""
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1
            if not self._starting:
                self._early.clear()

    def wait(self, job: str) -> asyncio.Future[None]:
        """What completes when the job is done, or fails with `Refused` JobFailed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[job] = future
        if job in self._early:
            self.ended(job, *self._early.pop(job))
        return future

    def ended(self, job: str, unit: str, result: str) -> None:
        """A job was removed."""
        future = self._waiting.pop(job, None)
        if future is None:
            if self._starting:
                self._early[job] = (unit, result)
        elif not future.done():
            if result == "done":
                future.set_result(None)
            else:
                text = f"Cannot start scope {unit}, start job for unit failed with '{result}'"
                future.set_exception(Refused(ErrorName.JOB_FAILED, text))

    def fail(self, job: str, reason: str) -> None:
        """Nobody will see this job end any more."""
        future = self._waiting.pop(job, None)
        if future is not None and not future.done():
            future.set_exception(Refused(ErrorName.JOB_FAILED, reason))

    def fail_all(self, reason: str) -> None:
        """Nobody will see any job end any more."""
        for job in list(self._waiting):
            self.fail(job, reason)
