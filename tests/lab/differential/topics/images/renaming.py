"""Images that get other names."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import POOL, Pool
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.trees import set_immutable
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Rename one of each, and back."""
    for name, make in kinds.makers(pool).items():
        make()
        pool.seen()
        ask(play, name, "Rename", f"new-{name}", who="nobody", why="not allowed")
        play.image(name, "Rename", "s", f"new-{name}", who=kinds.able(name))
        play.manager("GetImage", "s", name, who="root")
        if name == "sided":  # what is in the way of one of its files
            (POOL / f"{name}.nspawn").write_text("in the way\n")
        play.manager("RenameImage", "ss", f"new-{name}", name, who="root")
        pool.clear()
    kinds.refused(play, pool, "Rename")
    kinds.named(play, pool, "Rename")
    disk = pool.disk("disk")
    set_immutable(disk, True)
    pool.seen()
    ask(play, "disk", "Rename", why="immutable")
    set_immutable(disk, False)
    block = pool.attach("block")
    pool.seen()
    ask(play, "block", "Rename", "new-block", who="trusted")
    play.image("new-block", "Remove", who="root")
    pool.detach(block)
