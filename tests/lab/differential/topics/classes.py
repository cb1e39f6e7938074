"""Every member on what it may not be for: no machine at all, a virtual machine, the host."""

from __future__ import annotations

from tests.lab.differential.members import OF_A_MACHINE, Member
from tests.lab.differential.player.playing import ALL_THREE, Play
from tests.lab.differential.player.stage import Stage


def play(play: Play, stage: Stage) -> None:
    """Ask for everything on everything that is no container."""
    for member in OF_A_MACHINE:
        play.manager(
            member.on_manager,
            f"s{member.signature}",
            "no-such",
            *member.values,
            who=ALL_THREE,
            why="no such machine",
        )
    stage.sleeper("vee", "vm")
    for member in OF_A_MACHINE[2:]:
        if member.on_machine not in {"Terminate", "Kill"}:
            _ask(play, "vee", member, "virtual machine")
    play.manager("KillMachine", "ssi", "vee", "leader", 18, who=ALL_THREE)
    play.manager("TerminateMachine", "s", "vee", who=("nobody",))
    stage.stop("vee")
    for member in OF_A_MACHINE[1:]:
        _ask(play, ".host", member, "the host")
    play.manager("ListMachines")


def _ask(play: Play, name: str, member: Member, why: str) -> None:
    play.manager(member.on_manager, f"s{member.signature}", name, *member.values, who=ALL_THREE, why=why)
    if member.on_machine:
        play.machine(name, member.on_machine, member.signature, *member.values, who=ALL_THREE, why=why)
