"""What the console writes to the line: nothing while nothing happens, little when little does."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1
from tests.support.pty_program import PtyProgram
from tests.support.waiting import until

ONE_ROW = 1500
"""Bytes that a row more may cost at 100 columns: the row, those it moved, the count in the title."""


@pytest.mark.promise("Only what changed is redrawn", where="bare host")
async def test_bytes_on_the_line(tmp_path: Path) -> None:
    with private_daemon(tmp_path) as address:
        machine1 = Machine1(2)
        connection = await machine1.serve(address)
        with PtyProgram([sys.executable, "-m", "machinedeck", "--bus", address]) as program:

            def shows(text: str) -> bool:
                program.read(0.01)
                return text in program.screen

            await until(lambda: shows("10.0.0.1"))
            await drawn(program)
            before = len(program.output)
            await quiet(program, 2.0)
            assert len(program.output) == before, "an idle console writes nothing"
            machine1.appear(connection, "zebra")
            await until(lambda: shows("10.0.0.2"))
            await drawn(program)
            written = len(program.output) - before
            assert 0 < written < ONE_ROW, program.output[before:]
        await connection.close()


async def drawn(program: PtyProgram) -> None:
    """Read until a second brings nothing more."""
    for _ in range(20):
        before = len(program.output)
        await quiet(program, 1.0)
        if len(program.output) == before:
            return
    raise AssertionError(f"it never stops writing: {program.output[before:]!r}")


async def quiet(program: PtyProgram, seconds: float) -> None:
    """Read for a while; the service in this process goes on answering."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        program.read(0.01)
        await asyncio.sleep(0.01)
