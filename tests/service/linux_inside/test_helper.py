"""The helper process: it ends with the service, comes again when it is gone, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machined.host.inside import CopyRequest, Place
from machined.host.linux.helper.packets import send
from machined.host.linux.inside import LinuxInside
from machined.host.linux.inside.stuck import Stuck
from machined.host.linux.inside.work import Work
from tests.conftest import children, open_fds
from tests.service.linux_inside.conftest import HOST
from tests.service.linux_inside.guests import Guest
from tests.support.waiting import until

OWN_FDS = 6
"""What the helper has open: three standard ones, its socket, its pidfd and its namespace of processes."""


def helper() -> int:
    """The pid of the helper; one that was just started is known by its command line a moment later."""
    deadline = time.monotonic() + 10
    while not (found := helpers()):
        assert time.monotonic() < deadline, "no helper came"
        time.sleep(0.005)
    return found[0]


def helpers() -> list[int]:
    """The pids of all helpers."""
    return [pid for pid in children() if "helper.process" in _command_of(str(pid))]


def workers(pid: int) -> list[int]:
    """The processes that a helper has forked."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_a_helper_that_was_killed_comes_again(
    inside: LinuxInside, plain: Guest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (plain.path / "tmp/large").write_bytes(os.urandom(1024 * 1024) * 512)
    seen: list[int] = []
    request = CopyRequest("/tmp/large", str(tmp_path / "copy"), False, False, 0)
    copying = asyncio.create_task(inside.copy(plain.place, request, lambda done, _: seen.append(done)))
    await until(lambda: any(seen), what="some of it is copied")
    await inside.os_release(plain.place)
    first = helper()
    os.kill(first, signal.SIGKILL)
    with pytest.raises(OSError, match="ended before") as caught:
        await copying
    assert caught.value.errno == 108  # ESHUTDOWN
    assert os.listdir(tmp_path) == []
    assert (await inside.os_release(plain.place))["ID"] == "tiny"
    os.close((await inside.open_pty(plain.place)).fd)
    assert helper() != first
    assert "has ended (-9)" in caplog.text


def leave_free(pid: int, count: int) -> int:
    """Let a process open so many more descriptors; the limit of before."""
    listed = [int(fd) for fd in os.listdir(f"/proc/{pid}/fd")]
    used = {fd for fd in listed if os.path.lexists(f"/proc/{pid}/fd/{fd}")}  # the listing's own is closed
    free = [fd for fd in range(len(used) + count + 1) if fd not in used]
    soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    allow(pid, free[count])
    return soft


def allow(pid: int, most: int) -> None:
    """Let a process have descriptors below a number."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))


@contextlib.asynccontextmanager
async def copying(inside: LinuxInside, one: Guest, target: Path) -> AsyncIterator[None]:
    """A large copy out of a machine is going on; it must come to its end."""
    source = one.path / "tmp/large"
    source.write_bytes(os.urandom(1024 * 1024) * 512)
    seen: list[int] = []
    request = CopyRequest("/tmp/large", str(target), False, False, 0)
    copy = asyncio.create_task(inside.copy(one.place, request, lambda done, _: seen.append(done)))
    await until(lambda: any(seen), what="some of it is copied")
    yield
    await copy
    assert os.path.getsize(target) == os.path.getsize(source)  # noqa: ASYNC240 - it answers at once


@pytest.mark.promise("What cannot be done for one caller ends no other caller's work", where="bare host")
@pytest.mark.parametrize("room", [0, 1, 2])
async def test_a_wish_that_the_helper_has_no_descriptors_for(
    inside: LinuxInside, plain: Guest, tmp_path: Path, room: int
) -> None:
    """It may lack one for the socket of who asks, for the machine, or for the child."""
    pid = helper()
    async with copying(inside, plain, tmp_path / "copy"):
        before = leave_free(pid, room)
        with pytest.raises(OSError, match="ended before" if not room else "Too many open files"):
            os.close((await inside.open_pty(plain.place)).fd)
        allow(pid, before)
        os.close((await inside.open_pty(plain.place)).fd)
    assert helper() == pid


async def test_a_helper_that_hangs_is_replaced_and_its_work_goes_on(
    inside: LinuxInside, plain: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("machined.host.linux.inside.helper.PATIENCE", 0.5)
    first = helper()
    async with copying(inside, plain, tmp_path / "copy"):
        os.kill(first, signal.SIGSTOP)
        try:
            # Several had asked before it was given up: each of them takes it for that, and no other one
            calls = [inside.open_pty(plain.place) for _ in range(3)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert [isinstance(one, TimeoutError) for one in answers] == [True] * 3
            monkeypatch.undo()
            os.close((await inside.open_pty(plain.place)).fd)
        finally:
            os.kill(first, signal.SIGCONT)
    await until(lambda: helpers() != [first] and len(helpers()) == 1, what="the first one has ended")


async def test_who_waits_for_room_at_a_helper_that_hangs(
    plain: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is full: who is in there is told, and those after them are served by another."""
    monkeypatch.setattr("machined.host.linux.inside.helper.PATIENCE", 2.0)
    monkeypatch.setattr("machined.host.linux.inside.helper._ROOM", 1)  # the kernel gives a few wishes more
    inside = LinuxInside()
    await inside.start()
    first = helper()
    os.kill(first, signal.SIGSTOP)
    try:
        calls = [asyncio.create_task(inside.open_pty(plain.place)) for _ in range(30)]
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*calls, return_exceptions=True)
        opened = [one.fd for one in answers if not isinstance(one, BaseException)]
        for fd in opened:
            os.close(fd)
        assert opened, "its socket was not full"
        assert {type(one) for one in answers if isinstance(one, BaseException)} == {TimeoutError}
    finally:
        os.kill(first, signal.SIGCONT)
        await inside.close()


@pytest.mark.parametrize("room", [0, 1])
async def test_an_answer_that_the_service_has_no_descriptors_for(room: int) -> None:
    """It may lack one for the child that is told of, or for what is answered."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    work = Work(ours, 0, Stuck())
    with theirs:
        send(theirs, [b"child"], [0])
        send(theirs, [b"done"], [0])
        before = leave_free(os.getpid(), room)
        try:
            with pytest.raises(OSError, match="Too many open files"):
                await work.answer()
        finally:
            allow(os.getpid(), before)
            work.end()
        assert work.has_begun


async def test_nothing_is_begun_after_the_end(plain: Guest) -> None:
    inside = LinuxInside()
    await inside.start()
    calls = [asyncio.create_task(inside.os_release(plain.place)) for _ in range(3)]
    calls += [asyncio.create_task(inside.os_release(HOST)) for _ in range(3)]
    await asyncio.sleep(0)
    await inside.close()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert {one.errno for one in answers if isinstance(one, OSError)} == {108}  # ESHUTDOWN
    with pytest.raises(OSError, match="about to end"):
        await inside.open_root(plain.place)
    assert not [pid for pid in children() if "helper.process" in _command_of(str(pid))]


async def test_a_reader_that_was_killed_is_replaced(inside: LinuxInside, plain: Guest) -> None:
    await inside.os_release(plain.place)
    (reader,) = workers(helper())
    os.kill(reader, signal.SIGKILL)
    assert (await inside.os_release(plain.place))["ID"] == "tiny"
    await until(lambda: reader not in workers(helper()), what="it is reaped")


def test_the_helper_ends_with_the_service(tmp_path: Path) -> None:
    code = """
import asyncio, os, signal
from pathlib import Path
from machined.host.inside import Place
from machined.host.linux.helper.packets import send
from machined.host.linux.inside import LinuxInside
from machined.host.linux.inside.stuck import Stuck
from machined.host.linux.inside.work import Work
async def main():
    inside = LinuxInside()
    await inside.start()
    await inside.os_release(Place(".host", 1, True))
    me = os.getpid()
    (child,) = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    print(child, *Path(f"/proc/{child}/task/{child}/children").read_text().split(), flush=True)
    os.kill(me, signal.SIGKILL)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    pids = done.stdout.split()
    assert len(pids) == 2
    deadline = asyncio.run(_gone(pids))
    assert deadline is None


async def _gone(pids: list[str]) -> None:
    def alive() -> list[str]:
        return [pid for pid in pids if "helper.process" in _command_of(pid)]

    await until(lambda: not alive(), what="the helper and its reader have ended")


def _command_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""  # it has ended


async def test_what_is_read_while_many_ask(inside: LinuxInside, plain: Guest, shifted: Guest) -> None:
    places = [plain.place, shifted.place, HOST] * 30
    found = await asyncio.gather(*(inside.os_release(place) for place in places))
    assert [one["ID"] for one in found[:3]] == ["tiny", "tiny", found[2]["ID"]]
    networks = await asyncio.gather(*(inside.addresses(place) for place in places[:2] * 20))
    assert networks == [[]] * 40


async def test_calls_that_are_cancelled_leave_the_others_right(inside: LinuxInside, plain: Guest) -> None:
    for turn in range(60):
        call = (inside.os_release, inside.addresses, inside.open_root)[turn % 3]
        task = asyncio.create_task(call(plain.place))  # type: ignore[operator, arg-type]
        for _ in range(turn // 3):
            await asyncio.sleep(0)
        task.cancel()
        (done,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(done, int):
            os.close(done)
        assert (await inside.os_release(plain.place))["ID"] == "tiny"
        assert await inside.addresses(plain.place) == []


async def test_descriptors_and_processes_stay_as_many(
    inside: LinuxInside, plain: Guest, tmp_path: Path
) -> None:
    """A thousand calls of what is asked often, and hundreds of what forks."""
    (tmp_path / "file").write_text("text")
    gone = Place("gone", 2**22 - 1)
    request = CopyRequest(str(tmp_path / "file"), "/tmp/file", True, True, 0)

    async def each() -> None:
        await inside.os_release(plain.place)
        await inside.addresses(plain.place)
        await inside.user_map(plain.place)
        with pytest.raises(FileNotFoundError):
            await inside.os_release(gone)

    async def forked() -> None:
        os.close((await inside.open_pty(plain.place)).fd)
        os.close(await inside.open_root(plain.place))
        await inside.copy(plain.place, request)
        with pytest.raises(FileNotFoundError):
            await inside.open_login(plain.place)

    for _ in range(3):  # the reader's pidfd may come only with its second answer
        await each()
    await forked()
    await until(lambda: len(workers(helper())) == 1, what="the reader alone is left")
    before = len(open_fds()), workers(helper())
    fds = f"/proc/{helper()}/fd"
    await until(lambda: len(os.listdir(fds)) == OWN_FDS, what="the helper has its own descriptors alone")
    for _ in range(1000):
        await each()
    for _ in range(250):
        await forked()
    await until(lambda: workers(helper()) == before[1], what="all that was forked is reaped")
    await until(lambda: len(os.listdir(fds)) == OWN_FDS, what="the helper has its own descriptors alone")
    assert len(open_fds()) == before[0]
