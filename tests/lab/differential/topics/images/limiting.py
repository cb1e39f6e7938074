"""How much images and the pool may use."""

from __future__ import annotations

from tests.lab.differential.player.playing import MANAGER, PROPERTIES, Play, image_path
from tests.lab.differential.player.pools import POOL, UNLIMITED, VENDOR, Pool
from tests.lab.differential.player.stage import Stage, tool
from tests.lab.differential.player.watching import SERVICE
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Limit one of each, and the pool."""
    for name, make in kinds.makers(pool).items():
        make()
        pool.seen()
        ask(play, name, "SetLimit", who="nobody", why="not allowed")
        if name != "tree":
            ask(play, name, "SetLimit", why="not for its type")
            continue
        for size in (1 << 30, (1 << 63) - 1, UNLIMITED):
            ask(play, name, "SetLimit", size, why="limited while nothing is counted")
            _look(play, name)
    pool.directory("vendor", VENDOR)
    for name, why in ((".host", "the host"), ("vendor", "vendor image")):
        ask(play, name, "SetLimit", why=why)
    play.manager("SetPoolLimit", "t", 1 << 27, who="nobody", why="not allowed")
    play.manager("SetPoolLimit", "t", 1 << 27, who="nobody", why="of the pool")
    for size in (1 << 27, (1 << 63) - 1, UNLIMITED, 1 << 26):
        play.manager("SetPoolLimit", "t", size, who=("trusted", "root"), why="of the pool")
        tool("btrfs", "quota", "rescan", "-w", str(POOL), check=False)
        for key in ("PoolUsage", "PoolLimit"):
            play.call(MANAGER, PROPERTIES, "Get", "ss", (f"{SERVICE}.Manager", key), who="root")
        if pool.is_btrfs:
            _look(play, "tree")
            ask(play, "tree", "SetLimit", 1 << 25, who="root", why="limited")
            _look(play, "tree")
    play.manager("ListImages", who="root")


def _look(play: Play, name: str) -> None:
    play.call(image_path(name), PROPERTIES, "GetAll", "s", (f"{SERVICE}.Image",), who="root")
    # Only what limits or is limited, and not what is used of the pool: that differs from run to run
    said = tool("btrfs", "qgroup", "show", "-rep", "--raw", str(POOL), check=False).splitlines()[2:]
    rows = [" ".join((line.split()[0], *line.split()[3:6])) for line in said]
    play.look("quota groups", [row for row in rows if not row.endswith("none none -")])
