"""Descriptors that come with calls, and whose file systems never let them be closed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from subprocess import Popen

import pytest

from tests.lab.host import LabHost
from tests.lab.lives import INNER
from tests.lab.own_service import own, service_pid
from tests.lab.place import wait_until
from tests.lab.unit_processes import UnitProcesses
from tests.lab.userdb import SOCKET as USERDB

__all__ = ["own"]

pytestmark = pytest.mark.lab()

FILE = "/run/withheld"
GIVEN = 5
SOON = 10.0
"""Seconds that a slow host may take; to wait for one of the sockets takes ten minutes."""
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"


@contextlib.contextmanager
def withheld(host: LabHost) -> Iterator[Popen[str]]:
    """Have a file which our service cannot close while it is there."""
    host.ask("touch", FILE)
    program = (INNER / "withholding.py").read_text()
    with host.running("python3", "-I", "-c", program, FILE, str(service_pid(host))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mounted\n"
        try:
            yield process
        finally:
            host.ask("umount", "-l", FILE)
    host.ask("rm", FILE)


@pytest.mark.promise("Descriptors that cannot be closed, sent with any message, keep nobody waiting")
def test_a_file_that_cannot_be_closed_holds_up_nobody(own: LabHost) -> None:
    processes = UnitProcesses(own)
    threads = processes.threads()
    program = (INNER / "giving.py").read_text()
    with withheld(own) as process:
        said = json.loads(own.run("python3", "-I", "-c", program, FILE, ".host", timeout=60).stdout)
        members = ("CopyToMachine", "OpenMachineShell", "GetMachine")
        assert said[:3] == [f"{member}: {INVALID}" for member in members]
        assert said[3].startswith("GetMachine: ['/org/freedesktop/machine1/machine/")
        assert said[4].startswith("GetMachineOSRelease: [{")
        assert process.stdout is not None
        asked = [process.stdout.readline() for _ in range(GIVEN)]
        assert asked == ["asked\n"] * GIVEN
        assert processes.descriptors()[FILE] == 0  # their numbers are free, though who closes them waits
    wait_until(lambda: processes.threads() <= threads, "no thread of it waits any more")
    assert service_pid(own) == processes.main


@pytest.mark.promise("Sockets that linger, sent with any message, keep nobody waiting")
def test_a_socket_that_lingers_holds_up_nobody(own: LabHost) -> None:
    processes = UnitProcesses(own)
    threads = processes.threads()
    program = (INNER / "lingering.py").read_text()
    words = ("python3", "-I", "-c", program, ".host", str(processes.main), USERDB)
    with own.running(*words) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        said, seconds = json.loads(process.stdout.readline())
        assert said == ["", '{"parameters":{', "/org/freedesktop/machine1/machine/_2ehost"]
        assert seconds < SOON
        assert processes.threads() > threads  # those that wait
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(60) == 0
    wait_until(lambda: processes.threads() == threads, "no thread of it waits any more")
    assert service_pid(own) == processes.main
