"""The service ends when it is told to, whatever its clients are at."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import AsyncExitStack

import pytest

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, ConnectionLost, connect
from tests.service.local_bus.raw import RawClient
from tests.support.demo_service import DemoService, client
from tests.support.waiting import until

MANAGER = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)


def end(demo: DemoService, number: int = signal.SIGTERM) -> None:
    """Tell the service to end; see that it did so by itself, in order, and left no file."""
    demo.process.send_signal(number)
    assert demo.process.wait(10) == 0
    assert not (demo.temporary.parent / "bus").exists()
    assert list(demo.temporary.iterdir()) == []
    assert "Traceback" not in demo.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_signals(demo: DemoService, number: int) -> None:
    end(demo, number)


def test_people_in_shells_are_told(demo: DemoService) -> None:
    with (
        demo.terminal("machinectl", "shell", "web-1") as shell,
        demo.terminal("machinectl", "login", "web-2") as login,
    ):
        shell.wait_for("Connected to machine web-1.")
        login.wait_for("web-2 login:")
        end(demo)
        for terminal in (shell, login):
            terminal.wait_end()
            terminal.wait_for("terminated.")


def test_who_watches_ends(demo: DemoService) -> None:
    with (
        demo.watch("busctl", "monitor", MACHINE1) as busctl,
        demo.watch("dbus-monitor", "--system") as monitor,
    ):
        busctl.until("Monitoring bus message stream")
        monitor.until("member=NameLost")
        end(demo)
        busctl.process.wait(10)
        monitor.process.wait(10)


def test_a_client_in_mid_call_hears_of_it(demo: DemoService) -> None:
    """A copy of the host takes minutes, even a simulated one."""
    with demo.watch("busctl", "monitor", MACHINE1) as monitor:
        monitor.until("Monitoring bus message stream")
        with subprocess.Popen(
            client(["machinectl", "clone", ".host", "copy"]),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            env=demo.environment,
        ) as process:
            monitor.until("Member=CloneImage")
            end(demo)
            _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert said.startswith("Could not clone image: ")


async def test_calls_with_descriptors_under_way_are_ended(demo: DemoService) -> None:
    """Files of half-made copies are removed, too."""
    connection = await connect(demo.address)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(connection.close)
        raw = [await RawClient.join(demo.address) for _ in range(20)]
        for one in raw:
            stack.callback(one.close)
            where = {"destination": MACHINE1, "path": MANAGER_PATH, "interface": MANAGER_INTERFACE}
            await one.start("OpenMachineLogin", "s", "web-1", **where)
        words = (*MANAGER, "OpenMachineRootDirectory", "s", "web-1")
        copies = [asyncio.create_task(connection.call(*words)) for _ in range(30)]
        await until(lambda: any(demo.temporary.iterdir()), what="a copy that is being made")
        await asyncio.to_thread(end, demo)
        outcomes = await asyncio.gather(*copies, return_exceptions=True)
        fetched = [one[0] for one in outcomes if isinstance(one, list)]
        for fd in fetched:
            os.close(fd)
        assert len(fetched) < len(copies)
        assert all(isinstance(one, list | CallError | ConnectionLost) for one in outcomes)
        for one in raw:
            assert await one.is_cut_off()
