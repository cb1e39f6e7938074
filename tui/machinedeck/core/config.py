"""Reading `config.toml`: what is set there, or the line that is wrong and what was expected."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from machinedeck.core.actions import IMAGE_ACTIONS, MACHINE_ACTIONS, POOL_ACTIONS
from machinedeck.core.settings import SETTINGS, TABLES, Setting
from machinedeck.core.tools import TOOLS
from machinedeck.model.text import clean

FILE_NAME = "config.toml"

LARGEST = 1 << 20
"""Bytes of a file of settings, at most."""


class ConfigError(ValueError):
    """The file of settings is wrong; the message names file and line and says what was expected."""


class Config:
    """What was set, and the defaults of the rest.

    Args:
        values: What was set, by the name of the setting.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._values = {setting.name: setting.default for setting in SETTINGS} | dict(values or {})

    def __getitem__(self, name: str) -> Any:
        """The value of a setting, by its name: `terminal.scrollback`."""
        return self._values[name]

    def key(self, action: str) -> str:
        """The key of an action or a tool."""
        return str(self._values[f"keys.{action}"])


def read_config(path: Path, *, is_wanted: bool = False) -> Config:
    """Read a file of settings.

    Args:
        path: The file.
        is_wanted: Whether it is an error that it is not there.

    Raises:
        ConfigError: It is wrong, too large, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise ConfigError(f"{clean(path)}: larger than {LARGEST >> 20} MiB is no file of settings.")
            raw = file.read(LARGEST)
    except FileNotFoundError as error:
        if is_wanted:
            raise ConfigError(f"{clean(path)}: there is no such file.") from error
        return Config()
    except OSError as error:
        raise ConfigError(f"{clean(path)}: {error.strerror}.") from error
    import tomllib  # noqa: PLC0415 - most operators have no such file

    try:
        text = raw.decode()
        read = tomllib.loads(text)
    except RecursionError as error:
        raise ConfigError(f"{clean(path)}: it is nested too deep.") from error
    except ValueError as error:  # no UTF-8, no TOML, or a number that Python reads none of
        raise ConfigError(f"{clean(path)}: {clean(error)}.") from error
    return Config(_checked(read, text, clean(path)))


def _checked(read: dict[str, Any], text: str, path: str) -> dict[str, Any]:
    known = {setting.name: setting for setting in SETTINGS}
    values: dict[str, Any] = {}
    for table, keys in read.items():
        where = f"{path}:{_line(text, table, None)}"
        if table not in TABLES:
            raise ConfigError(f"{where}: there is no [{clean(table)}]{_meant(table, TABLES)}")
        if not isinstance(keys, dict):
            raise ConfigError(f"{where}: {table} is a table: write [{table}] and its settings below.")
        for key, value in keys.items():
            where = f"{path}:{_line(text, table, key)}"
            setting = known.get(f"{table}.{key}")
            if setting is None:
                names = [one.key for one in SETTINGS if one.table == table]
                raise ConfigError(f"{where}: [{table}] has no {clean(key)}{_meant(key, names)}")
            values[setting.name] = _value(setting, value, where)
    _check_keys(values, text, path)
    return values


def _value(setting: Setting, value: Any, where: str) -> Any:
    expected = setting.check(value)
    if expected is not None:
        raise ConfigError(f"{where}: {setting.name} is {_shown(value)}, expected {expected}.")
    return value


def _shown(value: Any) -> str:
    try:
        return clean(repr(value), 80)
    except ValueError:
        return "a number of thousands of digits"  # Python writes none of those (sys.set_int_max_str_digits)


def _check_keys(values: dict[str, Any], text: str, path: str) -> None:
    """No key may mean two things in one pane."""
    config = Config(values)
    for table in (MACHINE_ACTIONS, IMAGE_ACTIONS, POOL_ACTIONS):
        taken: dict[str, str] = {}
        for action in (*table, *TOOLS):
            key = config.key(action.id)
            if (other := taken.setdefault(key, action.id)) != action.id:
                of = action.id if f"keys.{action.id}" in values else other
                where = f"{path}:{_line(text, 'keys', of)}"
                raise ConfigError(f"{where}: {clean(key)} is the key of both {other} and {action.id}.")


def _meant(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}."


def _line(text: str, table: str, key: str | None) -> int:
    """The line on which a table begins, or one of its settings stands; 1 where it is written otherwise."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\s*([\w.\"'-]+)\s*\]", line):
            inside = match[1].strip("\"'") == table
            if inside and key is None:
                return number
        elif key is None and re.match(rf"\s*{re.escape(table)}\s*[=.]", line):
            return number
        elif key is not None:
            dotted = rf"\s*{re.escape(table)}\s*\.\s*[\"']?{re.escape(key)}[\"']?\s*="
            own = rf"\s*[\"']?{re.escape(key)}[\"']?\s*="
            if re.match(dotted, line) or (inside and re.match(own, line)):
                return number
    return 1
