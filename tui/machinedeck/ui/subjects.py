"""What is acted on, in words: names, what is typed to have it deleted, what became of it meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from machinedeck.core.actions import Action, Subject, name_of
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.model.image import Image
from machinedeck.model.machine import Machine

NAMED = 4
"""How many names a title has; of more it says how many."""


def titled(subjects: Sequence[Subject]) -> str:
    """The names of some subjects; of many how many they are."""
    if len(subjects) <= NAMED:
        return ", ".join(map(name_of, subjects))
    what = "images" if isinstance(subjects[0], Image) else "machines"
    return f"{len(subjects)} {what}"


def word_to_type(action: Action[Any], subjects: Sequence[Subject]) -> str:
    """What is typed to have something deleted: its name, or how many they are."""
    if action.id == "clean":
        return "clean"
    if len(subjects) > 1:
        return f"{len(subjects)} images"
    name = name_of(subjects[0])
    return name if "\N{REPLACEMENT CHARACTER}" not in name else action.id  # no keyboard has that


def became(subjects: Sequence[Subject], store: Store) -> str:
    """What became of subjects since they were chosen, of the first few in words; "" for nothing."""
    news = [one for subject in subjects if (one := _became(subject, store))]
    more = [f"And {len(news) - NAMED} more are not as they were."] if len(news) > NAMED else []
    return " ".join([*news[:NAMED], *more])


def _became(subject: Subject, store: Store) -> str:
    name = name_of(subject)
    if isinstance(subject, Image):
        image = store.images.get(subject.name)
        if image is None:
            return f"The image {name} is gone."
        return "" if image.identity == subject.identity else f"The image {name} was made anew."
    if not isinstance(subject, Machine):
        return ""  # there is one pool, and it stays
    now = store.registered.get(subject.name)
    if not subject.state.is_registered:
        return "" if now is None else f"{name} runs now."
    if now is None:
        return f"{name} has ended."
    are_known = now.timestamp_monotonic and subject.timestamp_monotonic
    return f"{name} was started anew." if are_known and now.identity != subject.identity else ""


def with_size(image: Image) -> str:
    """An image with its type, and its size where that is known."""
    size = "" if image.usage is None else f", {written.size(image.usage)}"
    return f"{name_of(image)} ({image.type}{size})"
