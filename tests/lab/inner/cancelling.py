"""Long work, cancelled in the middle: `cancelling.py SERVICE MEMBER SIGNATURE ARGUMENT...`; prints JSON.

The worker is stopped once it has told how far it is, so that it is in the middle for as long as others are at
it: first a user who may not, then root over another connection.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from machined.contract import (
    MACHINE1,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    OPERATIONS_INTERFACE,
    OPERATIONS_PATH,
)
from machined.wire import CallError, Signal, connect, system_address

NURSERY = b"machined.host.linux.storage.nursery"
OPERATIONS = (MACHINE1, OPERATIONS_PATH, OPERATIONS_INTERFACE)
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def children(pid: int) -> list[int]:
    """The processes that come from all threads of one."""
    found = [task.read_text().split() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for some in found for child in some]


def workers(service: int) -> list[int]:
    (nursery,) = [
        child for child in children(service) if NURSERY in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return children(nursery)


async def main(service: int, member: str, signature: str, arguments: list[Any]) -> None:
    caller, other = await connect(system_address()), await connect(system_address())
    figures: asyncio.Queue[list[Any]] = asyncio.Queue()

    def on_progress(signal: Signal) -> None:
        figures.put_nowait(signal.body)

    where = {"path": OPERATIONS_PATH, "interface": OPERATIONS_INTERFACE, "member": "OperationProgress"}
    await other.subscribe(on_progress, sender=MACHINE1, **where)
    manager = (MACHINE1, MANAGER_PATH, MANAGER_INTERFACE)
    going = asyncio.create_task(caller.call(*manager, member, signature, *arguments, timeout=120))
    row = await figures.get()
    stopped = workers(service)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    words = (*NOBODY, "busctl", "call", *OPERATIONS, "Cancel", "u", str(row[0]))
    refused = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    (listed,) = await other.call(*OPERATIONS, "ListOperations")
    await other.call(*OPERATIONS, "Cancel", "u", row[0])
    told: dict[str, Any] = {"refused": refused.stderr, "listed": [one[0] for one in listed], "id": row[0]}
    told["workers"] = len(stopped)
    try:
        await going
    except CallError as error:
        told |= {"error": error.name, "message": error.message}
    print(json.dumps(told), flush=True)
    await caller.close()
    await other.close()


words = [{"true": True, "false": False}.get(word, word) for word in sys.argv[4:]]
asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], words))
