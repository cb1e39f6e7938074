"""The demo's service in a process of its own, on a bus of its own, and real clients that talk to it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.pty_program import PtyProgram

PACKAGES = {
    "busctl": "systemd",
    "dbus-monitor": "dbus",
    "dbus-send": "dbus",
    "gdbus": "libglib2.0-bin",
    "machinectl": "systemd-container",
    "stdbuf": "coreutils",
    "systemctl": "systemd",
    "systemd-nspawn": "systemd-container",
}

NEED_BOOTED = {"machinectl", "systemctl", "systemd-nspawn"}
"""Who refuses to run where systemd did not boot, or leaves files below /run."""

BOOTED = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
exec "$@"
"""
"""The folder by which clients tell that systemd booted the host (sd_booted(3)).

It is made in a mount namespace that lives as long as the client: on the host it would be a lie to all.
"""

PATIENCE = 20.0
"""Seconds that anything may take which is to happen at all."""


@contextlib.contextmanager
def demo_service(folder: Path, *options: str) -> Iterator[DemoService]:
    """Run `machined --demo` with its bus in `folder` until the block ends, and see that it leaves nothing."""
    temporary = folder / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-I", "-m", "machined", "--demo", "--listen", f"unix:path={folder}/bus"]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address, f"the service did not start: {(folder / 'log').read_text()}"
            yield DemoService(address, process, folder)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            finally:
                process.stdout.close()
    assert process.returncode == 0, (folder / "log").read_text()
    assert not (folder / "bus").exists()
    assert list(temporary.iterdir()) == []


class DemoService:
    """A running service.

    Args:
        address: The address of its bus.
        process: Its process.
        folder: Where its bus is, and all that it writes.
    """

    def __init__(self, address: str, process: subprocess.Popen[str], folder: Path) -> None:
        self.address = address
        self.process = process
        self.pid = process.pid
        self.log = folder / "log"
        self.temporary = folder / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find the bus, and to speak plainly."""
        variables = {
            "DBUS_SYSTEM_BUS_ADDRESS": self.address,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "SYSTEMD_PAGER": "",
            "SYSTEMD_COLORS": "0",
            # root's systemctl would look for the service manager beside the bus
            "SYSTEMCTL_FORCE_BUS": "1",
            "TERM": "xterm-256color",
            "COLUMNS": "200",
        }
        return {"PATH": os.environ["PATH"], "HOME": "/", **variables}

    def run(self, *command: str, check: bool = True, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a client to its end, with a standard input that says nothing and does not end.

        machinectl leaves a shell as soon as its input ends, whatever the shell has still to say.
        """
        reading, writing = os.pipe()
        try:
            done = subprocess.run(
                client(command),
                stdin=reading,
                capture_output=True,
                text=True,
                env=self.environment,
                timeout=timeout,
                check=False,
            )
        finally:
            os.close(reading)
            os.close(writing)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def ask(self, *command: str) -> str:
        """What a client prints when all goes well."""
        return self.run(*command).stdout

    def refused(self, *command: str, code: int = 1) -> str:
        """What a client says on stderr when it fails, as it should."""
        done = self.run(*command, check=False)
        assert done.returncode == code, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stderr

    def terminal(self, *command: str) -> PtyProgram:
        """A client in a terminal; a context manager that ends it."""
        return PtyProgram(client(command), environment=self.environment)

    def watch(self, *command: str) -> Watcher:
        """A client that prints what happens; a context manager that ends it."""
        if command[0] not in NEED_BOOTED:
            command = ("stdbuf", "-oL", *command)  # what it prints into a pipe is to come line by line
        return Watcher(client(command), self.environment)

    def fds(self) -> int:
        """How many descriptors the service has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self, key: str = "VmHWM") -> int:
        """Bytes of memory that the service has had at most, or another figure of proc_pid_status(5)."""
        match = re.search(rf"{key}:\s*(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert match is not None
        return int(match[1]) << 10


class Watcher:
    """A client that runs beside the test, and what it has printed."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.seen = ""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise

    def until(self, word: str) -> str:
        """Wait until it has printed `word`; all that it has printed by then."""
        assert self.process.stdout is not None
        out = self.process.stdout.fileno()
        deadline = time.monotonic() + PATIENCE
        while word not in self.seen:
            assert time.monotonic() < deadline, f"no {word!r} within {PATIENCE:g} s: {self.seen}"
            if select.select([out], [], [], 0.05)[0]:
                data = os.read(out, 65536)
                assert data, f"it ended before {word!r}: {self.seen}"
                self.seen += data.decode(errors="replace")
        return self.seen


def wait_until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as `is_so` is true.

    Raises:
        AssertionError: It was not in time.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def client(command: Sequence[str], program: str | None = None) -> list[str]:
    """The command line of a real client; skips the test where there can be none, but not in CI.

    `program` is its name where something else comes before it.
    """
    program = program or (command[2] if command[0] == "stdbuf" else command[0])
    if shutil.which(program) is None:
        _lack(f"{program} is missing: apt-get install {PACKAGES.get(program, program)}")
    if program not in NEED_BOOTED:
        return list(command)
    if os.geteuid() != 0:
        _lack(f"{program} needs root, for a mount namespace of its own")
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", BOOTED, "sh", *command]


def _lack(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it")
    pytest.skip(reason)
