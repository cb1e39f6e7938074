"""Users and groups of machines, as the host counts them (user_namespaces(7))."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import MAPS, SHIFT, Stage

KINDS = ("User", "Group")
ABSURD = (2**32 - 1, 65535)


def play(play: Play, stage: Stage) -> None:
    """Ask for shifts, and for ids in both directions."""
    names = ["box", "mapped"]
    for name in names:
        stage.have(name)
    for name in MAPS:
        stage.odd(name)
    stage.sleeper("vee", "vm")
    for name in (*names, *MAPS, "vee", ".host"):
        _from(play, name)
    for kind in KINDS:
        _to(play, kind)
    for name in (*MAPS, "vee"):
        stage.stop(name)


def _from(play: Play, name: str) -> None:
    why = {"vee": "virtual machine", ".host": "the host"}.get(name, "no simple shift" if name in MAPS else "")
    play.machine(name, "GetUIDShift", why=why)
    play.manager("GetMachineUIDShift", "s", name, why=why)
    for kind in KINDS:
        for inner in (0, 999, 1000, 1999, 2000, 2009, 2010, 65534, 65536, 70000, 2**32 - 2):
            play.manager(f"MapFromMachine{kind}", "su", name, inner, who="root", why="maps to nothing")
        play.manager(f"MapFromMachine{kind}", "su", name, 0)
        for absurd in ABSURD:
            play.manager(f"MapFromMachine{kind}", "su", name, absurd, why="no id")


def _to(play: Play, kind: str) -> None:
    play.manager(f"MapFromMachine{kind}", "su", "mapped", 70000, why="maps to nothing")
    play.manager(f"MapFromMachine{kind}", "su", "no-such", 65535, why="no id")
    play.manager(f"MapFromMachine{kind}", "su", "no-such", 0, why="no such machine")
    for absurd in ABSURD:
        play.manager(f"MapToMachine{kind}", "u", absurd, why="no id")
    for outer in (0, 1, 1000, 65534):
        play.manager(f"MapToMachine{kind}", "u", outer, why="of the host")
    for outer in (65536, SHIFT - 1, SHIFT + 65536, 2**32 - 2):
        play.manager(f"MapToMachine{kind}", "u", outer, why="of no machine")
    for outer in (
        SHIFT,
        SHIFT + 1000,
        SHIFT + 65535,
        700000,
        700999,
        701000,
        710000,
        800009,
        900999,
        1100000,
    ):
        play.manager(f"MapToMachine{kind}", "u", outer)
