"""What keeps the pool from being looked at and changed: file systems, folders, and nobody to ask."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab.differential.members import OF_AN_IMAGE, OF_THE_POOL
from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import POOL, Pool
from tests.lab.differential.player.stage import Stage, fresh, tool
from tests.lab.differential.player.stage import ask as ask_quietly
from tests.lab.differential.topics.images.asking import ask
from tests.lab.differential.topics.limits import MOST, mount_silent
from tests.lab.differential.topics.unasked import without_polkit

CHANGING = ("Remove", "Rename", "Clone", "MarkReadOnly", "SetLimit")


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Have each of them."""
    pool.directory("dir")
    pool.disk("disk")
    pool.tree("tree")
    pool.seen()
    _unreadable(play)
    _read_only(play, pool)
    _unasked(play)
    _too_many(play, pool, stage)
    _full(play, pool)


def _everything(play: Play, why: str, names: tuple[str, ...] = ("dir", "disk", "tree")) -> None:
    """Ask for every member of every image; of disks no host without udev can tell more (recorded: never)."""
    for member in OF_AN_IMAGE:
        for name in names:
            if member.on_machine and not (name == "disk" and member.on_machine.startswith("Get")):
                ask(play, name, member.on_machine, why=why)
    for member in OF_THE_POOL:
        play.manager(member.on_manager, member.signature, *member.values, why=why)


def _unreadable(play: Play) -> None:
    """A file where a folder of the search path should be."""
    folder = Path("/etc/machines")
    folder.rmdir()
    folder.write_text("no folder\n")
    _everything(play, "no folder", ("dir",))
    play.manager("GetImage", "s", "dir", why="no folder")
    folder.unlink()
    folder.mkdir()


def _read_only(play: Play, pool: Pool) -> None:
    with pool.read_only():
        play.manager("ListImages", who="root")
        _everything(play, "read-only there")


def _unasked(play: Play) -> None:
    for why in without_polkit(play):
        for member in CHANGING:
            ask(play, "dir", member, why=why, who=("nobody", "trusted"))
        for member in OF_THE_POOL[1:]:
            who = ("nobody", "trusted")
            play.manager(member.on_manager, member.signature, *member.values, why=why, who=who)


def _too_many(play: Play, pool: Pool, stage: Stage) -> None:
    name = f"copied-{pool.kind}"
    silent = Path("/srv/silent")
    trees, play.trees = play.trees, None  # what systemd-nspawn has of its own is no matter here
    stage.container(name, "--private-network")
    play.trees = trees
    pool.seen()
    device = mount_silent(silent)
    serials = [
        play.begin("CopyToMachine", "sss", name, str(silent), f"/srv/silent-{number}")
        for number in range(MOST)
    ]
    ask_quietly(play.root, "ListMachines", "")
    why = "too many operations"
    for member in ("Remove", "Clone"):
        ask(play, "dir", member, why=why)
    play.image("dir", "Clone", "sb", "a/b", False, why=why)
    play.manager("CleanPool", "s", "no mode", why=why)
    play.manager("CleanPool", "s", "hidden", why=why)
    os.close(device)
    for serial in serials:
        play.root.reply(serial)
    tool("umount", str(silent), check=False)
    play.trees = None
    stage.stop(name)
    play.trees = trees
    pool.seen()
    silent.rmdir()


def _full(play: Play, pool: Pool) -> None:
    away = Path("/run/machines")
    fresh(away / "large")
    (away / "large/file").write_bytes(b"x" * (3 << 20))
    (away / "large-disk.raw").write_bytes(b"x" * (3 << 20))
    with (POOL / "filler").open("wb") as file:
        size, end = 1 << 26, 0
        while size >= 4096:
            try:
                os.posix_fallocate(file.fileno(), end, size)
                end += size
            except OSError:
                size //= 2
    pool.seen()
    for name in ("large", "large-disk"):
        ask(play, name, "Clone", f"of-{name}", False, why="no room there")
    for name in ("dir", "disk", "tree"):
        play.image(name, "Remove", who="root")
