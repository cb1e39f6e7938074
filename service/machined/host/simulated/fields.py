"""Reading tables of a TOML file one field at a time, with errors that say where and what."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, TypeVar

from machined.host.inside import Address
from machined.host.simulated.units_of_measure import parse_duration, parse_size

T = TypeVar("T")


class ScenarioError(Exception):
    """A scenario that cannot be played; the message says where and why."""


class Table:
    """A table of which each field is taken once; what is left at the end is a mistake.

    Methods that take a field raise `ScenarioError` where it is missing without a default, or not of its kind.

    Args:
        where: What the table is called in errors.
        fields: Its content.
    """

    def __init__(self, where: str, fields: dict[str, Any]) -> None:
        self.where = where
        self._fields = dict(fields)

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        return self._take(key, str, default)

    def flag(self, key: str) -> bool:
        """A boolean, false unless given."""
        return self._take(key, bool, False)

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number, not negative."""
        if (number := self._take(key, int, default)) < 0:
            raise self.error(key, "is negative")
        return number

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of some words."""
        if (word := self.text(key, default)) not in choices:
            raise self.error(key, f"is {word!r}, not one of {', '.join(choices)}")
        return word

    def size(self, key: str, default: int | None = None) -> int:
        """Bytes, from text such as `1.5G`."""
        return self._parsed(key, parse_size, default)

    def duration(self, key: str, default: float | None = None) -> float:
        """Seconds, from text such as `2h30m`."""
        return self._parsed(key, parse_duration, default)

    def texts(self, key: str) -> list[str]:
        """A list of strings, empty unless given."""
        words = self._take(key, list, [])
        if not all(isinstance(word, str) for word in words):
            raise self.error(key, "holds what is no string")
        return words

    def addresses(self, key: str) -> list[Address]:
        """Addresses of interfaces: IPv4 first, wider scopes first, no doubles."""
        found = {self._address(key, text) for text in self.texts(key)}
        return sorted(found, key=lambda address: (address.family, _rank(address.raw), address.raw))

    def table(self, key: str) -> Table:
        """A table below this one."""
        return Table(f"{self.where}.{key}".lstrip("."), self._take(key, dict, None))

    def tables(self, key: str) -> list[Table]:
        """An array of tables, empty unless given."""
        rows = self._take(key, list, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.error(key, "holds what is no table")
        names = [f"{key}[{number}] {row.get('name', '')}".rstrip() for number, row in enumerate(rows)]
        return [Table(name, row) for name, row in zip(names, rows, strict=True)]

    def named_tables(self, key: str) -> dict[str, Table]:
        """Tables below a table, by name."""
        below = self.table(key)
        return {name: below.table(name) for name in list(below._fields)}

    def end(self) -> None:
        """See that nothing is left."""
        if self._fields:
            raise ScenarioError(f"{self.where or 'top'}: unknown {', '.join(sorted(self._fields))}")

    def error(self, key: str, what: str) -> ScenarioError:
        """An error about a field."""
        return ScenarioError(f"{self.where or 'top'}: {key} {what}")

    def _take(self, key: str, kind: type[T], default: T | None) -> T:
        value = self._fields.pop(key, default)
        if value is None:
            raise self.error(key, "is missing")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"is {value!r}, not of type {kind.__name__}")
        return value

    def _parsed(self, key: str, parse: Callable[[str], T], default: T | None) -> T:
        if default is not None and key not in self._fields:
            return default
        try:
            return parse(self.text(key))
        except ValueError as error:
            raise self.error(key, f"cannot be read: {error}") from error

    def _address(self, key: str, text: str) -> Address:
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        try:
            return Address(int(family), socket.inet_pton(family, text))
        except OSError as error:
            raise self.error(key, f"cannot be read: {text!r} is no address") from error


def _rank(raw: bytes) -> int:
    """0 for an address of global scope, 253 for one of a link: the numbers of rtnetlink(7)."""
    is_link = raw[:2] == b"\xa9\xfe" if len(raw) == 4 else raw[0] == 0xFE and raw[1] & 0xC0 == 0x80
    return 253 if is_link else 0
