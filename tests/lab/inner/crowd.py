"""Creates machines on the bus of the host that it runs in, and ends them all at once: `crowd.py COUNT`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import connect, system_address


def sleeper() -> int:
    pid = os.fork()
    if not pid:
        signal.pause()
        os._exit(0)
    return pid


async def main(leaders: list[int]) -> None:
    connection = await connect(system_address())
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    removed: set[str] = set()
    everybody_gone = asyncio.Event()

    def on_removed(name: str) -> None:
        removed.add(name)
        if len(removed) == len(leaders):
            everybody_gone.set()

    await connection.subscribe(
        lambda signal: on_removed(signal.body[0]), sender=MACHINE1, member="MachineRemoved"
    )
    for number, leader in enumerate(leaders):
        arguments = [f"crowd-{number}", b"", "crowd", "container", leader, "", []]
        await connection.call(*manager, "CreateMachine", "sayssusa(sv)", *arguments)
    (listed,) = await connection.call(*manager, "ListMachines")
    print(len([one for one in listed if one[0].startswith("crowd-")]))
    for leader in leaders:
        os.kill(leader, signal.SIGKILL)
    async with asyncio.timeout(30):
        await everybody_gone.wait()
    print(len(removed))
    await connection.close()


count = int(sys.argv[1])
asyncio.run(main([sleeper() for _ in range(count)]))
