"""Images in a pool on ext4."""

from __future__ import annotations

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.topics.images import scenes


def play(play: Play, stage: Stage) -> None:
    """Play all scenes there."""
    scenes.play_on("ext4", play, stage)
