"""Descriptors of others are closed without waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.wire import closing
from machined.wire.closing import MOST, Closer, close_received
from tests.service.wire.drivers import open_pipes, pipe_end
from tests.support.waiting import until


def is_open(fd: int) -> bool:
    return Path(f"/proc/self/fd/{fd}").exists()


def closers() -> int:
    return sum(thread.name == "closer" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Threads end when there is nothing to close."""
    yield
    deadline = time.monotonic() + 5
    while closers():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is not set, to close a file waits, as where its file system does not answer."""
    answered = threading.Event()
    close = os.close

    def slow(fd: int) -> None:
        if os.readlink(f"/proc/self/fd/{fd}").startswith(tempfile.gettempdir()):
            assert answered.wait(10)
        close(fd)

    monkeypatch.setattr(closing.os, "close", slow)
    yield answered
    answered.set()


def files(folder: Path, count: int) -> list[int]:
    return [os.open(folder / f"file-{number}", os.O_CREAT | os.O_RDWR) for number in range(count)]


async def test_what_the_kernel_stands_behind_is_closed_at_once(silent: threading.Event) -> None:
    before = open_pipes()
    fds = [pipe_end(), pipe_end(), os.pidfd_open(os.getpid())]
    close_received([*fds, fds[0]])
    assert open_pipes() == before
    assert not any(map(is_open, fds))
    assert not closers()


async def test_nobody_waits_for_files(tmp_path: Path, silent: threading.Event) -> None:
    fds = files(tmp_path, 5)
    for fd in fds:
        close_received([fd])
    assert all(map(is_open, fds))
    assert closers() == len(fds)
    silent.set()
    await until(lambda: not any(map(is_open, fds)))


async def test_threads_are_few_and_what_waits_is_closed_by_them(
    tmp_path: Path, silent: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    closer, fds = Closer(4), files(tmp_path, 2 * MOST)
    for number, fd in enumerate(fds):
        assert closer.has_room() == (number < MOST + 4)
        closer.close([fd])
    assert closers() == MOST
    assert caplog.text.count("descriptors of messages wait to be closed") == 1  # not for each
    silent.set()
    await until(lambda: not any(map(is_open, fds)))
    assert closer.has_room()


def test_half_of_all_descriptors_may_wait() -> None:
    """The other half is for what is done meanwhile."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (60, 100));"
        "from machined.wire import closing; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100));"
        "closing.threading.Thread.start = lambda self: None;"
        "closing._closer.close(range(200, 249)); print(closing.has_room(), end=' ');"
        "closing._closer.close([249]); print(closing.has_room())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
