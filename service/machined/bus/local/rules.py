"""The language of match rules (D-Bus Specification, "Match Rules")."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from machined.bus.local.message import Message
from machined.bus.local.syntax import is_bus_name, is_interface, is_member, is_namespace, is_path
from machined.wire.errors import CallError
from machined.wire.header import ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL

MAX_LENGTH = 1024
"""Characters in a rule, at most (dbus-daemon takes no more either)."""
MAX_ARGUMENT = 63
"""The last argument that a rule can look at."""
INVALID = "org.freedesktop.DBus.Error.MatchRuleInvalid"

_TYPES = {"method_call": METHOD_CALL, "method_return": METHOD_RETURN, "error": ERROR, "signal": SIGNAL}
_ARGUMENT = re.compile(r"arg(\d{1,9})(path|namespace)?")
_CHECKS: dict[str, Callable[[str], bool]] = {
    "type": _TYPES.__contains__,
    "sender": is_bus_name,
    "interface": is_interface,
    "member": is_member,
    "path": is_path,
    "path_namespace": is_path,
    "destination": is_bus_name,
    "eavesdrop": {"true", "false"}.__contains__,
}
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class ArgumentTest:
    """What one argument must be.

    Attributes:
        index: Which one.
        form: `""` for equality, `"path"` or `"namespace"`.
        value: What it is compared with.
    """

    index: int
    form: str
    value: str

    def accepts(self, argument: tuple[str, str] | None) -> bool:
        """Whether an argument, given by type and value, is like that."""
        if argument is None:
            return False
        type_, value = argument
        if self.form == "path":
            return (
                value == self.value
                or (value.endswith("/") and self.value.startswith(value))
                or (self.value.endswith("/") and value.startswith(self.value))
            )
        if type_ != "s":
            return False
        return value == self.value or (self.form == "namespace" and value.startswith(self.value + "."))


class Rule(NamedTuple):
    """A match rule; `None` stands for anything. Equal rules are equal however they were written."""

    kind: int | None = None
    sender: str | None = None
    interface: str | None = None
    member: str | None = None
    path: str | None = None
    path_namespace: str | None = None
    destination: str | None = None
    arguments: tuple[ArgumentTest, ...] = ()
    eavesdrop: bool = False

    def accepts(self, message: Message, is_name_of: Callable[[str, str], bool]) -> bool:
        """Whether a message fits.

        Args:
            message: The message.
            is_name_of: Whether a bus name, the first, is at present one of the connection whose unique name
                is the second.
        """
        fields = message.fields
        if (
            (self.kind is not None and self.kind != message.kind)
            or (self.member is not None and self.member != fields.member)
            or (self.interface is not None and self.interface != fields.interface)
            or (self.path is not None and self.path != fields.path)
            or (self.path_namespace is not None and not _is_within(fields.path, self.path_namespace))
        ):
            return False
        if self.sender is not None and not is_name_of(self.sender, message.origin.name):
            return False
        if self.destination is not None and not self._is_destination(fields.destination, is_name_of):
            return False
        return all(test.accepts(message.text(test.index)) for test in self.arguments)

    def _is_destination(self, name: str | None, is_name_of: Callable[[str, str], bool]) -> bool:
        wanted = self.destination
        return name is not None and wanted is not None and (name == wanted or is_name_of(wanted, name))


def _is_within(path: str | None, namespace: str) -> bool:
    return path is not None and (namespace in {path, "/"} or path.startswith(namespace + "/"))


def parse_rule(text: str) -> Rule:
    """Read a match rule.

    Raises:
        CallError: It is none: the reply to who sent it.
    """
    if len(text) > MAX_LENGTH:
        raise CallError(INVALID, f"a match rule is longer than {MAX_LENGTH} characters")
    given: dict[str, str] = {}
    tests: dict[int, ArgumentTest] = {}
    for key, value in _pairs(text):
        if key.startswith("arg"):
            test = _argument(key, value)
            if test.index in tests:
                raise CallError(INVALID, f"argument {test.index} is matched more than once")
            tests[test.index] = test
            continue
        check = _CHECKS.get(key)
        if check is None:
            raise CallError(INVALID, f"a match rule knows no key {key!a}")
        if key in given:
            raise CallError(INVALID, f"the key {key!a} is there twice")
        if not check(value):
            raise CallError(INVALID, f"{value[:64]!a} is no value of the key {key!a}")
        given[key] = value
    if "path" in given and "path_namespace" in given:
        raise CallError(INVALID, "path and path_namespace exclude each other")
    kind = _TYPES.get(given.pop("type", ""))
    eavesdrop = given.pop("eavesdrop", "") == "true"
    arguments = tuple(tests[index] for index in sorted(tests))
    return Rule(kind, arguments=arguments, eavesdrop=eavesdrop, **given)


def _argument(key: str, value: str) -> ArgumentTest:
    match = _ARGUMENT.fullmatch(key)
    if match is None or int(match[1]) > MAX_ARGUMENT or (match[2] == "namespace" and int(match[1])):
        raise CallError(INVALID, f"a match rule knows no key {key!a}")
    if match[2] == "namespace" and not (is_namespace(value) or is_bus_name(value)):
        raise CallError(INVALID, f"{value[:64]!a} is no beginning of a bus name")
    return ArgumentTest(int(match[1]), match[2] or "", value)


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    position = 0
    while position < len(text):
        key, equals, _ = text[position:].partition("=")
        name = key.strip(_BLANK)
        if not equals or not name or any(blank in name for blank in _BLANK):
            if not key.strip(_BLANK) and not equals:
                break
            raise CallError(
                INVALID, f"a match rule has no key and value at {text[position : position + 64]!a}"
            )
        value, position = _value(text, position + len(key) + 1)
        pairs.append((name, value))
    return pairs


def _value(text: str, position: int) -> tuple[str, int]:
    """The value that begins at `position`, and where the next key begins."""
    value: list[str] = []
    quoted = False
    while position < len(text):
        character = text[position]
        position += 1
        if character == "'":
            quoted = not quoted
        elif quoted:
            value.append(character)
        elif character == ",":
            break
        elif character == "\\":
            # Outside of quotes, and only there, a backslash makes an apostrophe mean itself
            following = text[position : position + 1]
            value.append(following if following == "'" else character + following)
            position += 1
        else:
            value.append(character)
    if quoted:
        raise CallError(INVALID, "a match rule has an apostrophe without its partner")
    return "".join(value), position
