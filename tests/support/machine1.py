"""A service that owns the names of machine1 and systemd1 on a private bus and knows a number of machines.

It answers what the console asks while it starts, as the real service words it; run as a program it serves
until it is ended: `python -m tests.support.machine1 ADDRESS COUNT`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from machined.contract import (
    MACHINE1,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    SYSTEMD1,
    UNKNOWN_SIZE,
    ErrorName,
    image_path,
    machine_path,
    unescape_label,
)
from machined.wire import Call, CallError, Connection, Variant, connect

Reply = tuple[str, Sequence[Any]]


class Machine1:
    """Machines named `machine-00` and on, each with an image of its name."""

    def __init__(self, count: int) -> None:
        self.names = [f"machine-{number:02}" for number in range(count)]

    async def answer(self, call: Call) -> Reply | None:
        """Answer one call."""
        method = getattr(self, f"on_{(call.member or '').lower()}", None)
        if method is None:
            raise CallError(ErrorName.UNKNOWN_METHOD, f"Unknown method {call.member}.")
        return method(call)

    def on_listmachines(self, call: Call) -> Reply:
        rows = [[name, "container", "systemd-nspawn", machine_path(name)] for name in self.names]
        return "a(ssso)", [[[".host", "host", "", machine_path(".host")], *rows]]

    def on_listimages(self, call: Call) -> Reply:
        rows = [[name, "directory", False, 1, 0, UNKNOWN_SIZE, image_path(name)] for name in self.names]
        return "a(ssbttto)", [rows]

    def on_getall(self, call: Call) -> Reply:
        if call.path == MANAGER_PATH:
            sizes = {name: Variant("t", UNKNOWN_SIZE) for name in ("PoolUsage", "PoolLimit")}
            return "a{sv}", [{"PoolPath": Variant("s", "/var/lib/machines"), **sizes}]
        name = unescape_label(call.path.rsplit("/", 1)[1])
        if name not in self.names:
            raise CallError(ErrorName.UNKNOWN_OBJECT, f"Unknown object '{call.path}'.")
        return "a{sv}", [
            {
                "Name": Variant("s", name),
                "Id": Variant("ay", bytes(16)),
                "Timestamp": Variant("t", 1_700_000_000_000_000),
                "TimestampMonotonic": Variant("t", 1000 + self.names.index(name)),
                "Service": Variant("s", "systemd-nspawn"),
                "Unit": Variant("s", f"systemd-nspawn@{name}.service"),
                "Leader": Variant("u", 4242),
                "Class": Variant("s", "container"),
                "RootDirectory": Variant("s", f"/var/lib/machines/{name}"),
                "State": Variant("s", "running"),
            }
        ]

    def on_getmachineosrelease(self, call: Call) -> Reply:
        return "a{ss}", [{"PRETTY_NAME": "Debian GNU/Linux 12", "ID": "debian", "VERSION_ID": "12"}]

    def on_getmachineaddresses(self, call: Call) -> Reply:
        if call.body[0] not in self.names:
            raise CallError(ErrorName.NO_SUCH_MACHINE, f"No machine '{call.body[0]}' known")
        index = self.names.index(call.body[0])
        return "a(iay)", [[[2, bytes([10, 0, index // 256, index % 256])]]]

    def on_subscribe(self, call: Call) -> None:
        return None

    async def serve(self, address: str) -> Connection:
        """Own the names on a bus and answer there; the connection, for the caller to close."""
        connection = await connect(address)
        connection.serve(self.answer)
        for name in (MACHINE1, SYSTEMD1):
            assert await connection.request_name(name), f"{name} is owned by somebody else"
        return connection

    def appear(self, connection: Connection, name: str) -> None:
        """Register a machine and tell of it."""
        self.names.append(name)
        connection.emit(MANAGER_PATH, MANAGER_INTERFACE, "MachineNew", "so", name, machine_path(name))

    def vanish(self, connection: Connection, name: str) -> None:
        """Forget a machine and tell of it."""
        self.names.remove(name)
        connection.emit(MANAGER_PATH, MANAGER_INTERFACE, "MachineRemoved", "so", name, machine_path(name))


async def main(address: str, count: int) -> None:
    """Serve until the bus goes."""
    connection = await Machine1(count).serve(address)
    print("ready", flush=True)
    await connection.wait_closed()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
