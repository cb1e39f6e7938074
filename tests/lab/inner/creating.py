"""Creates a machine on the bus of the host that it runs in, and prints what it sees, a line of JSON each.

`creating.py NAME [PROPERTY SIGNATURE VALUE_AS_JSON]…`: the leader is a sleeping process that outlives it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

from machined.contract import MACHINE1, MANAGER_INTERFACE, MANAGER_PATH
from machined.wire import CallError, Signal, Variant, connect, system_address


def tell(what: str, *values: Any) -> None:
    print(json.dumps([what, *values]), flush=True)


async def main(leader: int, name: str, words: list[str]) -> None:
    tell("leader", leader)
    connection = await connect(system_address())

    def on_signal(signal: Signal) -> None:
        if signal.body[0] == name:
            tell(signal.member, signal.body[1])

    await connection.subscribe(on_signal, sender=MACHINE1, interface=MANAGER_INTERFACE)
    properties = [
        [words[index], Variant(words[index + 1], json.loads(words[index + 2]))]
        for index in range(0, len(words), 3)
    ]
    arguments = [name, b"", "libvirt-test", "vm", leader, "", [], properties]
    try:
        (path,) = await connection.call(
            MACHINE1, MANAGER_PATH, MANAGER_INTERFACE, "CreateMachineWithNetwork", "sayssusaia(sv)",
            *arguments, timeout=None,
        )  # fmt: skip
    except CallError as error:
        tell("error", error.name)
    else:
        tell("reply", path)
    await connection.close()


sleeper = subprocess.Popen(["sleep", "infinity"], stdout=subprocess.DEVNULL, start_new_session=True)
asyncio.run(main(sleeper.pid, sys.argv[1], sys.argv[2:]))
