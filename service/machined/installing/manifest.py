"""What an installation has put where, and what was there before: `/var/lib/machinedeck/installed.json`.

It is written before anything it tells of is done, so that an installation that was cut off can be undone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from machined.installing.contents import Contents
from machined.installing.errors import Failed
from machined.installing.tree import Tree

PATH = "/var/lib/machinedeck/installed.json"
FORMAT = 1
"""Raised when a manifest of before can no longer be read."""


@dataclass(slots=True)
class Entry:
    """One path."""

    before: Contents | None
    """What was there when nothing of ours was; None for nothing."""
    digests: list[str] = field(default_factory=list)
    """What we have put there, the last one at the end: of several versions, one after the other."""

    def is_ours(self, what: Contents | None) -> bool:
        """Whether `what` is something that we put there."""
        return what is not None and what.digest in self.digests


@dataclass(slots=True)
class Manifest:
    """All of it. Without entries and folders nothing is installed."""

    entries: dict[str, Entry] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    """Folders that we made, each behind those above it."""
    replaces: bool = False
    """Whether it was told to take systemd-machined's place."""

    def save(self, tree: Tree) -> None:
        """Write it into the tree. Raises OSError."""
        for folder in tree.lacking_folders(PATH):
            if folder not in self.folders:
                self.folders.append(folder)
            tree.make_folder(folder)
        tree.put(PATH, Contents((json.dumps(self._fields(), indent=1) + "\n").encode(), mode=0o600))

    def _fields(self) -> dict[str, Any]:
        entries = {
            path: {"before": entry.before and entry.before.to_json(), "digests": entry.digests}
            for path, entry in self.entries.items()
        }
        return {"format": FORMAT, "replaces": self.replaces, "folders": self.folders, "entries": entries}


def load(tree: Tree) -> Manifest:
    """The manifest of a tree; an empty one where nothing is installed.

    Raises:
        Failed: There is one that makes no sense.
    """
    found = tree.read(PATH)
    if found is None:
        return Manifest()
    try:
        return _parse(json.loads(found.data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(f"{tree.place(PATH)} cannot be read, so nothing was changed: {error!r}") from None


def _parse(fields: Any) -> Manifest:
    if fields["format"] != FORMAT:
        raise ValueError(f"its format is {fields['format']}, not {FORMAT}")
    entries = {
        str(path): Entry(entry["before"] and Contents.from_json(entry["before"]), list(entry["digests"]))
        for path, entry in fields["entries"].items()
    }
    return Manifest(entries, list(fields["folders"]), bool(fields["replaces"]))
