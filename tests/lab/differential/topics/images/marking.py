"""Images that are marked read-only, and no longer so."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import Pool
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.trees import set_immutable
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Mark one of each, twice, and take the mark away again."""
    for name, make in kinds.makers(pool).items():
        make()
        pool.seen()
        ask(play, name, "MarkReadOnly", who="nobody", why="not allowed")
        play.image(name, "MarkReadOnly", "b", True, who=kinds.able(name))
        play.manager("MarkImageReadOnly", "sb", name, True, who="root")
        play.image(name, "MarkReadOnly", "b", False, who="root")
        play.manager("MarkImageReadOnly", "sb", name, False, who=kinds.able(name))
        pool.clear()
    disk = pool.disk("odd")
    disk.chmod(0o4751)
    pool.seen()
    ask(play, "odd", "MarkReadOnly", True, who="root")
    ask(play, "odd", "MarkReadOnly", False, who="root")
    set_immutable(disk, True)
    pool.seen()
    ask(play, "odd", "MarkReadOnly", why="immutable")
    set_immutable(disk, False)
    block = pool.attach("block")
    pool.seen()
    for is_read_only in (True, False):
        ask(play, "block", "MarkReadOnly", is_read_only, who="trusted")
        play.manager("ListImages", who="root")
    pool.detach(block)
    kinds.refused(play, pool, "MarkReadOnly")
