"""Makes one call of the manager and kills the service so many milliseconds later, as `kill -9` does.

`cutting.py DELAY SERVICE MEMBER NAME`: CreateMachine gets a sleeping process as leader. It prints what came
of the call, and the leader that it made, or None.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, connect, system_address


def sleeper() -> int:
    null = subprocess.DEVNULL
    return subprocess.Popen(["sleep", "infinity"], stdout=null, stderr=null, start_new_session=True).pid


async def main(delay: float, service: int, member: str, name: str) -> None:
    connection = await connect(system_address())
    leader, signature, arguments = None, "s", [name]
    if member == "CreateMachine":
        leader = sleeper()
        signature, arguments = "sayssusa(sv)", [name, b"", "lab", "container", leader, "", []]
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    call = asyncio.create_task(connection.call(*manager, member, signature, *arguments, timeout=20))
    await asyncio.sleep(delay / 1000)
    os.kill(service, signal.SIGKILL)
    try:
        await call
        print("reply", leader, flush=True)
    except CallError as error:
        print(error.name, leader, flush=True)
    await connection.close()


asyncio.run(main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
