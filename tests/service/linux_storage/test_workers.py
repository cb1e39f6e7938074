"""How many workers there are, and what becomes of a job where no more can be born."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from pathlib import Path

import pytest

from machined.host.linux.storage.nursery import Nursery
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType, Metadata

READERS = 16


async def test_many_who_ask_at_once_are_answered_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody may ask what an image tells, and each answer takes a process."""
    storage = LinuxStorage(tmp_path)
    going: list[int] = []
    most = 0

    async def run(*_arguments: object) -> list[object]:
        nonlocal most
        going.append(1)
        most = max(most, len(going))
        await asyncio.sleep(0)
        going.pop()
        return ["", "", {}, {}]

    monkeypatch.setattr(storage._crew, "run", run)
    found = Image("disk", str(tmp_path / "disk.raw"), ImageType.RAW)
    told = await asyncio.gather(*(storage.metadata(found) for _ in range(200)))
    await storage.close()
    assert told == [Metadata()] * 200
    assert most == READERS


async def test_what_cannot_be_tidied_up_keeps_nobody_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "machined-quota").write_text('{"folder": ')  # cut off by a kill
    storage = LinuxStorage(tmp_path, folders=(), settings=(), locks=locks)
    try:
        await storage.start()
    finally:
        await storage.close()
    assert "left behind could not be tidied up" in caplog.text


def test_too_many_processes_end_the_new_job_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    line, service = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    told, report = socket.socketpair()
    with line, service, told:
        wish = {"id": 1, "job": "sweep", "arguments": {}}
        socket.send_fds(service, [json.dumps(wish).encode()], [report.fileno()])
        report.close()
        service.shutdown(socket.SHUT_WR)
        Nursery(line).run()
        assert json.loads(told.recv(4096)) == ["failed", errno.EAGAIN, os.strerror(errno.EAGAIN)]
        assert told.recv(4096) == b""
