"""Processes that are held on to."""

from __future__ import annotations

import errno
import signal
import subprocess
from collections.abc import Iterator

import pytest

from machined.host.linux.clock import LinuxClock
from machined.host.linux.processes import LinuxProcesses
from tests.support.waiting import until

processes = LinuxProcesses()


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "infinity"])
    yield process
    process.kill()
    process.wait()


async def test_a_process_is_held_until_it_ends(sleeping: subprocess.Popen[bytes]) -> None:
    pin = await processes.pin(sleeping.pid)
    ended: list[int] = []
    pin.watch(lambda: ended.append(1))
    assert not pin.has_ended()
    pin.kill(signal.SIGKILL)
    await until(lambda: ended, what="its end is told of")
    assert not pin.has_ended()  # its parent has not looked yet
    assert sleeping.wait() == -signal.SIGKILL
    assert pin.has_ended()
    with pytest.raises(ProcessLookupError):
        pin.kill(signal.SIGTERM)
    assert ended == [1]
    pin.release()


async def test_released_it_is_let_alone(sleeping: subprocess.Popen[bytes]) -> None:
    pin = await processes.pin(sleeping.pid)
    other = await processes.pin(sleeping.pid)
    ended: list[str] = []
    pin.watch(lambda: ended.append("released"))
    other.watch(lambda: ended.append("held"))
    pin.release()
    pin.release()
    with pytest.raises(ProcessLookupError):
        pin.kill(signal.SIGKILL)
    assert pin.has_ended()
    sleeping.kill()
    await until(lambda: ended)
    assert ended == ["held"]
    other.release()


@pytest.mark.parametrize("pid", [0, -1, 2**31, 2**32 - 1, 2**22 + 1])
async def test_what_is_no_process(pid: int) -> None:
    with pytest.raises(ProcessLookupError):
        await processes.pin(pid)


async def test_a_younger_process_is_another_one(sleeping: subprocess.Popen[bytes]) -> None:
    now = LinuxClock().monotonic()
    (await processes.pin(sleeping.pid, now)).release()
    with pytest.raises(ProcessLookupError):
        await processes.pin(sleeping.pid, now - 60_000_000)
    (await processes.pin(1, now - 1)).release()


async def test_the_unit_of_a_process_that_is_gone() -> None:
    with pytest.raises(OSError, match=r".") as caught:
        await processes.unit_of(2**22 + 1)
    assert caught.value.errno == errno.ESRCH


async def test_a_process_that_ended_and_was_reaped(sleeping: subprocess.Popen[bytes]) -> None:
    sleeping.kill()
    sleeping.wait()
    with pytest.raises(ProcessLookupError):
        await processes.pin(sleeping.pid)
