"""How many copies may be under way at once, and what becomes of those that cannot go on."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from tests.lab.differential.player.client import ERROR_NAME
from tests.lab.differential.player.playing import MANAGER, Play
from tests.lab.differential.player.stage import Stage, tool
from tests.lab.differential.player.watching import SERVICE

SILENT = Path("/srv/silent")
MOST = 64


def play(play: Play, stage: Stage) -> None:
    """Copy from where nobody answers."""
    stage.have("box")
    device = mount_silent(SILENT)
    serials = [_start(play, number) for number in range(MOST)]
    play.manager("ListMachines", who="root")
    why = "too many operations"
    for who in ("nobody", "root"):
        for member in ("CopyTo", "CopyFrom"):
            words = ("/etc/hostname", "/srv/more")
            play.machine("box", member, "ss", *words, who=who, why=why)
            play.manager(f"{member}Machine", "sss", "box", *words, who=who, why=why)
            play.machine("box", f"{member}WithFlags", "sst", *words, 9, who=who, why=why)
            play.manager(f"{member}MachineWithFlags", "ssst", "box", *words, 9, who=who, why=why)
    play.machine(".host", "CopyTo", "ss", "relative", "", who="root", why=why)
    os.close(device)
    answers = [play.root.reply(serial) for serial in serials]
    play.look("how the copies ended", sorted({str(answer.fields.get(ERROR_NAME)) for answer in answers}))
    tool("umount", str(SILENT), check=False)
    play.machine("box", "CopyTo", "ss", "/etc/hostname", "/srv/more", who="root")


def _start(play: Play, number: int) -> int:
    words = ("box", str(SILENT), f"/srv/silent-{number}")
    return play.root.send(SERVICE, MANAGER, f"{SERVICE}.Manager", "CopyToMachine", "sss", words)


def mount_silent(where: Path) -> int:
    """Mount a file system that answers nothing (fuse(4)); it ends when what is returned is closed."""
    where.mkdir()
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"silent", str(where).encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "cannot mount a silent file system")
    return device
