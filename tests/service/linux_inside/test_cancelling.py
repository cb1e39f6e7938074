"""Copies from and to a machine that are cancelled as operations: no half file is left, and no process."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from machined.host.inside import CopyRequest
from machined.host.linux.inside import LinuxInside
from machined.operations import Operations
from tests.service.linux_inside.guests import Guest
from tests.support.waiting import until

MiB = 2**20


@pytest.mark.parametrize("is_into_machine", [False, True])
async def test_a_file(inside: LinuxInside, plain: Guest, tmp_path: Path, is_into_machine: bool) -> None:
    outer, inner = tmp_path / "file", plain.path / "tmp/file"
    source, target = (outer, inner) if is_into_machine else (inner, outer)
    source.write_bytes(os.urandom(MiB) * 512)
    before = set(os.listdir(target.parent))
    operations = Operations()
    paths = (str(outer), "/tmp/file") if is_into_machine else ("/tmp/file", str(outer))

    async def permit(_action: str, _details: object) -> int:
        return 0

    async def copy() -> None:
        with operations.one("copy", "guest") as operation:
            await operation.after(permit)("copy", {})
            request = CopyRequest(*paths, is_into_machine=is_into_machine, replaces=False, shift=0)
            await inside.copy(plain.place, request, operation.progress)

    going = asyncio.create_task(copy())
    await until(lambda: any(one.done for one in operations.working()), what="some of it is copied")
    await operations.find(1).cancel()
    with pytest.raises(OSError, match="The operation was cancelled") as caught:
        await going
    assert caught.value.errno == errno.ECANCELED
    await until(lambda: set(os.listdir(target.parent)) == before, what="nothing is left")
    assert source.stat().st_size == 512 * MiB
