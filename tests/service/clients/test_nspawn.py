"""A real container of systemd-nspawn, registered with the service."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import groups
from tests.service.clients.marks import works_unchanged
from tests.support.demo_service import DemoService, client, wait_until

NAME = "real-one"
UNIT = r"machine-real\x2done.scope"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a container that has its programs from this host."""
    root = tmp_path / "root"
    for name in ("usr", "etc", "proc", "sys", "dev", "tmp", "run", "root", "var/lib"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "etc/os-release").write_text("ID=tiny\nVERSION_ID=7\n")
    return root


@contextlib.contextmanager
def container(
    demo: DemoService, root: Path, *options: str, name: str = NAME
) -> Iterator[subprocess.Popen[str]]:
    """systemd-nspawn, with a program that does nothing for a minute.

    It makes control groups below its own and leaves them to whoever owns those, so it gets some of its own.
    """
    own = groups.make(f"nspawn-{os.getpid()}")
    words = [*groups.JOIN, "systemd-nspawn", "--quiet", "--register=yes", f"--directory={root}"]
    words += [f"--machine={name}", "--bind-ro=/usr", "--as-pid2", *options, "/usr/bin/sleep", "60"]
    process = subprocess.Popen(
        client(words, program="systemd-nspawn"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**demo.environment, "GROUPS_TO_JOIN": " ".join(map(str, own))},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)
        groups.drop(own)


def is_listed(demo: DemoService, name: str = NAME) -> bool:
    """Whether machinectl knows a machine."""
    return f"\n{name} " in "\n" + demo.ask("machinectl", "list", "--no-legend")


def await_start(demo: DemoService, process: subprocess.Popen[str]) -> None:
    """Wait until the container is registered."""
    wait_until(lambda: process.poll() is not None or is_listed(demo), "the container is listed")
    assert process.poll() is None, process.communicate()[0]


def await_end(demo: DemoService) -> None:
    """Wait until the machine is gone, and its scope: until then no unit of that name can begin."""
    wait_until(lambda: not is_listed(demo), "its machine is gone")

    def unit_state() -> str:
        return demo.run("systemctl", "is-active", UNIT, check=False).stdout

    wait_until(lambda: unit_state() == "inactive\n", "its scope is gone")


@works_unchanged
def test_a_container_is_a_machine_while_it_runs(demo: DemoService, root: Path) -> None:
    with container(demo, root) as process:
        await_start(demo, process)
        # It is listed while the job of its scope still runs (machined's State is "opening" then)
        state = "machinectl", "show", "--property=State", NAME
        wait_until(lambda: demo.ask(*state) == "State=running\n", "it runs")
        shown = dict(line.split("=", 1) for line in demo.ask("machinectl", "show", NAME).splitlines())
        assert (shown["Service"], shown["Class"]) == ("systemd-nspawn", "container")
        assert shown["Unit"] == UNIT
        assert shown["RootDirectory"] == str(root)
        assert int(shown["Leader"]) in descendants(process.pid)
        assert demo.ask("systemctl", "is-active", shown["Unit"]) == "active\n"
        status = demo.ask("machinectl", "status", NAME)
        assert re.search(rf"Leader: {shown['Leader']} \(", status)
        process.terminate()
        process.communicate(timeout=20)
        await_end(demo)


def descendants(pid: int) -> set[int]:
    """The process ids of the children of a process, and of theirs."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in text.split()}.union(*(descendants(int(child)) for child in text.split()))


def test_a_container_that_ended_can_come_again(demo: DemoService, root: Path) -> None:
    for _ in range(3):
        with container(demo, root) as process:
            await_start(demo, process)
        await_end(demo)


def test_a_container_whose_manager_was_killed_is_gone(demo: DemoService, root: Path) -> None:
    """Nobody says that it ended: the service sees that its leader has."""
    before = demo.fds()
    with container(demo, root) as process:
        await_start(demo, process)
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: not is_listed(demo), "its machine is gone")
        wait_until(lambda: demo.fds() <= before, "its descriptor is closed")


def test_the_demo_leaves_a_real_container_alone(demo: DemoService, root: Path) -> None:
    with container(demo, root) as process:
        await_start(demo, process)
        for verb in ("shell", "login"):
            assert "does not enter processes of the real host" in demo.refused("machinectl", verb, NAME)
        said = demo.refused("machinectl", "copy-to", NAME, "/etc/hostname", "/x")
        assert "does not enter processes of the real host" in said
        for verb in ("poweroff", "reboot", "kill"):
            assert "Access denied" in demo.refused("machinectl", verb, NAME)
        demo.ask("machinectl", "terminate", NAME)
        wait_until(lambda: not is_listed(demo), "it is let go")
        assert process.poll() is None


def test_a_name_that_is_taken_is_refused(demo: DemoService, root: Path) -> None:
    with container(demo, root, name="web-1") as process:
        assert process.wait(20) == 1
        assert process.stdout is not None
        assert "Failed to register machine: Machine 'web-1' already exists" in process.stdout.read()


def test_without_a_unit_of_its_own_it_is_refused(demo: DemoService, root: Path) -> None:
    """--keep-unit is for who is in a unit already; the simulated host knows of none for a real process."""
    with container(demo, root, "--keep-unit") as process:
        assert process.wait(20) == 1
        assert process.stdout is not None
        assert "Failed to register machine: Failed to determine unit of process" in process.stdout.read()
    assert not is_listed(demo)
