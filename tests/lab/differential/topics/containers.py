"""Containers of systemd-nspawn: how they show, and their root folders."""

from __future__ import annotations

from tests.lab.differential.player.playing import ALL_THREE, PROPERTIES, Play, machine_path
from tests.lab.differential.player.stage import Stage, tool
from tests.lab.differential.player.watching import SERVICE


def play(play: Play, stage: Stage) -> None:
    """Start them and look at them from outside."""
    for name in ("boot", "box", "mapped", "bare"):
        leader = stage.have(name)
        play.call(machine_path(name), PROPERTIES, "GetAll", "s", (f"{SERVICE}.Machine",))
        play.manager("GetMachineByPID", "u", leader)
        play.machine(name, "OpenRootDirectory", who=ALL_THREE, why="not allowed by the bus")
        play.manager("OpenMachineRootDirectory", "s", name, who=ALL_THREE, why="not allowed by the bus")
        play.machine(name, "GetSSHInfo", who=ALL_THREE, why="no ssh address")
        play.manager("GetMachineSSHInfo", "s", name, who=ALL_THREE, why="no ssh address")
    play.manager("ListMachines")
    _scoped(play, stage)


def _scoped(play: Play, stage: Stage) -> None:
    """One for which the service makes the scope, with systemd-nspawn as its controller."""
    leader = stage.container("scoped", keep_unit=False)
    play.call(machine_path("scoped"), PROPERTIES, "GetAll", "s", (f"{SERVICE}.Machine",), who="root")
    play.manager("GetMachineByPID", "u", leader, who="root")
    keys = "Slice,DevicePolicy,Delegate,TasksMax,KillMode,KillSignal,CollectMode,Description"
    play.look(
        "its scope", tool("systemctl", "show", f"--property={keys}", "machine-scoped.scope").splitlines()
    )
    stage.stop("scoped")
