"""The demo's service in a process of its own, on a bus of its own, and real clients that talk to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

PACKAGES = {
    "busctl": "systemd",
    "dbus-monitor": "dbus",
    "dbus-send": "dbus",
    "gdbus": "libglib2.0-bin",
    "machinectl": "systemd-container",
    "systemd-nspawn": "systemd-container",
}

BOOTED = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
exec "$@"
"""
"""machinectl refuses to run where systemd did not boot, which it tells by this folder (sd_booted(3)).

It is made in a mount namespace that lives as long as the client: on the host it would be a lie to all.
"""


@contextlib.contextmanager
def demo_service(folder: Path, *options: str) -> Iterator[DemoService]:
    """Run `machined --demo` with its bus in `folder` until the block ends."""
    command = [sys.executable, "-I", "-m", "machined", "--demo", "--listen", f"unix:path={folder}/bus"]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address, f"the service did not start: {(folder / 'log').read_text()}"
            yield DemoService(address, process.pid, folder / "log")
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()
    assert process.returncode == 0, (folder / "log").read_text()
    assert not (folder / "bus").exists()


class DemoService:
    """A running service.

    Args:
        address: The address of its bus.
        pid: Its process.
        log: Where its words on stderr go.
    """

    def __init__(self, address: str, pid: int, log: Path) -> None:
        self.address = address
        self.pid = pid
        self.log = log

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find the bus, and to speak plainly."""
        variables = {
            "DBUS_SYSTEM_BUS_ADDRESS": self.address,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "SYSTEMD_PAGER": "",
            "SYSTEMD_COLORS": "0",
            "TERM": "xterm-256color",
            "COLUMNS": "200",
        }
        return {"PATH": os.environ["PATH"], "HOME": "/", **variables}

    def run(
        self, *command: str, check: bool = True, timeout: float = 30, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a client to its end."""
        done = subprocess.run(
            client(command),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def ask(self, *command: str) -> str:
        """What a client prints when all goes well."""
        return self.run(*command).stdout

    def fds(self) -> int:
        """How many descriptors the service has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def client(command: Sequence[str]) -> list[str]:
    """The command line of a real client; skips the test where there can be none, but not in CI."""
    if shutil.which(command[0]) is None:
        _lack(f"{command[0]} is missing: apt-get install {PACKAGES.get(command[0], command[0])}")
    if command[0] not in {"machinectl", "systemd-nspawn"}:
        return list(command)
    if os.geteuid() != 0:
        _lack(f"{command[0]} needs root, for a mount namespace of its own")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", BOOTED, "sh", *command]


def _lack(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it")
    pytest.skip(reason)
