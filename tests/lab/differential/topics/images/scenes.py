"""The scenes that are played on every file system, each in a new pool."""

from __future__ import annotations

import sys
import time

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.pools import Pool
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.topics.images import (
    cleaning,
    cloning,
    limiting,
    listing,
    marking,
    removing,
    renaming,
    telling,
    troubles,
    wrong,
)

SCENES = (wrong, listing, telling, removing, renaming, cloning, marking, limiting, cleaning, troubles)


def play_on(kind: str, play: Play, stage: Stage) -> None:
    """Play them on one file system."""
    pool = Pool(kind, play)
    for scene in SCENES:
        pool.open()
        began = time.monotonic()
        scene.play(play, pool, stage)
        print(f"{scene.__name__.rpartition('.')[2]}: {time.monotonic() - began:.1f} s", file=sys.stderr)
        pool.close()
