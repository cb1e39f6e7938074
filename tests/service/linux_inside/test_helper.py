"""The helper process: it ends with the service, comes again when it is gone, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from machined.host.inside import CopyRequest, Place
from machined.host.linux.inside import LinuxInside
from tests.conftest import children, open_fds
from tests.service.linux_inside.conftest import HOST
from tests.service.linux_inside.guests import Guest
from tests.support.waiting import until

OWN_FDS = 6
"""What the helper has open: three standard ones, its socket, its pidfd and its namespace of processes."""


def helper() -> int:
    """The pid of the helper."""
    return next(pid for pid in children() if b"helper.process" in Path(f"/proc/{pid}/cmdline").read_bytes())


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
from machined.host.linux.inside import LinuxInside
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
