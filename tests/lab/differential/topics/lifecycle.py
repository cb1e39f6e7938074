"""Signals to machines, their end, and what outlives a restart of the service."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path

from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.playing import ALL_THREE, PROPERTIES, Play, holds, machine_path
from tests.lab.differential.player.stage import Stage, ask, identity, tool, unit_processes
from tests.lab.differential.player.watching import SERVICE

RECORDER = """
for word in USR1 USR2 TERM CONT; do trap "echo $word >>/run/lab-signals-$1" $word; done
echo up >>/run/lab-signals-$1
while :; do sleep 0.02; done
"""
STUBBORN = ("sh", "-c", "trap '' TERM HUP; touch /run/lab-stubborn; while :; do sleep 0.05; done")


def play(play: Play, stage: Stage) -> None:
    """Have machines come and go in all ways."""
    _signals(play, stage)
    _dead_leader(play, stage)
    _terminated(play, stage)
    _unregistered(play, stage)
    _unwilling(play, stage)
    _pending(play, stage)
    _restarted(play, stage)


def _signals(play: Play, stage: Stage) -> None:
    told = Path("/run/lab-signals-ear")
    stage.sleeper("ear", "container", "sh", "-c", RECORDER, "sh", "ear")
    play.look("it listens", until=told.exists)

    def heard(word: str) -> bool:
        return word in told.read_text()

    for whom in ("everyone", "LEADER", "supervisor", " "):
        play.manager("KillMachine", "ssi", "ear", whom, 10, who=ALL_THREE, why="nobody is called that")
        play.machine("ear", "Kill", "si", whom, 10, who=ALL_THREE, why="nobody is called that")
    for number in (0, -1, 65, 2**31 - 1):
        play.manager("KillMachine", "ssi", "ear", "leader", number, who=ALL_THREE, why="no signal")
        play.machine("ear", "Kill", "si", "all", number, who=ALL_THREE, why="no signal")
    play.machine("ear", "Kill", "si", "leader", signal.SIGUSR1, who="nobody", why="not allowed")
    play.manager("KillMachine", "ssi", "ear", "leader", signal.SIGUSR1, who="nobody", why="not allowed")
    play.manager("KillMachine", "ssi", "ear", "all", signal.SIGUSR1, who="nobody", interactive=True)
    play.manager(
        "KillMachine", "ssi", "ear", "leader", signal.SIGUSR1, who="trusted", until=lambda: heard("USR1")
    )
    play.machine("ear", "Kill", "si", "all", signal.SIGUSR2, who="root", until=lambda: heard("USR2"))
    play.machine("ear", "Kill", "si", "", signal.SIGTERM, who="trusted", until=lambda: heard("TERM"))
    play.look("what it heard", sorted(set(told.read_text().split())))
    play.machine(
        "ear",
        "Kill",
        "si",
        "leader",
        signal.SIGKILL,
        who="root",
        until=stage.gone("ear"),
        leaving_out="StopUnit",
    )
    play.machine("ear", "Kill", "si", "leader", signal.SIGKILL, who="root", why="unknown object")


def _dead_leader(play: Play, stage: Stage) -> None:
    """The unit goes on, the leader is dead."""
    unit = ["ExitType=cgroup"]
    leader = stage.unit("ghost", "sh", "-c", "sleep infinity & exec sleep infinity", properties=unit)
    stage.register("ghost", leader)
    holds(lambda: len(unit_processes("lab-ghost.service")) == 2)
    tool("kill", "-KILL", str(leader))
    play.look("its leader is dead", until=lambda: not Path(f"/proc/{leader}").exists())
    play.look("its unit", tool("systemctl", "is-active", "lab-ghost.service", check=False))
    play.manager("GetMachine", "s", "ghost")
    play.manager("GetMachineByPID", "u", leader, why="no machine for the process")
    play.call(machine_path("ghost"), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "State"))
    why = "leader dead"
    play.machine("ghost", "Kill", "si", "leader", 10, who=ALL_THREE, why=why)
    play.manager("KillMachine", "ssi", "ghost", "leader", 10, who=ALL_THREE, why=why)
    for member, other in (
        ("GetAddresses", "GetMachineAddresses"),
        ("GetOSRelease", "GetMachineOSRelease"),
        ("GetUIDShift", "GetMachineUIDShift"),
        ("OpenPTY", "OpenMachinePTY"),
        ("OpenLogin", "OpenMachineLogin"),
        ("OpenRootDirectory", "OpenMachineRootDirectory"),
    ):
        play.machine("ghost", member, who=ALL_THREE, why=why)
        play.manager(other, "s", "ghost", who=ALL_THREE, why=why)
    play.machine("ghost", "OpenShell", "ssasas", "", "", [], [], who=ALL_THREE, why=why)
    play.manager("OpenMachineShell", "sssasas", "ghost", "", "", [], [], who=ALL_THREE, why=why)
    play.machine("ghost", "BindMount", "ssbb", "/etc", "/mnt", False, True, who=ALL_THREE, why=why)
    play.manager("BindMountMachine", "sssbb", "ghost", "/etc", "/mnt", False, True, who=ALL_THREE, why=why)
    for member in ("CopyFrom", "CopyTo"):
        play.machine("ghost", member, "ss", "/etc/hostname", "/srv/x", who=ALL_THREE, why=why)
        play.manager(f"{member}Machine", "sss", "ghost", "/etc/hostname", "/srv/x", who=ALL_THREE, why=why)
        play.machine("ghost", f"{member}WithFlags", "sst", "/etc/hostname", "/srv/x", 1, why=why)
        play.manager(f"{member}MachineWithFlags", "ssst", "ghost", "/etc/hostname", "/srv/x", 1, why=why)
    for member in ("MapFromMachineUser", "MapFromMachineGroup"):
        play.manager(member, "su", "ghost", 0, why=why)
    play.look("nothing was copied", sorted(path.name for path in Path("/srv").glob("x*")))
    stage.stop("ghost")


def _terminated(play: Play, stage: Stage) -> None:
    stage.sleeper("brief")
    play.manager("TerminateMachine", "s", "brief", who="nobody", why="not allowed")
    play.machine("brief", "Terminate", who="nobody", why="not allowed")
    play.machine("brief", "Terminate", who="nobody", interactive=True)
    play.machine("brief", "Terminate", who="trusted", until=stage.gone("brief"))
    play.look("its unit", tool("systemctl", "is-active", "lab-brief.service", check=False))
    leader = stage.unit("slow", *STUBBORN)
    play.look("it ignores requests to end", until=Path("/run/lab-stubborn").exists)
    scope = [("TimeoutStopUSec", Typed("t", 60_000_000))]
    words = ("slow", identity("slow"), "lab", "container", leader, "", scope)
    play.manager("CreateMachine", "sayssusa(sv)", *words, who="root")
    play.manager("TerminateMachine", "s", "slow", who="root")
    play.call(machine_path("slow"), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "State"))
    play.manager("ListMachines")
    play.manager("TerminateMachine", "s", "slow", who="root", why="stopping already")
    tool("kill", "-KILL", str(leader))
    play.look("it is gone", until=stage.gone("slow"), leaving_out="StopUnit")
    leader = stage.unit("cut")
    play.manager("CreateMachine", "sayssusa(sv)", "cut", b"", "", "vm", leader, "", [], who="root")
    play.manager("TerminateMachine", "s", "cut", who="root", until=stage.gone("cut"))
    play.look("its leader", sorted(path.name for path in Path("/proc").glob(str(leader))))


def _unregistered(play: Play, stage: Stage) -> None:
    leader = stage.sleeper("left")
    play.manager("UnregisterMachine", "s", "left", who="nobody", why="not allowed")
    play.manager("UnregisterMachine", "s", "left", who="trusted")
    play.look("its leader", tool("ps", "-o", "comm=", "-p", str(leader), check=False))
    play.manager("UnregisterMachine", "s", "left", who=ALL_THREE, why="no such machine")
    play.call(machine_path("left"), f"{SERVICE}.Machine", "GetUIDShift", why="unknown object")
    stage.register("left", leader)
    stage.stop("left")


def _unwilling(play: Play, stage: Stage) -> None:
    """Units that systemd does not stop, and one in which nothing is left to signal."""
    unit = Path("/run/systemd/system/lab-firm.service")
    unit.write_text("[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep infinity\n")
    tool("systemctl", "daemon-reload")
    tool("systemctl", "start", "lab-firm.service")
    pid = int(tool("systemctl", "show", "--value", "--property=MainPID", "lab-firm.service"))
    play.names.pids[pid] = "leader of firm"
    stage.register("firm", pid)
    play.machine("firm", "Terminate", who=ALL_THREE, why="systemd does not stop it")
    play.manager("TerminateMachine", "s", "firm", who=ALL_THREE, why="systemd does not stop it")
    play.call(machine_path("firm"), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "State"), who="root")
    play.machine(
        "firm",
        "Kill",
        "si",
        "leader",
        9,
        who="root",
        until=stage.gone("firm"),
        leaving_out="StopUnit",
    )
    leader = stage.unit("husk", "sleep", "infinity", properties=["RemainAfterExit=yes"])
    stage.register("husk", leader)
    tool("kill", "-TERM", str(leader))
    holds(lambda: tool("systemctl", "show", "--value", "--property=SubState", "lab-husk.service") == "exited")
    play.look("its unit has no process", tool("systemctl", "is-active", "lab-husk.service"))
    for whom in ("all", "leader"):
        play.machine("husk", "Kill", "si", whom, 10, who=ALL_THREE, why="no process left")
        play.manager("KillMachine", "ssi", "husk", whom, 10, who=ALL_THREE, why="no process left")
    stage.stop("husk")


def _pending(play: Play, stage: Stage) -> None:
    """Scopes whose start waits for something else."""
    unit = Path("/run/systemd/system/lab-waits.service")
    unit.write_text(
        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'while [ ! -e /run/lab-go ]; do sleep 0.05; done'\n"
    )
    tool("systemctl", "daemon-reload")
    scope = [("After", Typed("as", ["lab-waits.service"]))]
    for name, end in (("late", "go"), ("never", "unregister"), ("axed", "cancel")):
        tool("systemctl", "start", "--no-block", "lab-waits.service")
        leader = stage.unit(f"{name}-leader")
        serial = play.start(
            "CreateMachine", "sayssusa(sv)", name, identity(name), "lab", "container", leader, "", scope
        )
        play.look("it is known", until=partial(stage.knows, name))
        play.call(machine_path(name), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "State"), who="root")
        play.manager("GetMachineByPID", "u", leader, who="root")
        if end == "go":
            Path("/run/lab-go").touch()
            play.finish(serial, "machine1 Manager.CreateMachine of late, its answer")
            play.call(
                machine_path(name), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "State"), who="root"
            )
            Path("/run/lab-go").unlink()
            stage.stop(name, f"machine-{name}.scope")
        elif end == "unregister":
            play.manager("UnregisterMachine", "s", name, who="root")
            play.finish(serial, "machine1 Manager.CreateMachine of never, its answer", patience=1)
        else:
            tool("systemctl", "cancel", *_jobs(f"machine-{name}.scope"))
            play.finish(serial, "machine1 Manager.CreateMachine of axed, its answer")
            play.look("it is gone", until=stage.gone(name), leaving_out="StopUnit")
        tool(
            "systemctl",
            "stop",
            "lab-waits.service",
            f"lab-{name}-leader.service",
            f"machine-{name}.scope",
            check=False,
        )


def _jobs(unit: str) -> list[str]:
    lines = tool("systemctl", "list-jobs", "--no-legend").splitlines()
    return [line.split()[0] for line in lines if line.split()[1] == unit]


def _restarted(play: Play, stage: Stage) -> None:
    stage.sleeper("kept")
    leader = stage.unit("scoped")
    words = ("scoped.1", identity("scoped"), "", "vm", leader, "/srv/a b\\c", [1, 3])
    ask(play.root, "CreateMachineWithNetwork", "sayssusaia(sv)", *words, [])
    play.look("a scope is made")
    before = play.property("kept", "Timestamp"), play.property("scoped.1", "TimestampMonotonic")
    stage.sleeper("gone")
    stage.restart(lambda: tool("systemctl", "stop", "lab-gone.service"))
    play.manager("ListMachines")
    for name in ("kept", "scoped.1"):
        play.call(machine_path(name), PROPERTIES, "GetAll", "s", (f"{SERVICE}.Machine",), who="root")
    after = play.property("kept", "Timestamp"), play.property("scoped.1", "TimestampMonotonic")
    play.look("the times are the same", before == after)
    play.manager("GetMachineByPID", "u", leader, who="root")
    play.manager("TerminateMachine", "s", "scoped.1", who="root", until=stage.gone("scoped.1"))
    stage.stop("kept")
