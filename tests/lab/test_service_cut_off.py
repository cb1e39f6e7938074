"""Our service on real hosts, or its helper, killed in the middle of what it does: all is well afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.images import MANAGER, layered, machine_names, machine_property
from tests.lab.lives import BUS_ERROR, INNER, call, is_active, nothing_registered, written
from tests.lab.own_service import SERVICE, own, service_pid, until_back
from tests.lab.place import wait_until
from tests.lab.traps import Trap, laid, root_of
from tests.lab.unit_processes import UnitProcesses

__all__ = ["nothing_registered", "own"]

pytestmark = pytest.mark.lab()

NAME = "cut"
SOURCE = "/srv/source"
TARGET = "/srv/target"
COPIES = ("CopyToMachineWithFlags", "CopyFromMachineWithFlags")
ENDS = ("kill", "restart")


@pytest.fixture
def cut(own: LabHost) -> Iterator[LabHost]:
    """A host with a machine, and in both something that takes a while to be copied."""
    make = f"mkdir -p {SOURCE}; cd {SOURCE}; echo 1 >a; echo 2 >b; head -c 200M /dev/urandom >long"
    with layered(own, NAME):
        inner = f"/proc/{machine_property(own, NAME, 'Leader')}/root"
        own.ask("sh", "-ec", f"rm -rf {TARGET}; [ -d {SOURCE} ] || ({make}); cp -r {SOURCE} {inner}/srv")
        yield own


@contextlib.contextmanager
def held(host: LabHost, member: str, source: str) -> Iterator[tuple[int, Callable[[], str]]]:
    """Have a copy stopped in the middle: the process that made it, and what its caller hears in the end."""
    program = (INNER / "holding.py").read_text()
    words = ("python3", "-I", "-c", program, member, NAME, source, TARGET, "0")
    with host.running(*words) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.stdout.readline


def end_service(host: LabHost, how: str) -> None:
    """Kill the service or have it started anew, and wait until the next one serves; at most half a minute."""
    before, begin = service_pid(host), time.monotonic()
    if how == "kill":
        host.ask("kill", "-KILL", str(before))
    else:
        host.ask("systemctl", "restart", SERVICE)
    until_back(host, before)
    assert time.monotonic() - begin < 30


def target(host: LabHost, member: str) -> Path:
    """Where a copy goes, as seen from outside."""
    leader = int(machine_property(host, NAME, "Leader"))
    root = host.root if member == COPIES[1] else root_of(host, leader)
    return root / TARGET[1:]


def only_ours(host: LabHost) -> bool:
    """Whether nobody but the service and those that start its helpers is there."""
    processes = UnitProcesses(host)
    return len(processes.names()) == 3 and not processes.outside()


@pytest.mark.promise("A copy that the service is killed in is told to have failed, and leaves no half file")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("member", COPIES)
def test_a_file_that_is_cut_off_is_not_there(cut: LabHost, member: str, end: str) -> None:
    where = target(cut, member)
    with held(cut, member, f"{SOURCE}/long") as (_, answer):
        before = {path.name for path in where.parent.iterdir()}
        end_service(cut, end)
        assert answer().split() == ["error", f"{BUS_ERROR}.NoReply"]
    assert {path.name for path in where.parent.iterdir()} == before == {"source"}
    wait_until(lambda: only_ours(cut), "those who copied are gone")
    assert machine_names(cut) == [NAME]
    assert call(cut, member, "ssst", NAME, f"{SOURCE}/long", TARGET, "0") == []
    assert where.stat().st_size == (cut.root / SOURCE[1:] / "long").stat().st_size


@pytest.mark.parametrize("end", [*ENDS, "helper"])
def test_in_a_tree_that_is_cut_off_each_file_is_whole(cut: LabHost, end: str) -> None:
    where, source = target(cut, COPIES[0]), cut.root / SOURCE[1:]
    with held(cut, COPIES[0], SOURCE) as (pid, answer):
        if end == "helper":
            kill_helper(cut, pid)
        else:
            end_service(cut, end)
        said = answer().split()
        assert said == ["error", "System.Error.ESHUTDOWN" if end == "helper" else f"{BUS_ERROR}.NoReply"]
    left = {path.name: path.read_bytes() for path in where.iterdir()}
    assert set(left) <= {"a", "b"}
    assert all((source / name).read_bytes() == content for name, content in left.items())
    assert call(cut, COPIES[0], "ssst", NAME, SOURCE, TARGET, "0") == []
    assert {path.name for path in where.iterdir()} == {"a", "b", "long"}


def kill_helper(host: LabHost, child: int) -> None:
    """Kill the process that a process of ours was forked from."""
    status = (host.root / f"proc/{child}/status").read_text()
    (parent,) = (line.split()[1] for line in status.splitlines() if line.startswith("PPid:"))
    assert int(parent) != service_pid(host)
    host.ask("kill", "-KILL", parent)


WAITING = [
    ("GetMachineOSRelease", "s", NAME),
    ("OpenMachinePTY", "s", NAME),
    ("OpenMachineShell", "sssasas", NAME, "root", "", "0", "0"),
    ("BindMountMachine", "sssbb", NAME, "/srv", "/etc/shown", "false", "true"),
    ("CopyFromMachine", "sss", NAME, "/etc/passwd", "/srv/passwd"),
    ("CopyToMachine", "sss", NAME, "/etc/passwd", "/etc/copied"),
]


@pytest.mark.promise(
    "A machine that never answers keeps the service neither from ending nor from starting anew"
)
@pytest.mark.parametrize("end", ENDS)
def test_calls_that_wait_for_a_machine_are_answered_when_the_service_ends(own: LabHost, end: str) -> None:
    with layered(own, NAME), layered(own, "other"):
        leader = int(machine_property(own, NAME, "Leader"))
        with (
            laid(own, leader, Trap("a silent one", silent=("/etc", "/dev"))),
            contextlib.ExitStack() as stack,
        ):
            words = ("busctl", "call", *MANAGER)
            callers = [
                stack.enter_context(own.running("sh", "-c", '"$@" 2>&1', "sh", *words, *one))
                for one in WAITING
            ]
            processes = UnitProcesses(own)
            wait_until(lambda: len(processes.names()) == 3 + len(WAITING), "all of them wait")
            end_service(own, end)
            for caller in callers:
                assert "disconnected from message bus without replying" in caller.communicate(timeout=30)[0]
            listed = call(own, "ListMachines")[0]  # machinectl would look into each
            assert {one[0] for one in listed} == {".host", NAME, "other"}
            assert call(own, "GetMachineOSRelease", "s", "other")
            assert call(own, "OpenMachinePTY", "s", "other")
        wait_until(lambda: len(UnitProcesses(own).names()) <= 4, "those who waited are gone")
        assert not UnitProcesses(own).outside()
        assert call(own, "GetMachineOSRelease", "s", NAME)
        for path in (
            own.root / "srv/passwd",
            root_of(own, leader) / "etc/shown",
            root_of(own, leader) / "etc/copied",
        ):
            assert not path.exists()


@pytest.mark.promise(
    "The process that enters machines may be killed: callers get an error, the next an answer"
)
def test_the_helper_is_killed_under_way(own: LabHost) -> None:
    main, helper = service_pid(own), UnitProcesses(own).helper
    program = (INNER / "hammering.py").read_text()
    with layered(own, NAME, network=True), own.running("python3", "-I", "-c", program, NAME) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        for _ in range(5):
            wait_until(lambda: helper() != 0, "there is a helper")
            killed = {0, helper()}
            assert max(killed) > 1  # kill(1) takes 0 for its own group
            own.ask("kill", "-KILL", str(max(killed)))
            wait_until(lambda killed=killed: helper() not in killed, "there is another helper")  # type: ignore[misc]
        assert call(own, "GetMachineOSRelease", "s", NAME)
        said, _ = process.communicate(timeout=20)
        assert said.startswith("[{")
    assert service_pid(own) == main


DELAYS = (0, 1, 2, 4, 8, 16)


@pytest.mark.promise(
    "Killed at any moment of a creation or a termination, the service comes back to the truth"
)
@pytest.mark.parametrize("member", ["CreateMachine", "TerminateMachine"])
def test_the_table_is_what_pid_1_says_it_is(own: LabHost, member: str) -> None:
    program = (INNER / "cutting.py").read_text()
    for delay in DELAYS:
        name, before = f"cut-{delay}", service_pid(own)
        leaders = [created(own, name)] if member == "TerminateMachine" else []
        words = ("python3", "-I", "-c", program, str(delay), str(before), member, name)
        said, leader = own.ask(*words).split()
        leaders += [leader] if leader.isdigit() else []
        assert said in {"reply", f"{BUS_ERROR}.NoReply"}
        until_back(own, before)
        unit = f"machine-cut\\x2d{delay}.scope"
        wait_until(lambda: is_active(own, unit) == (name in machine_names(own)), f"{name} is what PID 1 says")  # noqa: B023
        own.run("kill", "-KILL", *leaders, check=False)
        wait_until(lambda: written(own) == set() and machine_names(own) == [], "it is gone")


def created(own: LabHost, name: str) -> str:
    """Create a machine; its leader."""
    start = 'sleep infinity >/dev/null 2>&1 & echo $!; exec "$@" "$!" "" 0 >/dev/null'
    words = ("busctl", "call", *MANAGER, "CreateMachine", "sayssusa(sv)", name, "0", "lab", "container")
    return own.ask("sh", "-c", start, "sh", *words)
