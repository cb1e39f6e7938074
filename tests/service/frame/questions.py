"""Calls that go wrong, or are odd, in every way a caller can think of, and how the reference answers.

Each is asked of our service and of the reference, where it is installed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from machined.contract import BUS, IMAGE_INTERFACE, MACHINE_INTERFACE, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, Connection, Variant

PEER, INTROSPECTABLE, PROPERTIES = f"{BUS}.Peer", f"{BUS}.Introspectable", f"{BUS}.Properties"
LOG = ("/org/freedesktop/LogControl1", "org.freedesktop.LogControl1")
HOST = f"{MANAGER_PATH}/machine/_2ehost"
FINE = ""
"""In place of an error's name: the call is answered."""


class Question(NamedTuple):
    """A call and how it ends."""

    path: str
    interface: str
    member: str
    signature: str
    arguments: tuple[Any, ...]
    error: str

    def __str__(self) -> str:
        return (
            f"{self.path} {self.interface.rpartition('.')[2]}.{self.member}{self.arguments} -> {self.error}"
        )


def _get(path: str, interface: str, name: str, error: str) -> Question:
    return Question(path, PROPERTIES, "Get", "ss", (interface, name), error)


def _get_all(path: str, interface: str, error: str) -> Question:
    return Question(path, PROPERTIES, "GetAll", "s", (interface,), error)


def _set(path: str, interface: str, name: str, value: Variant, error: str) -> Question:
    return Question(path, PROPERTIES, "Set", "ssv", (interface, name, value), error)


def _folder(name: str) -> list[Question]:
    path = f"{MANAGER_PATH}/{name}"
    return [
        Question(path, INTROSPECTABLE, "Introspect", "", (), FINE),
        Question(path, "a.b", "C", "", (), "UnknownMethod"),
        _get(path, MACHINE_INTERFACE, "Name", "UnknownProperty"),
        _get_all(path, "", FINE),
        _get_all(path, PEER, FINE),
        _get_all(path, MACHINE_INTERFACE, "UnknownInterface"),
        Question(f"{path}/none", MACHINE_INTERFACE, "GetAddresses", "", (), "UnknownObject"),
        Question(f"{path}/none/below", INTROSPECTABLE, "Introspect", "", (), "UnknownObject"),
        _get_all(f"{path}/none", "", "UnknownObject"),
        _get(f"{path}/none", MACHINE_INTERFACE, "Name", "UnknownObject"),
        _get_all(f"{path}/_c3", "", "UnknownObject"),
        _get_all(f"{path}/_", "", "UnknownObject"),
        # Encodings of `.host` that nobody would make
        _get_all(f"{path}/_2ehos_74", "", FINE),
        _get_all(f"{path}/_2Ehost", "", FINE),
    ]


def _way(path: str) -> list[Question]:
    return [
        Question(path, INTROSPECTABLE, "Introspect", "", (), FINE),
        Question(path, INTROSPECTABLE, "Introspect", "s", ("",), "InvalidArgs"),
        Question(path, "a.b", "C", "", (), "UnknownObject"),
        _get(path, MACHINE_INTERFACE, "Name", "UnknownObject"),
        _get_all(path, "", "UnknownObject"),
        _get_all(path, PEER, "UnknownObject"),
    ]


QUESTIONS = [
    Question(MANAGER_PATH, PEER, "Ping", "", (), FINE),
    Question("/any/where", PEER, "Ping", "", (), FINE),
    Question("/any/where", PEER, "GetMachineId", "", (), FINE),
    Question("/any/where", PEER, "Nothing", "", (), "UnknownMethod"),
    Question("/any/where", "a.b", "C", "", (), "UnknownObject"),
    Question("/any/where", INTROSPECTABLE, "Introspect", "", (), "UnknownObject"),
    Question(MANAGER_PATH, INTROSPECTABLE, "Introspect", "s", ("",), "InvalidArgs"),
    Question(MANAGER_PATH, INTROSPECTABLE, "Nothing", "", (), "UnknownMethod"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "Nothing", "", (), "UnknownMethod"),
    Question(MANAGER_PATH, "a.b", "ListMachines", "", (), "UnknownMethod"),
    Question(MANAGER_PATH, MACHINE_INTERFACE, "GetAddresses", "", (), "UnknownMethod"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "ListMachines", "s", ("x",), "InvalidArgs"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "", (), "InvalidArgs"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "o", ("/",), "InvalidArgs"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "ss", (".host", ""), "InvalidArgs"),
    Question(MANAGER_PATH, MANAGER_INTERFACE, "GetMachine", "s", (".host",), FINE),
    _get(MANAGER_PATH, MANAGER_INTERFACE, "PoolPath", FINE),
    _get(MANAGER_PATH, MANAGER_INTERFACE, "Nothing", "UnknownProperty"),
    _get(MANAGER_PATH, "a.b", "PoolPath", "UnknownProperty"),
    _get(MANAGER_PATH, "", "PoolPath", "UnknownProperty"),
    _get(MANAGER_PATH, MANAGER_INTERFACE, "ListMachines", "UnknownProperty"),
    Question(MANAGER_PATH, PROPERTIES, "Get", "s", (MANAGER_INTERFACE,), "InvalidArgs"),
    Question(MANAGER_PATH, PROPERTIES, "GetAll", "", (), "InvalidArgs"),
    Question(MANAGER_PATH, PROPERTIES, "Nothing", "", (), "UnknownMethod"),
    _get_all(MANAGER_PATH, "", FINE),
    _get_all(MANAGER_PATH, MANAGER_INTERFACE, FINE),
    _get_all(MANAGER_PATH, PEER, FINE),
    _get_all(MANAGER_PATH, MACHINE_INTERFACE, "UnknownInterface"),
    _set(MANAGER_PATH, MANAGER_INTERFACE, "PoolPath", Variant("s", "/x"), "PropertyReadOnly"),
    _set(MANAGER_PATH, MANAGER_INTERFACE, "PoolPath", Variant("u", 1), "PropertyReadOnly"),
    _set(MANAGER_PATH, MANAGER_INTERFACE, "Nothing", Variant("s", "/x"), "UnknownProperty"),
    _get(HOST, MACHINE_INTERFACE, "Scope", FINE),
    _set(HOST, MACHINE_INTERFACE, "Scope", Variant("s", ""), "PropertyReadOnly"),
    Question(HOST, MANAGER_INTERFACE, "ListMachines", "", (), "UnknownMethod"),
    Question(HOST, MACHINE_INTERFACE, "Kill", "s", ("leader",), "InvalidArgs"),
    _get_all(f"{MANAGER_PATH}/image/_2ehost", IMAGE_INTERFACE, FINE),
    _get_all(f"{MANAGER_PATH}/machine/self", "", "UnknownObject"),
    *_folder("machine"),
    *_folder("image"),
    *_way("/"),
    *_way("/org"),
    *_way("/org/freedesktop"),
    _set(*LOG, "LogLevel", Variant("u", 1), "InvalidArgs"),
    _set(*LOG, "LogLevel", Variant("s", "x"), "InvalidArgs"),
    _set(*LOG, "LogTarget", Variant("s", "x"), "InvalidArgs"),
    _set(
        *LOG, "SyslogIdentifier", Variant("s", ""),
        "PropertyReadOnly",
    ),
]  # fmt: skip


async def answer(client: Connection, service: str, question: Question) -> str:
    """The name of the error that `service` answers with, in short; `FINE` if it is none."""
    path, interface, member, signature, arguments, _ = question
    try:
        await client.call(service, path, interface, member, signature, *arguments)
    except CallError as error:
        return error.name.removeprefix(f"{BUS}.Error.")
    return FINE
