"""Gathering what the checks look at: all at once, and for a short time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from machinedeck.bus.census import take_census
from machinedeck.sources.checkup.finding import PROGRAMS, QUESTIONS, Surroundings
from machinedeck.sources.environment import first_environment
from machinedeck.sources.packages import own_release

PATIENCE = 2.0
"""Seconds for all of it. A bus answers within a few milliseconds, so this is for one that never does."""

END_SECONDS = 1.0
"""Seconds that a program which was killed gets to be gone."""


async def look_around(address: str) -> Surroundings:
    """What is there on this host, with the message bus at `address`. Never raises, never hangs."""
    programs = frozenset(name for name in PROGRAMS if shutil.which(name))
    asked = {name: command for name, command in QUESTIONS.items() if command[0] in programs}
    census, answers = await asyncio.gather(
        take_census(address, PATIENCE), asyncio.gather(*map(_output, asked.values()))
    )
    return Surroundings(
        root=Path("/"),
        environment=first_environment(),
        census=census,
        release=own_release(),
        is_root=os.geteuid() == 0,
        programs=programs,
        answers=dict(zip(asked, answers, strict=True)),
    )


async def _output(command: Sequence[str]) -> str | None:
    """What a command prints; None if it fails, or has not ended in time: then it is killed."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=pipe, stderr=nothing)
    except OSError:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    except TimeoutError:
        await _end(process)
        return None
    return None if process.returncode else output.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a program and take note of its end: asyncio complains where that comes after the loop's own."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    with contextlib.suppress(TimeoutError):  # one that not even that ends is left to the kernel
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
