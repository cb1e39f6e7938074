"""Images in a pool on btrfs, which counts nothing."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.topics.images import scenes


def play(play: Play, stage: Stage) -> None:
    """Play all scenes there."""
    scenes.play_on("btrfs", play, stage)
