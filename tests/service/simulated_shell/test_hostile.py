"""Whatever is typed: never an error of ours, always a prompt again or an end."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machined.host.simulated.shell.programs import PROGRAMS
from tests.service.simulated_shell.guest import Guest, open_room

NAMES = sorted(PROGRAMS)
PATHS = ["/", "/srv/poem", "/tmp", "/proc", "/etc", "..", "~", "*", "\u4e2d", ""]
OPTIONS = ["-n", "-r", "-c", "-", "--", "-f", "-9", "+", "1", "99999999999999999999", "%s", "=", "A=1"]
SIGNS = [
    "'",
    '"',
    "$(",
    ")",
    "`",
    "$HOME",
    "|",
    ";",
    "&&",
    "||",
    ">",
    "<",
    ">>",
    "2>&1",
    "\\",
    "#",
    "(",
    "[",
    "{",
]
KEYS = ["\x1b[A", "\t", "\x01", "\x17", "\x7f", "q", "G", "/x", "\x1b[200~", "\x1b[201~", "\x1b"]
words = st.sampled_from(NAMES + PATHS + OPTIONS + SIGNS + KEYS)
lines = st.lists(words, max_size=6).map(" ".join).map(str.encode)
pieces = st.one_of(lines, st.binary(max_size=20), st.sampled_from([b"\r", b"\r", b"\x03", b"\x04", b"\x1b"]))
streams = st.lists(pieces, max_size=8).map(b"\r".join)
OUT = b"\x1b[201~\x1b[201~\x03q\x03\x18n\r\x03\x03"
"""Leaves a paste, a pager, an editor and whatever runs."""


async def prompt_or_end(guest: Guest) -> None:
    """See that the shell is there, or has ended."""
    async with asyncio.timeout(20):
        number = 0
        while not guest.has_ended:
            number += 1
            guest.type(OUT + f"echo ali''ve{number}\r".encode())
            for _ in range(30):
                if guest.has_ended or f"alive{number}".encode() in guest.output:
                    return
                await asyncio.sleep(0.01)


async def type_all(data: bytes) -> None:
    """Type at a fresh machine."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_room(Path(folder)) as room:
            guest = await room.shell()
            await guest.ready()
            for start in range(0, len(data), 7):
                if guest.has_ended:
                    break
                guest.type(data[start : start + 7])
                await asyncio.sleep(0)
            await asyncio.sleep(0.005)
            if room.estate.machines.get("web-1"):
                await prompt_or_end(guest)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=streams)
def test_a_prompt_or_an_end(caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        asyncio.run(type_all(data))
    assert not caplog.records


@pytest.mark.parametrize("name", NAMES)
async def test_every_program_takes_anything(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_room(tmp_path) as room:
        for arguments in (
            "",
            "-x -",
            "/ /etc /srv/poem",
            "'' -n -1",
            "$(seq 300)",
            "--help",
            "-99 x < /srv/poem",
        ):
            guest = await room.shell("ada")
            await guest.ready()
            guest.type(f"{name} {arguments}\r")
            await asyncio.sleep(0.01)
            await prompt_or_end(guest)
    assert not caplog.records
