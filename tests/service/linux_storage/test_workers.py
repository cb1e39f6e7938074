"""How many workers there are, and what becomes of a job where no more can be born."""

from __future__ import annotations

import array
import asyncio
import errno
import fcntl
import json
import os
import signal
import socket
import termios
from pathlib import Path

import pytest

from machined.host.linux.storage import unfinished
from machined.host.linux.storage.crew import Crew
from machined.host.linux.storage.jobs import sweep
from machined.host.linux.storage.nursery import Nursery
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType, Metadata
from tests.conftest import open_fds
from tests.support.waiting import until

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
    """Nor what comes after it from being tidied up."""
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "machined-quota.limits").mkdir()
    (locks / "inode-1:2").touch()
    storage = LinuxStorage(tmp_path, folders=(), settings=(), locks=locks)
    try:
        await storage.start()
        await until(lambda: not (locks / "inode-1:2").exists())
    finally:
        await storage.close()
    assert "left behind could not be tidied up: Is a directory" in caplog.text


def test_one_rest_that_stays_keeps_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_setting: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(unfinished, "discard", refuse)
    rests = [tmp_path / ".#tree.lck", tmp_path / "locks/name-new"]
    (tmp_path / "locks").mkdir()
    for rest in rests:
        rest.touch()
    with pytest.raises(OSError, match="Input/output"):
        sweep(Report(None), Places(str(tmp_path), (), (), str(tmp_path / "locks")))
    assert not any(rest.exists() for rest in rests)


async def test_a_nursery_that_was_killed_with_work_unread_is_replaced(tmp_path: Path) -> None:
    crew = Crew()
    places = {"places": Places(str(tmp_path), (), (), str(tmp_path / "locks"))}
    await crew.start()
    nursery = crew._nursery
    assert nursery is not None
    try:
        nursery.send_signal(signal.SIGSTOP)
        unread = asyncio.create_task(crew.run("sweep", places))
        await until(lambda: crew._line is not None and _unread(crew._line))
        nursery.kill()
        await nursery.wait()
        with pytest.raises(OSError, match="shutdown"):
            await unread
        assert await crew.run("sweep", places) is None
    finally:
        await crew.kill_all()
        await crew.close()


async def test_a_job_that_cannot_be_sent_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_arguments: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    crew = Crew()
    monkeypatch.setattr(crew, "start", refuse)
    before = open_fds()
    with pytest.raises(BlockingIOError) as raised:
        await crew.run("sweep", {})
    await until(lambda: open_fds() == before)
    assert raised.value.errno == errno.EAGAIN


def _unread(line: socket.socket) -> bool:
    """Whether something that was sent has not been received (SIOCOUTQ of unix(7))."""
    buffer = array.array("i", [0])
    fcntl.ioctl(line, termios.TIOCOUTQ, buffer, True)
    return buffer[0] > 0


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
