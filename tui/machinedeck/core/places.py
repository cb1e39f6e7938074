"""Where the console keeps what is the operator's own: settings and the journal of what was done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from machinedeck.model.text import clean

NAME = "machinedeck"


class Places(NamedTuple):
    """The folders of one operator; None where there is none that could be trusted."""

    config: Path | None
    """Where `config.toml` is looked for."""
    state: Path | None
    """Where the journal is written."""
    notice: str = ""
    """Why there are none, or others than were named, for the operator; "" where all is as it should be."""


def find_places(environment: Mapping[str, str], uid: int) -> Places:
    """The folders below XDG_CONFIG_HOME and XDG_STATE_HOME, else HOME (XDG Base Directory Specification).

    With sudo(8) HOME may be that of somebody else, and with su(1) the others may lead there: settings from
    there would be that person's word, and files written there would be root's in that person's home. Neither
    is done then.
    """
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        return Places(None, None, "HOME is not set: no settings are read, and no journal is kept.")
    if uid == 0 and _owner(Path(home)) != 0:
        text = (
            f"HOME is {clean(home)}, which is not root's: its settings are ignored, and no journal is kept."
        )
        return Places(None, None, f"{text} Use 'sudo -H' to have root's own.")
    folders, notices = [], []
    for variable, default in (("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state")):
        given = environment.get(variable, "")
        # Relative paths in there are to be ignored, says the specification.
        is_given = given.startswith("/")
        if is_given and uid == 0 and not _is_roots(Path(given)):
            notices.append(f"{variable} is {clean(given)}, which is not root's: root's own folder is used.")
            is_given = False
        folders.append((Path(given) if is_given else Path(home, default)) / NAME)
    config, state = folders
    return Places(config, state, " ".join(notices))


def _is_roots(folder: Path) -> bool:
    """Whether nobody but root says what is in a folder: who has one above it can put another there."""
    return all(_owner(path) in {0, None} for path in (folder, *folder.parents))


def _owner(path: Path) -> int | None:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
