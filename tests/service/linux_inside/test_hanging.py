"""A helper that hangs: who has it do something is told so in time, and the next one gets another helper."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from machined.host.inside import BindRequest, CopyRequest
from machined.host.linux.helper.packets import pack
from machined.host.linux.inside import LinuxInside
from machined.host.linux.inside import helper as helper_module
from machined.host.linux.inside import readers as readers_module
from tests.service.linux_inside.guests import Guest, guest
from tests.service.linux_inside.test_helper import helper, helpers, workers
from tests.support.waiting import until

PATIENCE = 0.5
Use = Callable[[LinuxInside, Guest, Path], Awaitable[object]]


async def os_release(inside: LinuxInside, one: Guest, _folder: Path) -> object:
    return await inside.os_release(one.place)


async def addresses(inside: LinuxInside, one: Guest, _folder: Path) -> object:
    return await inside.addresses(one.place)


async def open_pty(inside: LinuxInside, one: Guest, _folder: Path) -> None:
    os.close((await inside.open_pty(one.place)).fd)


async def open_root(inside: LinuxInside, one: Guest, _folder: Path) -> None:
    os.close(await inside.open_root(one.place))


async def bind_mount(inside: LinuxInside, one: Guest, folder: Path) -> None:
    await inside.bind_mount(one.place, BindRequest(str(folder), "/run/shown", True, True))


async def copy(inside: LinuxInside, one: Guest, folder: Path) -> None:
    await inside.copy(one.place, CopyRequest("/run/ready", str(folder / "copy"), False, True, 0))


async def find_bus(inside: LinuxInside, one: Guest, _folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with inside._managers.of(one.place):
            raise AssertionError("the machine has no bus")


async def start_program(inside: LinuxInside, one: Guest, _folder: Path) -> None:
    terminal, other = os.openpty()
    os.close(other)
    try:
        await inside._helper.start_program(one.place, [b"root", b"/none", pack([b"none"]), b""], terminal)
    except FileNotFoundError:
        return  # there is no such program: it was looked for
    finally:
        os.close(terminal)
    raise AssertionError("there is no such program")


USES: list[Use] = [os_release, addresses, open_pty, open_root, bind_mount, copy, find_bus, start_program]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    lose_patience(monkeypatch)
    return monkeypatch


def lose_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers waited for no longer than the tests want to wait for what does not answer."""
    for module in (helper_module, readers_module):
        monkeypatch.setattr(module, "PATIENCE", PATIENCE)


@pytest.mark.promise("A helper that hangs is replaced, whatever it was to do", where="bare host")
@pytest.mark.parametrize("use", USES)
async def test_a_helper_that_hangs_is_replaced(
    inside: LinuxInside, tmp_path: Path, impatient: pytest.MonkeyPatch, use: Use
) -> None:
    first = helper()
    os.kill(first, signal.SIGSTOP)
    try:
        with guest() as one:
            with pytest.raises(TimeoutError) as caught:
                await use(inside, one, tmp_path)
            assert caught.value.errno == errno.ETIMEDOUT
            impatient.undo()
            async with asyncio.timeout(20):  # nobody waits for the first one again
                await use(inside, one, tmp_path)
            assert len(helpers()) == 2
    finally:
        os.kill(first, signal.SIGCONT)
    await until(lambda: first not in helpers(), what="the first one has ended")


async def test_a_reader_that_hangs_is_killed(
    inside: LinuxInside, plain: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = helper()
    await inside.os_release(plain.place)  # leaves a reader behind, for the next question
    lose_patience(monkeypatch)
    (reader,) = workers(pid)
    os.kill(reader, signal.SIGSTOP)
    with pytest.raises(TimeoutError) as caught:
        await inside.os_release(plain.place)
    assert caught.value.errno == errno.ETIMEDOUT
    await until(lambda: reader not in workers(pid), what="it was killed")
    monkeypatch.undo()
    async with asyncio.timeout(20):
        assert (await inside.os_release(plain.place))["ID"] == "tiny"
    assert helpers() == [pid]


async def test_a_service_ends_though_its_helper_hangs(tmp_path: Path) -> None:
    inside = LinuxInside()
    await inside.start()
    pid = helper()
    with guest() as one:
        await inside.os_release(one.place)
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            await inside.close()
    assert pid not in helpers()
