"""Images that are copied."""

from __future__ import annotations

from tests.lab.differential.player.playing import PROPERTIES, Play, image_path
from tests.lab.differential.player.pools import VENDOR, Pool, locked, locks
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.watching import SERVICE
from tests.lab.differential.topics.images import kinds
from tests.lab.differential.topics.images.asking import ask


def play(play: Play, pool: Pool, stage: Stage) -> None:
    """Copy one of each, to be written to and not."""
    makers = kinds.makers(pool)
    for name, make in makers.items():
        make()
        pool.seen()
        ask(play, name, "Clone", "cloned", False, who="nobody", why="not allowed")
        _clone(play, name, is_read_only=False)
        _clone(play, name, is_read_only=True)
        pool.clear()
    pool.directory("vendor", VENDOR)
    pool.disk("vendor-disk", VENDOR)
    pool.seen()
    for name in ("vendor", "vendor-disk"):
        _clone(play, name, is_read_only=False)
    pool.clear()
    kinds.named(play, pool, "Clone")
    top = pool.directory("held")
    pool.seen()
    for path in locks(top):
        with locked(path):
            play.image("held", "Clone", "sb", f"of-{path.name[:5].strip('.#')}", False, who="root")
    block = pool.attach("block")
    pool.seen()
    ask(play, "block", "Clone", why="not for its type")
    pool.detach(block)
    with pool.read_only():  # else ours takes its time to copy the host
        ask(play, ".host", "Clone", why="the host")


def _clone(play: Play, name: str, *, is_read_only: bool) -> None:
    new = f"{name}-{'sealed' if is_read_only else 'free'}"
    if is_read_only:
        play.manager("CloneImage", "ssb", name, new, True, who="root")
    else:
        play.image(name, "Clone", "sb", new, False, who=kinds.able(name))
    play.call(image_path(new), PROPERTIES, "GetAll", "s", (f"{SERVICE}.Image",), who="root")
