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
    """Why there are none, for the operator; "" where there are."""


def find_places(environment: Mapping[str, str], uid: int) -> Places:
    """The folders below XDG_CONFIG_HOME and XDG_STATE_HOME, else HOME (XDG Base Directory Specification).

    With sudo(8) HOME may be that of somebody else: settings from there would be that person's word, and files
    written there would be root's in that person's home. Neither is done then.
    """
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        return Places(None, None, "HOME is not set: no settings are read, and no journal is kept.")
    if uid == 0 and _owner(Path(home)) != 0:
        text = (
            f"HOME is {clean(home)}, which is not root's: its settings are ignored, and no journal is kept."
        )
        return Places(None, None, f"{text} Use 'sudo -H' to have root's own.")
    return Places(
        _folder(environment, "XDG_CONFIG_HOME", Path(home, ".config")),
        _folder(environment, "XDG_STATE_HOME", Path(home, ".local/state")),
    )


def _folder(environment: Mapping[str, str], variable: str, default: Path) -> Path:
    given = environment.get(variable, "")
    # Relative paths in there are to be ignored, says the specification.
    return (Path(given) if given.startswith("/") else default) / NAME


def _owner(path: Path) -> int | None:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
