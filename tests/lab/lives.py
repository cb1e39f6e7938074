"""What tests of our service's machines on lab hosts share: callers, slow units, and what is written down."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.images import MANAGER, machine_names
from tests.lab.place import wait_until

STATES = "/run/systemd/machines"
INNER = Path(__file__).parent / "inner"
BUS_ERROR = "org.freedesktop.DBus.Error"


@pytest.fixture(autouse=True)
def nothing_registered(own: LabHost) -> Iterator[None]:
    """End what a test that failed left, so that it does not fail the next ones, too."""
    yield
    for name in written(own):
        if not name.startswith("unit:"):
            own.run("machinectl", "kill", "--signal=SIGKILL", name, check=False)
            own.run("machinectl", "terminate", name, check=False)
            own.run("rm", "-f", f"{STATES}/{name}", check=False)


def call(host: LabHost, member: str, *arguments: str, user: str | None = None) -> Any:
    """What a method of the manager answers; None where it refuses."""
    said = host.run("busctl", "--json=short", "call", *MANAGER, member, *arguments, user=user, check=False)
    return None if said.returncode else json.loads(said.stdout)["data"] if said.stdout.strip() else []


def refusal(host: LabHost, member: str, *arguments: str, user: str | None = None) -> str:
    """The name of the error that a method of the manager answers with."""
    words = ["busctl", "call", *MANAGER, member, *arguments]
    said = host.run(*words, user=user, check=False, SYSTEMD_LOG_LEVEL="debug")
    assert said.returncode, f"{member} was not refused: {said.stdout}"
    names = [word for word in said.stderr.split() if word.startswith("error-name=")]
    return names[-1].removeprefix("error-name=")


def state_file(host: LabHost, name: str) -> dict[str, str]:
    lines = host.ask("cat", f"{STATES}/{name}").splitlines()
    assert lines[0] == "# This is private data. Do not parse."
    return dict(line.split("=", 1) for line in lines[1:])


def written(host: LabHost) -> set[str]:
    return set(host.ask("ls", "-A", STATES).split())


def is_active(host: LabHost, unit: str) -> bool:
    return host.run("systemctl", "is-active", unit, check=False).stdout.strip() == "active"


class Creating:
    """A caller of CreateMachine inside a host, and what it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def line(self) -> list[Any]:
        """What it sees next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return list(json.loads(line)) if line else ["end"]


@contextlib.contextmanager
def creating(host: LabHost, name: str, *properties: str) -> Iterator[Creating]:
    """Create a machine; what is left of it is ended afterwards."""
    program = (INNER / "creating.py").read_text()
    with host.running("python3", "-I", "-c", program, name, *properties) as process:
        seen = Creating(process)
        leader = seen.line()
        try:
            yield seen
        finally:
            host.run("kill", "-KILL", str(leader[1]), check=False)
    wait_until(lambda: name not in machine_names(host), f"{name} is no longer listed")


@contextlib.contextmanager
def slow_unit(host: LabHost, name: str) -> Iterator[str]:
    """Have a unit that is activating until the file /run/NAME.go is there: what comes after it waits."""
    script = f"until [ -e /run/{name}.go ]; do sleep 0.05; done"
    start = ["systemd-run", "--quiet", "--no-block", "--collect", "--property=Type=oneshot"]
    host.ask(*start, f"--unit={name}.service", "sh", "-c", script)
    wait_until(
        lambda: (
            host.ask("systemctl", "show", "--value", "--property=ActiveState", f"{name}.service")
            == "activating"
        ),
        f"{name} is activating",
    )
    try:
        yield f"{name}.service"
    finally:
        host.ask("touch", f"/run/{name}.go")
