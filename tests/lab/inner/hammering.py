"""Asks good machines all the while, until its input is closed: `hammering.py NAME…`.

It prints "begun" once all members were asked, and at the end JSON: milliseconds of each member's calls, and
what was refused. Between them the bus itself is asked as often, as "the bus": what that takes tells how busy
the host is, whatever our service does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, connect, system_address

MEMBERS = ("GetMachine", "GetMachineOSRelease", "GetMachineAddresses", "OpenMachinePTY", "ListMachines")
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")
CONTROL = "the bus"


async def main(names: list[str]) -> None:
    connection = await connect(system_address())
    times: dict[str, list[float]] = {member: [] for member in (CONTROL, *MEMBERS)}
    refused: list[str] = []

    async def ask(member: str, name: str) -> None:
        signature, arguments = ("", []) if member == "ListMachines" else ("s", [name])
        begin = time.perf_counter()
        try:
            call = connection.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, signature, *arguments)
            answer = await call
        except CallError as error:
            refused.append(f"{member} {name}: {error.name} {error.message}")
            return
        times[member].append(1000 * (time.perf_counter() - begin))
        if member == "OpenMachinePTY":
            os.close(answer[0])

    async def ask_bus() -> None:
        begin = time.perf_counter()
        await connection.call(*BUS)
        times[CONTROL].append(1000 * (time.perf_counter() - begin))

    async def ask_all() -> None:
        for name in names:
            await ask_bus()
            for member in MEMBERS:
                await ask(member, name)

    async def ask_on() -> None:
        while True:
            await ask_all()

    await ask_all()
    times.update({member: [] for member in times})  # the first ones open what is kept for the next
    print("begun", flush=True)
    asking = asyncio.create_task(ask_on())
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([asking, ended], return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    print(json.dumps([times, refused]), flush=True)
    await connection.close()


asyncio.run(main(sys.argv[1:]))
