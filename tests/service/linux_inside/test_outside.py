"""Programs in machines that are started from outside of our unit, with a stand-in for the host's manager."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from machined.host.inside import Place, ShellRequest
from machined.host.linux.helper.packets import pack
from machined.host.linux.inside import LinuxInside, terminals
from machined.host.linux.inside import helper as helper_module
from machined.host.linux.inside.buses import Ask, Managers
from machined.host.linux.inside.helper import Helper
from machined.host.linux.inside.outside import Outside
from tests.conftest import open_fds
from tests.service.linux_inside.conftest import HOST
from tests.service.linux_inside.guests import Guest
from tests.support.waiting import until


class OneManager(Managers):
    """Starts what a transient service would be of."""

    def __init__(self, helper: Helper) -> None:
        super().__init__(helper)
        self.started: list[subprocess.Popen[bytes]] = []
        self.hangs = False

    @contextlib.asynccontextmanager
    async def of(self, place: Place) -> AsyncIterator[Ask]:
        assert place.is_host
        yield self._start

    async def _start(self, *arguments: Any) -> list[Any]:
        properties = {name: variant.value for name, variant in arguments[4]}
        fd = properties["StandardInputFileDescriptor"]
        ((_, words, _),) = properties["ExecStart"]
        self.started.append(await asyncio.to_thread(subprocess.Popen, words, stdin=fd, env={}))
        if self.hangs:
            self.started[-1].send_signal(signal.SIGSTOP)
        os.close(fd)
        return ["/job"]


@pytest.fixture
def manager() -> Iterator[OneManager]:
    made = OneManager(Helper())
    yield made
    for process in made.started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("room", [0, 1])
async def test_a_shell_for_which_there_is_no_room_leaves_nothing(
    inside: LinuxInside, manager: OneManager, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """It takes a terminal, and the other side of that three times."""
    before = open_fds()
    dup, made = os.dup, 0

    def full(fd: int) -> int:
        nonlocal made
        made += 1
        if made > room:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return dup(fd)

    monkeypatch.setattr(terminals.os, "dup", full)
    monkeypatch.setattr(inside._terminals, "_managers", manager)
    with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
        await inside.open_shell(HOST, ShellRequest("root", "/bin/sh", ["sh"], []))
    assert made == room + 1
    assert open_fds() == before


async def test_a_wish_that_is_as_long_as_an_environment_can_be(
    inside: LinuxInside, plain: Guest, manager: OneManager
) -> None:
    """The sockets of most hosts have room for 208 KiB unless more is asked for."""
    helper = Helper()
    environment = [f"V{number}={'x' * 1000}".encode() for number in range(350)]
    words = [b"sh", b"-c", b'test "$V349" && echo "it is $V0" | wc -c']
    pty = await inside.open_pty(plain.place)
    try:
        wish = [b"root", b"/bin/sh", pack(words), pack(environment)]
        await Outside(helper, manager).start_program(plain.place, wish, pty.fd)
        (process,) = manager.started
        await until(lambda: process.poll() == 0, what="the program has ended, and what started it")
        assert os.read(pty.fd, 100).split() == [b"1007"]
    finally:
        os.close(pty.fd)
        await helper.close()


async def test_one_that_hangs_keeps_its_caller_for_no_longer_and_does_nothing_then(
    inside: LinuxInside, plain: Guest, manager: OneManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helper_module, "PATIENCE", 0.5)
    helper = Helper()
    pty = await inside.open_pty(plain.place)
    manager.hangs = True
    try:
        wish = [b"root", b"/bin/sh", pack([b"sh", b"-c", b"touch /run/was-run"]), pack([])]
        with pytest.raises(TimeoutError) as caught:
            await Outside(helper, manager).start_program(plain.place, wish, pty.fd)
        assert caught.value.errno == errno.ETIMEDOUT
        (process,) = manager.started
        process.send_signal(signal.SIGCONT)
        await until(lambda: process.poll() is not None, what="it has ended")
        assert not (plain.root / "run/was-run").exists()
    finally:
        os.close(pty.fd)
        await helper.close()
