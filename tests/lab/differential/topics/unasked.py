"""Who is refused when there is nobody to ask for permission."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.lab.differential.members import OF_A_MACHINE
from tests.lab.differential.player.client import BUS, BUS_PATH
from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage, tool

ASKING = ("Unregister", "Terminate", "Kill", "OpenMachineLogin", "OpenMachineShell", "BindMount", "Copy")


ACTIVATION = Path("/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service")


def play(play: Play, stage: Stage) -> None:
    """Ask for everything that polkit is asked about, without polkit."""
    stage.sleeper("lone")
    for why in without_polkit(play):
        _ask(play, why)
    stage.stop("lone")


def without_polkit(play: Play) -> Iterator[str]:
    """Have nobody to ask, in each way that there is."""
    tool("systemctl", "mask", "--runtime", "--now", "polkit.service")
    yield "polkit cannot be started"
    aside = ACTIVATION.with_suffix(".aside")
    ACTIVATION.rename(aside)
    play.root.ask(BUS, BUS_PATH, BUS, "ReloadConfig")
    yield "nobody to ask"
    aside.rename(ACTIVATION)
    # In this order: the bus looks up users as it reads its files, and so waits for systemd-machined, which
    # waits for the service manager, over the bus, as that reads its own
    play.root.ask(BUS, BUS_PATH, BUS, "ReloadConfig")
    tool("systemctl", "unmask", "--runtime", "polkit.service")


def _ask(play: Play, why: str) -> None:
    for member in OF_A_MACHINE:
        if member.on_manager.startswith(ASKING):
            who = ("nobody", "trusted")
            play.manager(member.on_manager, f"s{member.signature}", "lone", *member.values, who=who, why=why)
            if member.on_machine:
                play.machine("lone", member.on_machine, member.signature, *member.values, who=who, why=why)
