"""Changes in the folders of images, as the kernel tells them (inotify(7)).

The service has no signal for images; this is how a new one shows without being asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from asyncinotify import Event, Inotify, Mask

from machinedeck.apart import Apart

_MASK = (
    Mask.CREATE
    | Mask.DELETE
    | Mask.MOVED_FROM
    | Mask.MOVED_TO
    | Mask.ATTRIB
    | Mask.CLOSE_WRITE
    | Mask.ONLYDIR
)

SETTLE_SECONDS = 0.2
"""Changes come in bursts; they are told once, this long after the first of a burst."""

PATIENCE_SECONDS = 2.0
"""How long one folder is waited for: on a dead mount it would keep those after it from being followed."""


async def follow_image_folders(folders: Sequence[str], on_change: Callable[[], None]) -> None:
    """Call `on_change` soon after anything changed directly in one of `folders`, until cancelled.

    Folders that do not exist when it begins, may not be read or do not answer are not followed.
    """
    try:
        following = Inotify()
    except OSError:
        return  # this user has all there may be (inotify(7), max_user_instances): the slow poll remains
    with following as inotify:
        watched = 0
        for folder in folders:
            try:
                await Apart(PATIENCE_SECONDS).look(inotify.add_watch, Path(folder), _MASK)
            except OSError:
                continue  # not there, not ours to read or silent: the slow poll of the follower remains
            watched += 1
        if not watched:
            return
        while True:
            if _is_of_an_image(await inotify.get()):
                await _rest_of_burst(inotify)
                on_change()


async def _rest_of_burst(inotify: Inotify) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                await inotify.get()


def _is_of_an_image(event: Event) -> bool:
    # `.#NAME.lck` is a lock beside an image: taking it changes no image.
    return not str(event.name or "").startswith(".#")
