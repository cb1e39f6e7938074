"""Makes calls that want no reply, as fast as it can: `flooding.py MEMBER COUNT NAME`.

It prints a line once all have been sent and a call of the same member that wants a reply, made behind them,
has got one.
"""

from __future__ import annotations

import asyncio
import sys

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import connect, system_address
from machined.wire.header import METHOD_CALL, NO_REPLY_EXPECTED

AT_ONCE = 500
"""Calls between two looks at whether the socket takes more."""


async def main(member: str, count: int, names: list[str]) -> None:
    connection = await connect(system_address())
    signature = "s" * len(names)
    for number in range(count):
        connection._bus.transmit(
            METHOD_CALL,
            signature,
            names,
            flags=NO_REPLY_EXPECTED,
            destination=MACHINE1,
            path=MANAGER_PATH,
            interface=MANAGER_INTERFACE,
            member=member,
        )
        if number % AT_ONCE == 0:
            await connection.drain()
    await connection.call(MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, signature, *names, timeout=None)
    print("sent", flush=True)
    await connection.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
