"""Completing paths of this host, for dialogs that ask for one."""

from __future__ import annotations

import os

from machinedeck.model.text import clean

LOOKED_AT = 10_000
"""Entries of a folder that are looked at, at most."""


def complete(typed: str) -> str | None:
    """The first path, by name, that goes on from what was typed; None where there is none.

    Folders end with a slash, so that typing can go on. Names that could not be shown as they are, and hidden
    ones that were not asked for, are left out. May wait for the disk: call it in a thread.
    """
    if not typed.startswith("/"):
        return None
    folder, _, begun = typed.rpartition("/")
    best: tuple[str, bool] | None = None
    try:
        with os.scandir(folder or "/") as entries:
            for _, entry in zip(range(LOOKED_AT), entries, strict=False):
                name = entry.name
                is_wanted = name.startswith(begun) and (begun != "" or not name.startswith("."))
                if is_wanted and clean(name) == name and (best is None or name < best[0]):
                    best = name, entry.is_dir()
    except (OSError, ValueError):
        return None  # no such folder, not ours to look into, or a zero byte: there is nothing to offer
    if best is None:
        return None
    name, is_folder = best
    return f"{folder}/{name}{'/' if is_folder else ''}"
