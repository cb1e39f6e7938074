"""What the operator has set, and where what is the operator's own is kept: read once, at the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from machinedeck.core.config import FILE_NAME, Config, read_config
from machinedeck.core.places import Places, find_places


class Setup(NamedTuple):
    """How the console is set up."""

    config: Config
    places: Places


def read_setup(file: str | None, environment: Mapping[str, str], uid: int) -> Setup:
    """Read the settings.

    Args:
        file: The file that was asked for; None for the operator's own, which need not be there.
        environment: The environment, which says where that is.
        uid: Whose rights the console has.

    Raises:
        ConfigError: The file is wrong; the message names file and line and says what was expected.
    """
    places = find_places(environment, uid)
    if file is not None:
        return Setup(read_config(Path(file), is_wanted=True), places)
    return Setup(Config() if places.config is None else read_config(places.config / FILE_NAME), places)
