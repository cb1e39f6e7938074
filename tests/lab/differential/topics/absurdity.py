"""Leaders with numbers that no process can have. It is played last: systemd-machined 252 dies of it."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage, tool


def play(play: Play, stage: Stage) -> None:
    """Register one, and see whether the service goes on."""
    words = ("new", b"", "lab", "container", 2**32 - 1, "")
    for member, signature, rest in (("RegisterMachine", "", ()), ("CreateMachine", "a(sv)", ([],))):
        play.manager(
            member, f"sayssus{signature}", *words, *rest, who=("nobody", "root"), why="no process id"
        )
        tool("systemctl", "reset-failed")
        play.manager("ListMachines", who="root")
