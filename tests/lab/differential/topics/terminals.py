"""Pseudo terminals, and logins on them."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

from tests.lab.differential.player.client import Message
from tests.lab.differential.player.playing import ALL_THREE, EVERYBODY, Play
from tests.lab.differential.player.stage import Stage, tool


def heard(fd: int, until: str = "", timeout: float = 5) -> str:
    """What comes out of a terminal until a word was there, it was hung up, or the time is over."""
    data = b""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and not (until and until.encode() in data):
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data += os.read(fd, 4096)
            except OSError:  # EIO: nobody has the other side open
                if not until:
                    break
                time.sleep(0.02)
    return data.decode(errors="backslashreplace").replace("\r\n", "\n")


def play(play: Play, stage: Stage) -> None:
    """Open terminals everywhere."""
    for name in ("box", "mapped", "boot"):
        leader = stage.have(name)
        pts = Path(f"/proc/{leader}/root/dev/pts")

        def exists(message: Message, pts: Path = pts) -> list[str]:
            number = message.values[1].rpartition("/")[2]
            inner = pts / number
            status = inner.stat()
            return [f"mode {status.st_mode & 0o7777:o}", f"owner {status.st_uid}:{status.st_gid}"]

        play.machine(name, "OpenPTY", who=ALL_THREE, why="not allowed by the bus", read=exists)
        play.manager("OpenMachinePTY", "s", name, who=ALL_THREE, why="not allowed by the bus", read=exists)
    for name in ("box", "mapped"):
        play.machine(name, "OpenLogin", who=ALL_THREE, why="no bus in it")
        play.manager("OpenMachineLogin", "s", name, who=ALL_THREE, why="no bus in it")
        for user in ("root", "nobody"):
            words = (user, "/bin/true", ["true"], [])
            play.machine(name, "OpenShell", "ssasas", *words, who=ALL_THREE, why="no bus in it")
            play.manager("OpenMachineShell", "sssasas", name, *words, who=ALL_THREE, why="no bus in it")
    stage.up("boot")

    kept = []

    def greeting(message: Message) -> str:
        # The next login gets a terminal of another number only as long as this one is open
        kept.append(os.dup(message.fds[0]))
        text = heard(message.fds[0], "login: ")
        return "login: " if text.endswith("login: ") else text

    play.machine("boot", "OpenLogin", who=("nobody", "trusted"), read=greeting, why="not allowed")
    play.manager("OpenMachineLogin", "s", "boot", who=EVERYBODY, read=greeting, why="not allowed")
    units = tool("systemctl", "--machine=boot", "list-units", "--no-legend", "--plain", "container-getty@*")
    play.look("gettys in it", sorted({line.split("@")[0] for line in units.splitlines()}))
    for fd in kept:
        os.close(fd)
