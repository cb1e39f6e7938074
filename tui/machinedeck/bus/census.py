"""Who is on the system bus: what `machinedeck doctor` asks of it. Nobody is started by the questions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from machined.contract import (
    BUS,
    MACHINE1,
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    SYSTEMD1_UNIT_INTERFACE,
)
from machined.wire import CallError, Connection, WireError, connect
from machinedeck.bus.errors import from_wire
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean

ALIAS = f"dbus-{MACHINE1}.service"
"""The unit that the bus starts for who calls the service of machines (org.freedesktop.machine1(5))."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What PID 1 knows of a unit."""

    name: str
    load_state: str
    """As in `systemctl show --property=LoadState`."""
    fragment: str
    """The path of its file, "" if it has none."""


@dataclass(frozen=True, slots=True)
class Census:
    """What a message bus tells of who is on it."""

    failure: Failure | None = None
    """Why it could not be asked, `None` if it could."""
    names: frozenset[str] = frozenset()
    """Names that are owned, or whose owner is started when it is called."""
    systemd: str = ""
    """The version of PID 1, "" if it does not say."""
    pid: int = 0
    """The process that serves machines, 0 for none."""
    command: tuple[str, ...] = ()
    """The command line of that process, empty if it cannot be read."""
    unit: Unit | None = None
    """The unit of that process, or the one that would be started; `None` if PID 1 knows none."""


async def take_census(address: str, seconds: float) -> Census:
    """Ask the bus at `address` who is on it, for `seconds` at most. Never raises: `failure` tells."""
    try:
        async with asyncio.timeout(seconds):
            connection = await connect(address, timeout=seconds)
            try:
                return await _ask(connection)
            finally:
                await connection.close()
    except TimeoutError:
        message = f"The message bus did not answer within {seconds:g} seconds."
        return Census(Failure(Kind.NO_BUS, message))
    except WireError as error:
        return Census(from_wire(error, "ask the message bus"))


async def _ask(connection: Connection) -> Census:
    owned, activatable = [
        (await connection.call(BUS, "/org/freedesktop/DBus", BUS, member))[0]
        for member in ("ListNames", "ListActivatableNames")
    ]
    pid = 0
    if MACHINE1 in owned:
        ask = (BUS, "/org/freedesktop/DBus", BUS, "GetConnectionUnixProcessID")
        try:
            (pid,) = await connection.call(*ask, "s", MACHINE1)
        except CallError:
            owned.remove(MACHINE1)  # gone since the list was made
    version, unit = "", None
    if SYSTEMD1 in owned:
        version, unit = await _ask_systemd(connection, pid)
    return Census(None, frozenset((*owned, *activatable)), clean(version), pid, _command(pid), unit)


async def _ask_systemd(connection: Connection, pid: int) -> tuple[str, Unit | None]:
    manager = (SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE)
    try:
        version = str(await connection.get_property(*manager, "Version"))
    except CallError:
        version = ""  # a container's policy can keep PID 1 to itself
    try:
        (path,) = await (
            connection.call(*manager, "GetUnitByPID", "u", pid)
            if pid
            else connection.call(*manager, "LoadUnit", "s", ALIAS)
        )
        facts = await connection.get_all(SYSTEMD1, path, SYSTEMD1_UNIT_INTERFACE)
    except CallError:
        return version, None
    name, state, fragment = (clean(facts.get(key, "")) for key in ("Id", "LoadState", "FragmentPath"))
    return version, Unit(name, state, fragment)


def _command(pid: int) -> tuple[str, ...]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()  # of another user where /proc hides those, or gone
    return tuple(clean(word) for word in raw.decode(errors="replace").split("\0")[:-1])
