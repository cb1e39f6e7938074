"""The pool is cleaned."""

from __future__ import annotations

from pathlib import Path

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import VENDOR, Pool, locked, locks
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.trees import set_immutable
from tests.lab.differential.topics.images import kinds


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Clean it of what is hidden, of all, and where that cannot be."""
    play.manager("CleanPool", "s", "hidden", who="trusted")
    for make in kinds.makers(pool).values():
        make()
    pool.disk(".hidden-disk")
    pool.tree(".hidden-tree")
    pool.directory(".far", Path("/run/machines"))
    pool.directory(".vendor", VENDOR)
    pool.directory("vendor", VENDOR)
    held = pool.directory(".held")
    pool.seen()
    for mode in ("hidden", "all"):
        play.manager("CleanPool", "s", mode, who="nobody", why="not allowed")
    with locked(locks(held)[0]):
        play.manager("CleanPool", "s", "hidden", who="trusted")
    play.manager("ListImages", who="root")
    with locked(locks(held)[1]):
        play.manager("CleanPool", "s", "all", who="root")
    play.manager("ListImages", who="root")
    pool.clear()
    disk = pool.disk(".marked")
    set_immutable(disk, True)
    pool.seen()
    play.manager("CleanPool", "s", "hidden", why="immutable")
    set_immutable(disk, False)
