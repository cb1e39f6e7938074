"""Calls everything that concerns a machine, all at once: `trespassing.py NAME LEADER`.

It does so for each line that it reads, which is a name for the round and a kind ("all", "looks": without
copies, "flood": shells that never stop to write), and prints a line of JSON for it: for each call the member,
the seconds it took, and what came of it. What is copied out goes to /run/loot/ROUND.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from machined.contract import MACHINE1, MACHINE_INTERFACE, MANAGER_INTERFACE, MANAGER_PATH, machine_path
from machined.wire import CallError, CallTimeout, Connection, connect, system_address

GIFT = "/run/gift"
NEVER = 20.0
"""Seconds after which a call counts as one without an answer."""

Call = tuple[str, str, list[Any]]


def of_manager(name: str, leader: int, loot: str) -> list[Call]:
    """What can be asked of the manager about a machine."""
    plain = ["GetMachine", "GetMachineAddresses", "GetMachineUIDShift", "OpenMachineLogin"]
    plain += ["GetMachineOSRelease"] * 8 + ["OpenMachinePTY"] * 4 + ["OpenMachineRootDirectory"] * 2
    return [
        *((member, "s", [name]) for member in plain),
        ("GetMachineByPID", "u", [leader]),
        ("MapFromMachineUser", "su", [name, 0]),
        ("OpenMachineShell", "sssasas", [name, "root", "/bin/true", [], []]),
        ("OpenMachineShell", "sssasas", [name, "eve", "/bin/none", [], []]),
        ("OpenMachineShell", "sssasas", [name, "root", "", [], []]),
        ("BindMountMachine", "sssbb", [name, GIFT, "/etc/shown", False, True]),
        ("BindMountMachine", "sssbb", [name, GIFT, "/run/shown", True, True]),
        ("CopyFromMachine", "sss", [name, "/etc/os-release", f"{loot}/os-release"]),
        ("CopyFromMachine", "sss", [name, "/etc", f"{loot}/etc"]),
        ("CopyToMachineWithFlags", "ssst", [name, GIFT, "/etc/gift", 1]),
        ("CopyToMachineWithFlags", "ssst", [name, GIFT, "/dev/gift", 1]),
    ]


def of_machine(loot: str) -> list[Call]:
    """What can be asked of the machine itself."""
    plain = ("GetOSRelease", "GetAddresses", "GetUIDShift", "OpenPTY", "OpenRootDirectory")
    return [
        *((member, "", []) for member in plain),
        ("OpenShell", "ssasas", ["root", "/bin/true", [], []]),
        ("BindMount", "ssbb", [GIFT, "/tmp/shown", False, True]),
        ("CopyFromWithFlags", "sst", ["/etc/passwd", f"{loot}/passwd", 1]),
    ]


FLOOD: Call = ("OpenShell", "ssasas", ["root", "/bin/sh", ["sh", "-c", "exec yes"], []])


async def drained(fd: int) -> int:
    """Read for a second, so that more comes, then leave it full for another; how many bytes came."""
    count, end = 0, time.monotonic() + 1
    os.set_blocking(fd, False)
    while time.monotonic() < end:
        try:
            count += len(os.read(fd, 1 << 16))
        except BlockingIOError:
            await asyncio.sleep(0.001)
    await asyncio.sleep(1)
    return count


async def call(connection: Connection, path: str, interface: str, what: Call) -> list[Any]:
    """Make one call: its member, how long it took, and the reply or the error as text."""
    member, signature, arguments = what
    begin = time.monotonic()
    try:
        answer = await connection.call(
            MACHINE1, path, interface, member, signature, *arguments, timeout=NEVER
        )
        said = f"reply {answer}"
        if member == FLOOD[0] and arguments == FLOOD[2]:
            said += f" {await drained(answer[0])} bytes"
        if member.startswith("Open"):
            os.close(answer[0])
    except CallError as error:
        said = f"{error.name} {error.message}"
    except CallTimeout:
        said = "nothing"
    return [member, time.monotonic() - begin, said]


async def main(name: str, leader: int) -> None:
    connection = await connect(system_address())
    while line := await asyncio.to_thread(sys.stdin.readline):
        kind, _, title = line.strip().partition(" ")
        loot = f"/run/loot/{title.replace('/', '_')}"
        os.makedirs(loot)
        manager = [] if kind == "flood" else of_manager(name, leader, loot)
        machine = [FLOOD] * 4 if kind == "flood" else of_machine(loot)
        if kind == "looks":
            manager, machine = ([one for one in some if "Copy" not in one[0]] for some in (manager, machine))
        calls = [call(connection, MANAGER_PATH, MANAGER_INTERFACE, one) for one in manager]
        calls += [call(connection, machine_path(name), MACHINE_INTERFACE, one) for one in machine]
        print(json.dumps(await asyncio.gather(*calls)), flush=True)
    await connection.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
