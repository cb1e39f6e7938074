"""How the scenes ask for a member of images: of the Manager by name, and of the image's object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.lab.differential.members import OF_AN_IMAGE
from tests.lab.differential.player.playing import EVERYBODY, Play

MANAGERS = {member.on_machine: member for member in OF_AN_IMAGE if member.on_machine}


def ask(
    play: Play,
    name: str,
    member: str,
    *values: Any,
    why: str = "",
    who: str | Sequence[str] = EVERYBODY,
    again: Callable[[], object] | None = None,
) -> None:
    """Ask for a member in both ways.

    Args:
        play: Who asks, and what is written down.
        name: The image.
        member: Its name in the Image interface.
        values: The arguments, else those that are harmless.
        why: The row of the table of errors that this is for.
        who: The callers by name.
        again: What makes everything as it was, before the second way.
    """
    known = MANAGERS[member]
    words = values or known.values
    play.image(name, member, known.signature, *words, why=why, who=who)
    if again is not None:
        again()
    play.manager(known.on_manager, f"s{known.signature}", name, *words, why=why, who=who)
