"""What can be done: the one table that keys, footer, dialogs, palette, journal and commands are made from."""

from __future__ import annotations

from typing import Any

from machinedeck.core.actions.action import (
    YES,
    Action,
    Field,
    FieldKind,
    Harm,
    Subject,
    Values,
    name_of,
)
from machinedeck.core.actions.images import (
    CLEAN,
    CLONE,
    LIMIT_IMAGE,
    LIMIT_POOL,
    READ_ONLY,
    REMOVE,
    RENAME,
    START_IMAGE,
    would_go,
)
from machinedeck.core.actions.inside import BIND, COPY_FROM, COPY_TO, LIMIT, LOGIN, SHELL, UNBIND
from machinedeck.core.actions.machines import (
    DISABLE,
    ENABLE,
    KILL,
    POWEROFF,
    REBOOT,
    RESTART,
    START,
    START_AS,
    STOP,
    TERMINATE,
)
from machinedeck.model.image import Image, Pool
from machinedeck.model.machine import Machine

__all__ = [
    "ACTIONS",
    "IMAGE_ACTIONS",
    "LOGIN",
    "MACHINE_ACTIONS",
    "POOL_ACTIONS",
    "SHELL",
    "YES",
    "Action",
    "Field",
    "FieldKind",
    "Harm",
    "Subject",
    "Values",
    "find",
    "name_of",
    "would_go",
]

MACHINE_ACTIONS: tuple[Action[Machine], ...] = (
    SHELL,
    LOGIN,
    START,
    START_AS,
    STOP,
    RESTART,
    POWEROFF,
    REBOOT,
    TERMINATE,
    KILL,
    COPY_TO,
    COPY_FROM,
    BIND,
    UNBIND,
    LIMIT,
    ENABLE,
    DISABLE,
)
"""What can be done to a machine, in the order it is shown."""

IMAGE_ACTIONS: tuple[Action[Image], ...] = (START_IMAGE, CLONE, RENAME, READ_ONLY, LIMIT_IMAGE, REMOVE)
"""What can be done to an image."""

POOL_ACTIONS: tuple[Action[Pool], ...] = (LIMIT_POOL, CLEAN)
"""What can be done to the pool."""

ACTIONS: tuple[Action[Any], ...] = (*MACHINE_ACTIONS, *IMAGE_ACTIONS, *POOL_ACTIONS)
"""All of it."""


def find(id: str) -> Action[Any]:
    """The action of an id.

    Raises:
        KeyError: There is none.
    """
    for action in ACTIONS:
        if action.id == id:
            return action
    raise KeyError(id)
