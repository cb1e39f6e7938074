"""Our service in the place of systemd-machined on real systemd hosts: how machines come, live and go."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.lab.host import LabHost
from tests.lab.images import MANAGER, machine_names, machine_property, sleeper
from tests.lab.lives import (
    BUS_ERROR,
    INNER,
    STATES,
    call,
    creating,
    is_active,
    nothing_registered,
    refusal,
    slow_unit,
    state_file,
    written,
)
from tests.lab.own_service import SERVICE, kill_service, own, service_pid
from tests.lab.place import wait_until

__all__ = ["nothing_registered", "own"]

pytestmark = pytest.mark.lab()


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
