"""Long work on images, as much as there may be: `operating.py most|killed SERVICE IMAGE`; prints JSON.

`most` begins more clones than there may be while the process that workers are born in is stopped, makes other
calls meanwhile, and lets them go on; then it removes all copies at once. `killed` kills the service, as
`kill -9` does, once there are workers, and waits until those have ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, Connection, connect, system_address

MOST, BEYOND = 64, 6
NURSERY = b"machined.host.linux.storage.nursery"


def children(pid: int) -> list[int]:
    """The processes that come from all threads of one."""
    found = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for some in found for child in some]


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def nursery(service: int) -> int:
    (found,) = [
        child for child in children(service) if NURSERY in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - nothing tells of processes that are not ours
        await asyncio.sleep(0.005)


async def call(connection: Connection, member: str, signature: str = "", *arguments: Any) -> Any:
    """What a call answers, or the name of its error."""
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    try:
        return await connection.call(*manager, member, signature, *arguments, timeout=120)
    except CallError as error:
        return error.name


async def images(connection: Connection) -> list[str]:
    (listed,) = await call(connection, "ListImages")
    return sorted(row[0] for row in listed)


async def most(connection: Connection, service: int, image: str) -> dict[str, Any]:
    stopped = nursery(service)
    os.kill(stopped, signal.SIGSTOP)
    clones = [
        asyncio.create_task(call(connection, "CloneImage", "ssb", image, f"copy-{number}", False))
        for number in range(MOST + BEYOND)
    ]
    try:
        while sum(clone.done() for clone in clones) < BEYOND:
            await asyncio.wait([one for one in clones if not one.done()], return_when="FIRST_COMPLETED")
        refused = [clone.result() for clone in clones if clone.done()]
        refused.append(await call(connection, "RemoveImage", "s", image))
        began = time.monotonic()
        before = await images(connection)
        took = time.monotonic() - began
    finally:
        os.kill(stopped, signal.SIGCONT)
    answers = await asyncio.gather(*clones)
    copies = [name for name in await images(connection) if name.startswith("copy-")]
    removals = await asyncio.gather(*(call(connection, "RemoveImage", "s", name) for name in copies))
    return {
        "refused": refused,
        "before": before,
        "took": took,
        "errors": [one for one in answers if isinstance(one, str)],
        "copies": len(copies),
        "unremoved": [one for one in removals if isinstance(one, str)],
        "after": await images(connection),
    }


async def killed(connection: Connection, service: int, image: str) -> dict[str, Any]:
    parent = nursery(service)
    names = [f"copy-{number}" for number in range(8)]
    clones = [
        asyncio.create_task(call(connection, "CloneImage", "ssb", image, name, False)) for name in names
    ]
    await until(lambda: len(children(parent)) == len(names))
    workers = children(parent)
    os.kill(service, signal.SIGKILL)
    await until(lambda: not any(map(is_there, (parent, *workers))))
    return {"workers": len(workers), "answers": await asyncio.gather(*clones)}


async def main(what: str, service: int, image: str) -> None:
    connection = await connect(system_address())
    done = await (most if what == "most" else killed)(connection, service, image)
    print(json.dumps(done), flush=True)
    await connection.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
