"""What any object on the bus is asked: signatures, interfaces, properties, introspection."""

from __future__ import annotations

from tests.lab.differential.members import (
    OF_A_MACHINE,
    OTHERS,
    PROPERTIES_OF_A_MACHINE,
    PROPERTIES_OF_THE_LOG,
    PROPERTIES_OF_THE_MANAGER,
)
from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.playing import LOG_CONTROL, MANAGER, PROPERTIES, Play, machine_path
from tests.lab.differential.player.stage import Stage
from tests.lab.differential.player.watching import SERVICE

PEER, INTROSPECTABLE = "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable"
MACHINE, LOG = f"{SERVICE}.Machine", "org.freedesktop.LogControl1"


def play(play: Play, stage: Stage) -> None:
    """Ask what fits no object, and what fits all."""
    stage.sleeper("thing")
    _signatures(play)
    _members(play)
    _properties(play)
    _introspection(play)
    stage.stop("thing")


def _signatures(play: Play) -> None:
    for member in OF_A_MACHINE:
        play.manager(member.on_manager, "u", 7, why="wrong signature")
        if member.on_machine:
            play.machine("thing", member.on_machine, "v", Typed("s", "x"), why="wrong signature")
    for member in OTHERS:
        play.manager(member.on_manager, "asas", [], [], why="wrong signature")
    play.manager("GetMachine", why="wrong signature")
    play.manager("GetMachine", "ss", "thing", "more", why="wrong signature")
    play.manager("GetMachineByPID", "i", 1, why="wrong signature")
    play.machine("thing", "Kill", "su", "all", 10, why="wrong signature")
    play.call(machine_path("thing"), PROPERTIES, "Get", "s", ("Name",), why="wrong signature")
    play.call(
        machine_path("thing"), PROPERTIES, "Get", "sss", (MACHINE, "Name", "more"), why="wrong signature"
    )
    play.call(machine_path("thing"), PROPERTIES, "GetAll", "", (), why="wrong signature")
    play.call(machine_path("thing"), PROPERTIES, "Set", "sss", (MACHINE, "Name", "x"), why="wrong signature")
    play.call(LOG_CONTROL, PROPERTIES, "Set", "sss", (LOG, "LogLevel", "x"), why="wrong signature, writable")
    play.call(machine_path("thing"), PEER, "Ping", "s", ("x",), why="wrong signature")


def _members(play: Play) -> None:
    for path, interface in _objects():
        play.call(path, interface, "NoSuchMember", why="unknown member")
        play.call(path, "org.example.NoSuch", "Ping", why="unknown interface")
        play.call(path, None, "NoSuchMember", why="unknown member")
        play.call(path, None, "Ping")
        play.call(path, PEER, "Ping")
        play.call(path, PEER, "GetMachineId")
        play.call(path, PEER, "NoSuchMember", why="unknown member")
    play.call(MANAGER, MACHINE, "GetUIDShift", why="unknown interface")
    play.call(machine_path("thing"), f"{SERVICE}.Manager", "ListMachines", why="unknown interface")
    play.call(machine_path("thing"), f"{SERVICE}.Image", "GetHostname", why="unknown interface")
    play.call(MANAGER, None, "ListMachines")
    play.call(machine_path("thing"), None, "GetUIDShift")
    for path in ("/", "/org/freedesktop", f"{MANAGER}/machine", f"{MANAGER}/none", "/elsewhere"):
        play.call(path, f"{SERVICE}.Manager", "ListMachines", why="unknown object")
        play.call(path, PEER, "Ping")
        play.call(path, PROPERTIES, "GetAll", "s", ("",), why="unknown object")
    for path in (machine_path("no-such"), machine_path(""), f"{machine_path('thing')}/below"):
        play.call(path, MACHINE, "GetUIDShift", why="unknown object")
        play.call(path, MACHINE, "NoSuchMember", why="unknown object")
        play.call(path, PROPERTIES, "Get", "ss", (MACHINE, "Name"), why="unknown object")
        play.call(path, PROPERTIES, "GetAll", "s", (MACHINE,), why="unknown object")
        play.call(path, PROPERTIES, "Set", "ssv", (MACHINE, "Name", Typed("s", "x")), why="unknown object")
        play.call(path, PEER, "Ping")
    for member in OF_A_MACHINE:
        if member.on_machine:
            play.machine("no-such", member.on_machine, member.signature, *member.values, why="unknown object")


def _objects() -> tuple[tuple[str, str], ...]:
    return (MANAGER, f"{SERVICE}.Manager"), (machine_path("thing"), MACHINE), (LOG_CONTROL, LOG)


def _properties(play: Play) -> None:
    names = (PROPERTIES_OF_THE_MANAGER, PROPERTIES_OF_A_MACHINE, PROPERTIES_OF_THE_LOG)
    for (path, interface), keys in zip(_objects(), names, strict=True):
        for key in keys:
            play.call(path, PROPERTIES, "Get", "ss", (interface, key))
        for key in [key for key in keys if key not in {"LogLevel", "LogTarget"}]:
            play.call(
                path, PROPERTIES, "Set", "ssv", (interface, key, Typed("s", "x")), why="read-only property"
            )
        for key in ("", "NoSuch", keys[0].lower()):
            play.call(path, PROPERTIES, "Get", "ss", (interface, key), why="unknown property")
            play.call(
                path, PROPERTIES, "Set", "ssv", (interface, key, Typed("s", "x")), why="unknown property"
            )
        for other in ("org.example.NoSuch", "not an interface", PEER):
            play.call(path, PROPERTIES, "Get", "ss", (other, keys[0]), why="unknown interface")
            play.call(
                path, PROPERTIES, "Set", "ssv", (other, keys[0], Typed("s", "x")), why="unknown interface"
            )
            play.call(path, PROPERTIES, "GetAll", "s", (other,), why="unknown interface")
        play.call(path, PROPERTIES, "Get", "ss", ("", keys[0]), why="unknown interface")
        play.call(path, PROPERTIES, "GetAll", "s", (interface,))
        play.call(path, PROPERTIES, "GetAll", "s", ("",))
        play.call(path, PROPERTIES, "NoSuchMember", why="unknown member")
    play.call(machine_path(".host"), PROPERTIES, "GetAll", "s", ("",))
    play.call(machine_path(".host"), PROPERTIES, "Get", "ss", (MACHINE, "Scope"))


def _introspection(play: Play) -> None:
    paths = ["/", "/org", "/org/freedesktop", MANAGER, f"{MANAGER}/machine", LOG_CONTROL]
    for path in (*paths, machine_path("thing"), machine_path(".host")):
        play.call(path, INTROSPECTABLE, "Introspect")
    for path in (machine_path("no-such"), "/elsewhere", f"{MANAGER}/none"):
        play.call(path, INTROSPECTABLE, "Introspect", why="unknown object")
