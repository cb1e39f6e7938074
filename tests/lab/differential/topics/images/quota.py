"""Images in a pool on a btrfs that counts and limits."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.topics.images import scenes


def play(play: Play, stage: Stage) -> None:
    """Play all scenes there."""
    scenes.play_on("quota", play, stage)
