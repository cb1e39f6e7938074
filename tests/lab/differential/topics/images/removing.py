"""Images that are removed, and those that are not."""

from __future__ import annotations

from tests.lab.differential.player.playing import ALL_THREE, Play
from tests.lab.differential.player.pools import POOL, Pool
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.trees import set_immutable
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Remove one of each."""
    for name, make in kinds.makers(pool).items():
        make()
        pool.seen()
        ask(play, name, "Remove", who="nobody", why="not allowed")
        play.manager("RemoveImage", "s", name, who=kinds.able(name))
        make()
        pool.seen()
        play.image(name, "Remove", who="root")
    kinds.refused(play, pool, "Remove")
    _marked(play, pool)


def _marked(play: Play, pool: Pool) -> None:
    top = pool.directory("dir")
    set_immutable(top / "folder/second", True)
    disk = pool.disk("disk")
    set_immutable(disk, True)
    pool.seen()
    ask(play, "disk", "Remove", who=ALL_THREE, why="immutable")
    set_immutable(disk, False)
    ask(play, "dir", "Remove", why="immutable within")
    left = list(POOL.rglob("second"))
    play.look("what is left of it", sorted(str(path) for path in left))
    for path in left:
        set_immutable(path, False)
