"""What the user database does otherwise than systemd-machined's, and, if strict, as there."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE, Improvements
from machined.machines.registry import Registry
from machined.varlink import UserDatabase
from tests.service.varlink.asking import ask

BOTH = pytest.mark.parametrize("improvements", [ALL, NONE], ids=["better", "strict"])
METHOD = '"method":"io.systemd.UserDatabase.GetUserRecord"'
SERVICE = '"service":"io.systemd.Machine"'


@BOTH
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        (f'{SERVICE},"uid":1000000,"uid":1000001', "uid"),
        (f'{SERVICE},"uid":1,{SERVICE}', "service"),
        (f'{SERVICE},"uid":1,"what":1,"what":2', "what"),
    ],
)
async def test_a_parameter_that_comes_twice(
    registry: Registry, tmp_path: Path, improvements: Improvements, parameters: str, named: str
) -> None:
    database = UserDatabase(registry, improvements=improvements)
    await database.start(tmp_path / "socket")
    try:
        question = f'{{{METHOD},"parameters":{{{parameters}}}}}'.encode()
        answer = await asyncio.to_thread(ask, str(tmp_path / "socket"), question)
        if improvements == ALL:
            assert answer is None
        else:
            assert answer is not None
            assert json.loads(answer) == {
                "error": "org.varlink.service.InvalidParameter",
                "parameters": {"parameter": named},
            }
        twice = f'{{{METHOD},{METHOD},"parameters":{{{SERVICE},"uid":1}}}}'.encode()
        assert await asyncio.to_thread(ask, str(tmp_path / "socket"), twice) is None
    finally:
        await database.close()


@BOTH
async def test_the_socket_when_the_service_ends(
    registry: Registry, tmp_path: Path, improvements: Improvements
) -> None:
    for _ in range(2):  # one that was left is replaced
        database = UserDatabase(registry, improvements=improvements)
        await database.start(tmp_path / "socket")
        await database.close()
        assert os.listdir(tmp_path) == (["socket"] if improvements == NONE else [])
