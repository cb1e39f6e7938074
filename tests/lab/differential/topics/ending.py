"""The end of the containers that all topics used."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage


def play(play: Play, stage: Stage) -> None:
    """End each in another way."""
    for name in ("box", "mapped", "bare", "boot"):
        stage.have(name)
    stage.up("boot")
    play.machine("box", "Terminate", who="root", until=stage.gone("box"))
    play.manager(
        "KillMachine",
        "ssi",
        "mapped",
        "leader",
        9,
        who="root",
        until=stage.gone("mapped"),
        leaving_out="StopUnit",
    )
    play.manager("UnregisterMachine", "s", "bare", who="root")
    play.manager(
        "KillMachine",
        "ssi",
        "boot",
        "leader",
        38,
        who="root",
        until=stage.gone("boot"),
        leaving_out="StopUnit",
    )
    play.manager("ListMachines")
