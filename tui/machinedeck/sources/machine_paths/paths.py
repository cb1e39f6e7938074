"""Asking the process that looks into a machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean
from machinedeck.sources.newest import Newest

READER = Path(__file__).with_name("reader.py")

PATIENCE_SECONDS = 2.0
"""How long an answer may take: a file system of the machine's may never give one."""

SILENT = "its files do not answer"
FORBIDDEN = "only root may look at its files"


class MachinePaths:
    """The paths of one machine, for as long as a dialog asks for them.

    Args:
        open_root: Opens the machine's root; its descriptor, ours to close. Raises `Failure`.
    """

    def __init__(self, open_root: Callable[[], Awaitable[int]]) -> None:
        self._open_root = open_root
        self._process: asyncio.subprocess.Process | None = None
        self._questions = Newest()
        self.trouble = ""
        """Why nothing is offered, in a few words; "" while it can be."""

    async def complete(self, typed: str) -> str | None:
        """What a path could go on to; None where nothing is offered, or more was typed meanwhile."""
        async with self._questions.turn() as is_newest:
            if self.trouble or not typed.startswith("/") or not is_newest:
                return None
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await self._ask(typed)
            except Failure as failure:
                is_forbidden = failure.kind is Kind.NOT_ALLOWED
                self.trouble = FORBIDDEN if is_forbidden else clean(failure.message.rstrip("."), 120)
            except (TimeoutError, OSError, EOFError):
                self.trouble = SILENT
            self.close()
            return None

    async def _ask(self, typed: str) -> str | None:
        if self._process is None:
            self._process = await self._start()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        stdin.write(json.dumps(typed).encode() + b"\n")
        line = await stdout.readline()
        if not line:
            raise EOFError  # it ended
        answer = json.loads(line)
        return answer if isinstance(answer, str) and clean(answer) == answer else None

    async def _start(self) -> asyncio.subprocess.Process:
        fd = await self._open_root()
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(READER), str(fd),
                pass_fds=(fd,),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                env={"LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        finally:
            os.close(fd)

    def close(self) -> None:
        """End the process. One that hangs in a dead file system is gone when that lets go; nobody waits."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
