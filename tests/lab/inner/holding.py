"""Copies by the service, and stops whoever does it in the middle: `holding.py MEMBER MACHINE FROM TO FLAGS`.

It prints the pid of the stopped process once there is one, and "error NAME" or "reply" when the copy ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, connect, system_address


def unfinished() -> Iterator[int]:
    """The helpers that write a file which has no name yet."""
    for entry in os.listdir("/proc"):
        try:
            if not entry.isdigit() or Path(f"/proc/{entry}/comm").read_text() != "machines-inside\n":
                continue
            for fd in os.listdir(f"/proc/{entry}/fd"):
                link = os.readlink(f"/proc/{entry}/fd/{fd}")
                if link.endswith("(deleted)") and os.stat(f"/proc/{entry}/fd/{fd}").st_size:
                    yield int(entry)
        except OSError:
            continue  # it has ended


async def stop_in_the_middle() -> None:
    while True:
        for pid in unfinished():
            os.kill(pid, signal.SIGSTOP)
            print(pid, flush=True)
            return
        await asyncio.sleep(0)  # as often as can be: the middle is short


async def main(member: str, machine: str, source: str, target: str, flags: int) -> None:
    connection = await connect(system_address())
    stopping = asyncio.create_task(stop_in_the_middle())
    arguments = [machine, source, target, flags]
    call = connection.call(
        MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, member, "ssst", *arguments, timeout=None
    )
    try:
        await call
    except CallError as error:
        print("error", error.name, flush=True)
    else:
        print("reply", flush=True)
    stopping.cancel()
    await connection.close()


asyncio.run(main(*sys.argv[1:5], int(sys.argv[5])))
