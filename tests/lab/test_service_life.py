"""Our service in the place of systemd-machined on real systemd hosts: how machines come, live and go."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    MANAGER,
    add_image,
    await_machine,
    layered,
    machine_names,
    machine_property,
    sleeper,
    start_machine,
)
from tests.lab.own_service import SERVICE, kill_service, own, service_pid
from tests.lab.place import wait_until

__all__ = ["own"]

pytestmark = pytest.mark.lab()

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


def test_it_serves_under_the_name_of_systemd_machined(own: LabHost) -> None:
    assert is_active(own, SERVICE)
    owner = own.ask("busctl", "status", "org.freedesktop.machine1")
    assert f"PID={service_pid(own)}" in owner.splitlines()
    assert call(own, "ListMachines")[0][0][:2] == [".host", "host"]
    assert own.ask("stat", "--format=%a %U", STATES) == "755 root"
    assert machine_property(own, ".host", "TimestampMonotonic") in {"0", ""}


@pytest.mark.promise("Machines are written down as nss-mymachines and systemctl -M read them")
def test_a_registered_machine_is_written_down_and_goes_with_its_unit(own: LabHost) -> None:
    with sleeper(own, "nap-1") as leader:
        told = state_file(own, "nap-1")
        assert told["NAME"] == "nap-1"
        assert told["SCOPE"] == r"lab-sleeper-nap-1.service"
        assert (told["LEADER"], told["CLASS"], told["SERVICE"]) == (str(leader), "container", "lab")
        assert len(told["ID"]) == 32
        assert {"REALTIME", "MONOTONIC"} < set(told)
        assert written(own) == {"nap-1", "unit:lab-sleeper-nap-1.service"}
        assert own.ask("readlink", f"{STATES}/unit:lab-sleeper-nap-1.service") == "nap-1"
        assert own.ask("stat", "--format=%a", f"{STATES}/nap-1") == "644"
        path = call(own, "GetMachineByPID", "u", str(leader))
        assert path == call(own, "GetMachine", "s", "nap-1") == ["/org/freedesktop/machine1/machine/nap_2d1"]
        assert "nap-1" in own.ask("systemctl", "list-machines", "--no-legend", "--no-pager")
    assert written(own) == set()


def test_values_that_could_break_the_files_are_escaped(own: LabHost) -> None:
    own.ask("systemd-run", "--quiet", "--collect", "--unit=odd.service", "sleep", "infinity")
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "odd.service")
    service, root = 'a"b\nLEADER=1 \\x é', "/srv/a b'c"
    words = ["sayssusai", "odd", "0", service, "vm", leader, root, "2", "1", "7"]
    assert call(own, "RegisterMachineWithNetwork", *words)
    text = own.ask("cat", f"{STATES}/odd")
    assert 'SERVICE=a\\"b\\nLEADER=1 \\\\x \\303\\251\n' in text
    assert "ROOT=/srv/a b\\'c\n" in text
    assert "NETIF=1 7\n" in f"{text}\n"
    kill_service(own)
    assert machine_property(own, "odd", "RootDirectory") == root
    (entry,) = [one for one in call(own, "ListMachines")[0] if one[0] == "odd"]
    assert entry[1:3] == ["vm", service]
    own.ask("systemctl", "stop", "odd.service")
    wait_until(lambda: written(own) == set(), "it is forgotten")


@pytest.mark.promise("CreateMachine answers once the scope has started, and MachineNew comes before")
def test_create_makes_a_scope_as_libvirt_asks_for_it(own: LabHost) -> None:
    properties = ["Slice", "s", '"machine-lab.slice"', "After", "as", '["libvirtd.service"]']
    properties += ["Before", "as", '["virt-guest-shutdown.target"]']
    with creating(own, "qemu-1-web", *properties) as caller:
        path = "/org/freedesktop/machine1/machine/qemu_2d1_2dweb"
        assert caller.line() == ["MachineNew", path]
        assert caller.line() == ["reply", path]
        unit = r"machine-qemu\x2d1\x2dweb.scope"
        assert machine_property(own, "qemu-1-web", "Unit") == unit
        wanted = ["Slice", "Description", "Delegate", "CollectMode", "TasksMax", "Refs"]
        shown = own.ask("systemctl", "show", *(f"--property={one}" for one in wanted), unit)
        values = dict(line.split("=", 1) for line in shown.splitlines())
        assert values.pop("Refs").startswith(":1.")
        assert values == {
            "Slice": "machine-lab.slice",
            "Description": "Virtual Machine qemu-1-web",
            "Delegate": "yes",
            "CollectMode": "inactive-or-failed",
            "TasksMax": "16384",
        }
        assert "SCOPE_JOB" not in state_file(own, "qemu-1-web")
        assert written(own) == {"qemu-1-web", f"unit:{unit}"}
        leader = machine_property(own, "qemu-1-web", "Leader")
        assert f"/machine.slice/machine-lab.slice/{unit}" in own.ask("cat", f"/proc/{leader}/cgroup")
    assert written(own) == set()


@pytest.mark.promise("One machine never blocks the calls of others")
def test_a_machine_is_opening_while_its_scope_waits(own: LabHost) -> None:
    with (
        slow_unit(own, "slow-one") as unit,
        creating(own, "wait", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        assert machine_property(own, "wait", "State") == "opening"
        assert state_file(own, "wait")["SCOPE_JOB"].startswith("/org/freedesktop/systemd1/job/")
        with sleeper(own, "meanwhile"):
            assert machine_property(own, "meanwhile", "State") == "running"
        own.ask("touch", "/run/slow-one.go")
        assert caller.line()[0] == "reply"
        assert machine_property(own, "wait", "State") == "running"
        assert "SCOPE_JOB" not in state_file(own, "wait")


@pytest.mark.promise("A CreateMachine whose machine vanishes gets an error, not silence")
@pytest.mark.parametrize("how", ["unregister", "stop"])
def test_a_create_whose_machine_vanishes_is_answered(own: LabHost, how: str) -> None:
    with (
        slow_unit(own, f"slow-{how}") as unit,
        creating(own, "gone", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        assert refusal(own, "TerminateMachine", "s", "gone") == "System.Error.EDEADLK"  # it is starting
        if how == "stop":
            own.ask("systemctl", "stop", "machine-gone.scope")
        else:
            assert call(own, "UnregisterMachine", "s", "gone") == []
        removed = ["MachineRemoved", "/org/freedesktop/machine1/machine/gone"]
        answer = caller.line()
        if answer == removed:
            answer = caller.line()
        assert answer == ["error", "org.freedesktop.systemd1.JobFailed"]
    assert written(own) == set()


def test_a_scope_that_cannot_be_made_leaves_nothing(own: LabHost) -> None:
    with creating(own, "bad", "Slice", "s", '"no slice"') as caller:
        assert caller.line() == ["error", f"{BUS_ERROR}.InvalidArgs"]
    with creating(own, "bad", "Nonsense", "s", '"x"') as caller:
        assert caller.line() == ["error", f"{BUS_ERROR}.PropertyReadOnly"]
    assert written(own) == set()


@pytest.mark.promise("A refused registration never stops the unit of another machine")
def test_leader_and_unit_belong_to_one_machine(own: LabHost) -> None:
    own.ask(
        "systemd-run", "--quiet", "--collect", "--unit=two.service", "sh", "-c", "sleep 99 & exec sleep 98"
    )
    wait_until(lambda: own.run("pgrep", "-xf", "sleep 99", check=False).returncode == 0, "both run")
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "two.service")
    other = own.ask("pgrep", "--parent", leader)
    register = ["RegisterMachine", "sayssus"]
    assert call(own, *register, "first", "0", "", "container", leader, "")
    for name, pid in (("same-leader", leader), ("same-unit", other)):
        assert refusal(own, *register, name, "0", "", "container", pid, "") == f"{BUS_ERROR}.FileExists"
    assert refusal(own, *register, "first", "0", "", "container", other, "").endswith(".MachineExists")
    assert sorted(machine_names(own)) == ["first"]
    assert is_active(own, "two.service")
    assert call(own, "GetMachineByPID", "u", other)
    own.ask("systemctl", "stop", "two.service")
    wait_until(lambda: machine_names(own) == [], "it goes")


def test_a_unit_that_is_started_anew_is_left_running(own: LabHost) -> None:
    own.ask("systemd-run", "--quiet", "--collect", "--unit=again.service", "sleep", "infinity")
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "again.service")
    assert call(own, "RegisterMachine", "sayssus", "again", "0", "", "vm", leader, "")
    own.ask("systemctl", "restart", "again.service")
    wait_until(lambda: is_active(own, "again.service"), "it runs")
    own.ask("systemctl", "stop", "again.service")
    wait_until(lambda: written(own) == set(), "it is forgotten")


def test_signals_reach_leader_or_all(own: LabHost) -> None:
    with sleeper(own, "victim") as leader:
        assert call(own, "KillMachine", "ssi", "victim", "leader", "19") == []
        wait_until(lambda: own.ask("ps", "-o", "stat=", str(leader)).startswith("T"), "it is stopped")
        assert refusal(own, "KillMachine", "ssi", "victim", "nobody", "9") == f"{BUS_ERROR}.InvalidArgs"
        assert refusal(own, "KillMachine", "ssi", "victim", "all", "65") == f"{BUS_ERROR}.InvalidArgs"
        assert call(own, "KillMachine", "ssi", "victim", "", "9") == []
        wait_until(lambda: "victim" not in machine_names(own), "it goes")


def test_a_machine_lives_as_long_as_its_unit_not_as_its_leader(own: LabHost) -> None:
    script = "sleep infinity & echo $! >/run/leader; wait; exec sleep infinity"
    own.ask("systemd-run", "--quiet", "--collect", "--unit=long.service", "sh", "-c", script)
    wait_until(lambda: own.run("test", "-s", "/run/leader", check=False).returncode == 0, "it is there")
    leader = own.ask("cat", "/run/leader")
    assert call(own, "RegisterMachine", "sayssus", "long", "0", "", "container", leader, "")
    own.ask("kill", leader)
    wait_until(lambda: own.run("kill", "-0", leader, check=False).returncode == 1, "it ended")
    assert machine_property(own, "long", "State") == "running"
    assert refusal(own, "KillMachine", "ssi", "long", "leader", "9") == f"{BUS_ERROR}.UnixProcessIdUnknown"
    own.ask("systemctl", "stop", "long.service")
    wait_until(lambda: written(own) == set(), "it is forgotten")


REUSE = """
import os, sys
wanted = int(sys.argv[1])
for _ in range(200):
    with open("/mnt/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(wanted - 1))
    pid = os.fork()
    if not pid:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        if os.getpid() == wanted:
            os.execvp("sleep", ["sleep", "infinity"])
        os._exit(0)
    if pid == wanted:
        sys.exit(0)
    os.waitpid(pid, 0)
sys.exit("the pid was not to be had")
"""


@pytest.mark.promise("A process that has the leader's pid later is never taken for the leader")
@pytest.mark.parametrize("restarts", [False, True])
def test_a_pid_that_is_used_again_is_not_the_leader(own: LabHost, restarts: bool) -> None:
    script = "sleep infinity & echo $! >/run/leader; wait; exec sleep infinity"
    own.run("rm", "-f", "/run/leader")
    own.ask("systemd-run", "--quiet", "--collect", "--unit=reused.service", "sh", "-c", script)
    wait_until(lambda: own.run("test", "-s", "/run/leader", check=False).returncode == 0, "it is there")
    leader = own.ask("cat", "/run/leader")
    assert call(own, "RegisterMachine", "sayssus", "reused", "0", "", "container", leader, "")
    own.ask("kill", leader)
    wait_until(lambda: own.run("kill", "-0", leader, check=False).returncode == 1, "it ended")
    # /proc/sys is read-only in a container; another mount of it is not
    mounted = "mount -t proc proc /mnt && exec python3 -c "
    own.ask("unshare", "--mount", "sh", "-c", f'{mounted} "$@"', "sh", REUSE, leader)
    try:
        if restarts:
            kill_service(own)
        gone = f"{BUS_ERROR}.UnixProcessIdUnknown"
        assert refusal(own, "KillMachine", "ssi", "reused", "leader", "9") == gone
        assert refusal(own, "GetMachineByPID", "u", leader).endswith(".NoMachineForPID")
        assert own.run("kill", "-0", leader, check=False).returncode == 0
    finally:
        own.ask("kill", "-KILL", leader)
    own.ask("systemctl", "stop", "reused.service")
    wait_until(lambda: written(own) == set(), "it is forgotten")


def test_a_caller_finds_the_machine_that_it_is_in(own: LabHost) -> None:
    ask = f"busctl call {shlex.join(MANAGER)} GetMachineByPID u 0; busctl get-property {MANAGER[0]} "
    ask += f"{MANAGER[1]}/machine/self org.freedesktop.machine1.Machine Name"
    script = f"until [ -e /run/self.go ]; do sleep 0.05; done; ({ask}) >/run/self 2>&1; "
    script += "touch /run/self.done; sleep infinity"
    own.ask("systemd-run", "--quiet", "--collect", "--unit=inner.service", "sh", "-c", script)
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "inner.service")
    assert call(own, "RegisterMachine", "sayssus", "inner", "0", "", "vm", leader, "")
    own.ask("touch", "/run/self.go")
    wait_until(lambda: own.run("test", "-e", "/run/self.done", check=False).returncode == 0, "it asked")
    assert own.ask("cat", "/run/self").splitlines() == [
        'o "/org/freedesktop/machine1/machine/inner"',
        's "inner"',
    ]
    assert refusal(own, "GetMachineByPID", "u", "0").endswith(".NoMachineForPID")
    assert refusal(own, "GetMachineByPID", "u", "1").endswith(".NoMachineForPID")
    own.ask("systemctl", "stop", "inner.service")
    wait_until(lambda: written(own) == set(), "it is forgotten")


def test_a_crowd_may_end_at_once(own: LabHost) -> None:
    # More than the calls that the bus allows one connection to have open
    said = own.ask("python3", "-I", "-c", (INNER / "crowd.py").read_text(), "200")
    assert said.split() == ["200", "200"]
    assert written(own) == set()


# Restarts


@pytest.mark.promise("Machines outlive the service: restarted or killed, it takes them up again")
@pytest.mark.parametrize("end", ["restart", "kill"])
def test_machines_outlive_the_service(own: LabHost, end: str) -> None:
    with sleeper(own, "kept"), sleeper(own, "left"):
        before = {key: machine_property(own, "kept", key) for key in ("Timestamp", "Id", "Leader", "Unit")}
        own.ask("systemctl", "stop", "--no-block", SERVICE) if end == "restart" else None
        if end == "restart":
            wait_until(lambda: service_pid(own) == 0, "the service has ended")
        else:
            own.ask("systemctl", "kill", "--signal=STOP", SERVICE)
        own.ask("systemctl", "stop", "lab-sleeper-left.service")
        if end == "restart":
            own.ask("systemctl", "start", SERVICE)
        else:
            kill_service(own)
        assert sorted(machine_names(own)) == ["kept"]
        assert written(own) == {"kept", "unit:lab-sleeper-kept.service"}
        after = {key: machine_property(own, "kept", key) for key in before}
        assert after == before
        assert machine_property(own, "kept", "State") == "running"


def test_machines_are_told_of_again_after_a_restart(own: LabHost) -> None:
    with sleeper(own, "kept"):
        own.ask("systemctl", "restart", SERVICE)
        wanted = ["MESSAGE_ID=24d8d4452573402496068381a6312df2", "NAME=kept"]
        said = own.ask("journalctl", "--output=json", "--no-pager", *wanted)
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["MESSAGE"] for line in lines[-2:]] == ["New machine kept.", "New machine kept."]
        assert lines[-1]["PRIORITY"] == "6"


def test_a_create_that_is_cut_off_is_answered_and_the_machine_comes_up(own: LabHost) -> None:
    with (
        slow_unit(own, "slow-cut") as unit,
        creating(own, "cut", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        kill_service(own)
        rest = [caller.line(), caller.line()]
        assert ["error", f"{BUS_ERROR}.NoReply"] in rest
        assert machine_property(own, "cut", "State") == "opening"
        own.ask("touch", "/run/slow-cut.go")
        wait_until(lambda: machine_property(own, "cut", "State") == "running", "it is up")
        assert "SCOPE_JOB" not in state_file(own, "cut")


def test_a_scope_that_starts_while_nobody_serves_is_running_afterwards(own: LabHost) -> None:
    with (
        slow_unit(own, "slow-off") as unit,
        creating(own, "off", "After", "as", json.dumps([unit])) as caller,
    ):
        assert caller.line()[0] == "MachineNew"
        own.ask("systemctl", "stop", SERVICE)
        assert caller.line() == ["error", "org.freedesktop.systemd1.JobFailed"]
        own.ask("touch", "/run/slow-off.go")
        wait_until(lambda: is_active(own, "machine-off.scope"), "its scope is up")
        own.ask("systemctl", "start", SERVICE)
        assert machine_property(own, "off", "State") == "running"
        assert "SCOPE_JOB" not in state_file(own, "off")


def test_a_termination_that_is_cut_off_goes_on(own: LabHost) -> None:
    script = "trap : TERM; touch /run/trap; while :; do sleep 0.1; [ -e /run/trap.go ] && exit; done"
    own.ask("systemd-run", "--quiet", "--collect", "--unit=stubborn.service", "sh", "-c", script)
    wait_until(lambda: own.run("test", "-e", "/run/trap", check=False).returncode == 0, "it is there")
    leader = own.ask("systemctl", "show", "--value", "--property=MainPID", "stubborn.service")
    assert call(own, "RegisterMachine", "sayssus", "stubborn", "0", "", "container", leader, "")
    assert call(own, "TerminateMachine", "s", "stubborn") == []
    assert machine_property(own, "stubborn", "State") == "closing"
    assert "SCOPE_JOB" in state_file(own, "stubborn")
    kill_service(own)
    assert machine_names(own) == ["stubborn"]
    own.ask("touch", "/run/trap.go")
    wait_until(lambda: machine_names(own) == [] and written(own) == set(), "it is gone")


def test_what_an_earlier_life_left_half_done_is_tidied_up(own: LabHost) -> None:
    with sleeper(own, "kept"):
        own.ask("systemctl", "stop", SERVICE)
        for name in (".#half", "not_a_name"):
            (own.root / STATES[1:] / name).write_text("x")
        (own.root / STATES[1:] / "broken").write_text("NAME=broken\nCLASS=container\nLEADER=many\n")
        (own.root / STATES[1:] / "ghost").write_text("NAME=ghost\nCLASS=vm\nLEADER=4\nSCOPE=ghost.scope\n")
        (own.root / STATES[1:] / "unit:ghost.scope").symlink_to("ghost")
        (own.root / STATES[1:] / "unit:nobody.scope").symlink_to("nobody")
        own.ask("systemctl", "start", SERVICE)
        assert machine_names(own) == ["kept"]
        assert written(own) == {"kept", "unit:lab-sleeper-kept.service", "not_a_name", "broken"}
        own.ask("rm", f"{STATES}/not_a_name", f"{STATES}/broken")


def test_pid_1_may_read_its_units_anew_or_execute_itself_anew(own: LabHost) -> None:
    for verb in ("daemon-reload", "daemon-reexec"):
        with sleeper(own, "steady"):
            own.ask("systemctl", verb)
            assert machine_names(own) == ["steady"]
        assert written(own) == set()  # sleeper saw it go, so we are told of units still


def test_a_lost_bus_ends_the_service_and_systemd_starts_it_again(own: LabHost) -> None:
    with sleeper(own, "kept"):
        before = service_pid(own)
        own.ask("systemctl", "restart", "dbus.service")
        wait_until(lambda: service_pid(own) not in {0, before} and is_active(own, SERVICE), "it is back")
        assert machine_names(own) == ["kept"]
        said = own.ask("journalctl", "--unit", SERVICE, f"_PID={before}", "--output=cat", "--no-pager")
        assert "the message bus is lost" in said


# Real clients


LAYER = """
mkdir -p /run/byhand
mount -t tmpfs -o mode=755 tmpfs /run/byhand
cd /run/byhand
mkdir --mode=755 upper work root
mount -t overlay -o lowerdir=/opt/lab-tree,upperdir=upper,workdir=work overlay root
"""


def test_nspawn_by_hand_has_a_scope_of_its_own(own: LabHost) -> None:
    own.ask("sh", "-ec", LAYER)
    words = ["systemd-nspawn", "--quiet", "--machine=by-hand", "--directory=/run/byhand/root", "--as-pid2"]
    try:
        with own.running(*words, "sleep", "infinity") as nspawn:
            wait_until(lambda: "by-hand" in machine_names(own), "it is listed")
            unit = r"machine-by\x2dhand.scope"
            assert machine_property(own, "by-hand", "Unit") == unit
            wait_until(lambda: machine_property(own, "by-hand", "State") == "running", "it runs")
            assert own.ask("systemctl", "show", "--value", "--property=Controller", unit).startswith(":1.")
            own.ask("machinectl", "terminate", "by-hand")
            nspawn.wait(20)
        wait_until(lambda: written(own) == set(), "it is forgotten")
        assert not is_active(own, unit)
    finally:
        own.ask("umount", "/run/byhand/root", "/run/byhand")


def test_nspawn_that_keeps_its_unit(own: LabHost) -> None:
    with layered(own, "swift"):
        assert machine_property(own, "swift", "Service") == "systemd-nspawn"
        assert machine_property(own, "swift", "Unit") == "lab-layered-swift.service"
    assert written(own) == set()


@pytest.mark.promise("machinectl, systemctl -M and loginctl -M work on our service")
def test_a_booted_machine_and_its_clients(own: LabHost) -> None:
    add_image(own, "web")
    start_machine(own, "web")
    unit = "systemd-nspawn@web.service"
    listed = own.ask("machinectl", "list", "--no-legend", "--no-pager").split()
    assert listed[:3] == ["web", "container", "systemd-nspawn"]
    status = own.ask("machinectl", "status", "--no-pager", "web")
    leader = machine_property(own, "web", "Leader")
    for words in (f"Leader: {leader} (systemd)", "systemd-nspawn; class container", f"Unit: {unit}"):
        assert words in status
    shown = own.ask("machinectl", "show", "web").splitlines()
    assert {"Name=web", "Class=container", "State=running", f"Unit={unit}"} < set(shown)
    assert own.ask("systemctl", "--machine=web", "is-active", "multi-user.target") == "active"
    assert "No sessions" in own.run("loginctl", "--machine=web", "--no-pager", check=False).stdout
    assert "web" in own.ask("systemctl", "list-machines", "--no-legend", "--no-pager")
    assert state_file(own, "web")["NETIF"].isdigit()
    own.ask("machinectl", "kill", "--kill-who=leader", "--signal=SIGCONT", "web")
    own.ask("machinectl", "reboot", "web")
    wait_until(lambda: machine_property(own, "web", "Leader") not in {leader, ""}
               if "web" in machine_names(own) else False, "it was started anew")  # fmt: skip
    await_machine(own, "web")
    own.ask("machinectl", "poweroff", "web")
    wait_until(lambda: machine_names(own) == [] and not is_active(own, unit), "it is off")
    assert written(own) == set()


# Rights


def test_others_than_root_register_nothing(own: LabHost) -> None:
    own.add_user("ann")
    register = ["RegisterMachine", "sayssus", "x", "0", "", "container", "5", ""]
    assert refusal(own, *register, user="ann") == f"{BUS_ERROR}.AccessDenied"
    assert call(own, "ListMachines", user="ann")
    assert refusal(own, "TerminateMachine", "s", "nobody", user="ann").endswith(".NoSuchMachine")
    level = ["/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", "LogLevel", "s", "debug"]
    said = own.run("busctl", "set-property", MANAGER[0], *level, user="ann", check=False)
    assert "denied" in said.stderr.lower()


RULE = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.freedesktop.machine1.manage-machines" && subject.user == "bob"
        && action.lookup("machine") == "mine" && action.lookup("verb") == "kill") {
        return polkit.Result.YES;
    }
});
"""


@pytest.mark.promise("polkit decides what others than root may do, and hears of what it is about")
def test_polkit_decides(own: LabHost) -> None:
    own.add_user("bob")
    with sleeper(own, "mine"), sleeper(own, "theirs"):
        kill = ["KillMachine", "ssi"]
        needed = f"{BUS_ERROR}.InteractiveAuthorizationRequired"
        assert refusal(own, *kill, "mine", "all", "18", user="bob") == needed
        assert refusal(own, *kill, "mine", "nonsense", "18", user="bob") == f"{BUS_ERROR}.InvalidArgs"
        rules = own.root / "etc/polkit-1/rules.d/10-lab.rules"
        rules.write_text(RULE)
        rules.chmod(0o644)
        own.ask("systemctl", "restart", "polkit.service")
        assert call(own, *kill, "mine", "all", "18", user="bob") == []
        assert refusal(own, *kill, "theirs", "all", "18", user="bob") == needed
        assert refusal(own, "TerminateMachine", "s", "mine", user="bob") == needed
        rules.unlink()


def test_without_polkit_root_alone_may_do_what_needs_it(own: LabHost) -> None:
    own.add_user("carl")
    activation = own.root / "usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service"
    text = activation.read_text()
    activation.unlink()
    reload = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"]
    try:
        own.ask("busctl", "call", *reload)
        own.ask("systemctl", "stop", "polkit.service")
        with sleeper(own, "mine"):
            denied = f"{BUS_ERROR}.AccessDenied"
            assert refusal(own, "KillMachine", "ssi", "mine", "all", "18", user="carl") == denied
            assert call(own, "KillMachine", "ssi", "mine", "all", "18") == []
    finally:
        activation.write_text(text)
        own.ask("busctl", "call", *reload)


def test_the_level_of_the_log_can_be_changed(own: LabHost) -> None:
    assert own.ask("systemctl", "service-log-level", SERVICE) == "info"
    own.ask("systemctl", "service-log-level", SERVICE, "debug")
    assert own.ask("systemctl", "service-log-level", SERVICE) == "debug"
    own.ask("systemctl", "service-log-level", SERVICE, "info")
    assert own.ask("systemctl", "service-log-target", SERVICE) == "auto"


# Starting


def started(own: LabHost, *options: str, user: str | None = None, **environment: str) -> tuple[int, str]:
    """The exit code and the words of a second service that ends by itself."""
    words = own.ask("systemctl", "show", "--value", "--property=ExecStart", SERVICE)
    command = words.split("argv[]=")[1].split(" ;")[0].split()
    said = own.run(*command, *options, user=user, check=False, **environment)
    assert "Traceback" not in said.stderr
    return said.returncode, said.stderr


def test_a_second_service_is_refused(own: LabHost) -> None:
    code, words = started(own)
    assert (code, "is in use" in words) == (1, True)
    assert call(own, "ListMachines")


def test_it_says_what_is_missing(own: LabHost) -> None:
    own.add_user("eve")
    code, words = started(own, user="eve")
    assert (code, "run this as root" in words) == (1, True)
    code, words = started(own, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")
    assert (code, "cannot connect to unix:path=/nowhere" in words) == (1, True)
    code, words = started(own, "--state-dir", "/no/such/folder")
    assert (code, "/no/such/folder" in words) == (1, True)
