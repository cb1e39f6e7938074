"""Machines by name and by process, the list, the objects, and who may be asked about."""

from __future__ import annotations

from tests.lab.differential.player.client import Caller
from tests.lab.differential.player.playing import MANAGER, PROPERTIES, Pid, Play, machine_path
from tests.lab.differential.player.stage import Stage, tool, unit_groups
from tests.lab.differential.player.watching import SERVICE

PEER, INTROSPECTABLE = "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable"


def play(play: Play, stage: Stage) -> None:
    """Ask for machines in every way there is."""
    play.manager("ListMachines")
    play.manager("GetMachine", "s", ".host")
    for name in ("no-such", "", "a/b", "..", "x" * 65, "lab\tbell"):
        play.manager("GetMachine", "s", name, why="no such machine")
    sleeper = stage.sleeper("nap")
    stage.sleeper("0-day.9", "vm")
    play.manager("ListMachines")
    play.manager("GetMachine", "s", "nap")
    play.manager("GetMachine", "s", "0-day.9")
    _by_pid(play, stage, sleeper)
    _self(play, stage)
    stage.stop("nap")
    play.manager("GetMachine", "s", "nap", why="no such machine")
    stage.stop("0-day.9")


def _by_pid(play: Play, stage: Stage, sleeper: Pid) -> None:
    play.manager("GetMachineByPID", "u", sleeper)
    play.manager("GetMachineByPID", "u", 1, why="no machine for the process")
    play.manager("GetMachineByPID", "u", 0, why="no machine for the process")
    for absurd in (2**31, 2**32 - 1):
        play.manager("GetMachineByPID", "u", absurd, why="no process id")
    play.manager("GetMachineByPID", "u", 2**31 - 1, why="no such process")
    other = stage.unit("other")
    play.manager("GetMachineByPID", "u", other, why="no machine for the process")
    tool("systemctl", "stop", "lab-other.service")
    play.manager("GetMachineByPID", "u", other, why="no such process")


def _self(play: Play, stage: Stage) -> None:
    groups = unit_groups("lab-nap.service")
    play.add_caller("insider", Caller(None, groups))
    play.add_caller("inside nobody", Caller(65534, groups))
    for who in ("insider", "inside nobody", "root", "nobody"):
        why = "" if "inside" in who else "no machine is the caller's own"
        play.manager(
            "GetMachineByPID", "u", 0, who=who, why="" if "inside" in who else "no machine for the process"
        )
        for path in (f"{MANAGER}/machine/self",):
            play.call(path, PEER, "Ping", who=who, why=why)
            play.call(path, PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "Name"), who=who, why=why)
            play.call(path, f"{SERVICE}.Machine", "GetUIDShift", who=who, why=why)
    play.call(
        machine_path("nap").replace("nap", "_6eap"), PROPERTIES, "Get", "ss", (f"{SERVICE}.Machine", "Name")
    )
    play.call(machine_path("no-such"), f"{SERVICE}.Machine", "GetUIDShift", why="no such object")
