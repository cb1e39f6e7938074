"""Gives a file to our service in ways that it does not expect: `giving.py PATH MACHINE`; prints answers."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, CallTimeout, connect, system_address
from machined.wire.header import METHOD_CALL, NO_REPLY_EXPECTED, SIGNAL

PATIENCE = 5.0


async def main(path: str, machine: str) -> None:
    connection = await connect(system_address())
    said = []

    def given() -> int:
        return os.open(path, os.O_RDONLY)

    async def call(member: str, signature: str, *arguments: Any) -> None:
        try:
            answer = await connection.call(
                MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, signature, *arguments, timeout=PATIENCE
            )
            said.append(f"{member}: {answer}")
        except (CallError, CallTimeout) as error:
            said.append(f"{member}: {getattr(error, 'name', 'nothing')}")

    await call("CopyToMachine", "sssh", machine, "/etc/hostname", "/run/x", given())
    await call("OpenMachineShell", "sssash", machine, "root", "/bin/true", [], given())
    await call("GetMachine", "h", given())
    for kind, member in ((METHOD_CALL, "GetMachine"), (SIGNAL, "Changed")):
        connection._bus.transmit(
            kind,
            "h",
            [given()],
            flags=NO_REPLY_EXPECTED,
            destination=MACHINE1,
            path=MANAGER_PATH,
            interface=MANAGER_INTERFACE,
            member=member,
        )
    await call("GetMachine", "s", machine)
    await call("GetMachineOSRelease", "s", machine)
    print(json.dumps(said), flush=True)
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
