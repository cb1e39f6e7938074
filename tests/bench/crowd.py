"""Runs inside a lab host and asks its org.freedesktop.machine1 by sd-bus; prints what it took, as JSON.

    python3 -m tests.bench.crowd calls MACHINE PASSES
    python3 -m tests.bench.crowd crowd COUNT CALLS

`calls` asks of one machine that is there. `crowd` registers so many machines, each a sleeping process in a
scope of its own, asks so many calls of them, and lets them end. It needs sd-bus and the standard library.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.sdbus import SdBus

ADDRESS = "unix:path=/run/dbus/system_bus_socket"
MACHINE1 = "org.freedesktop.machine1"
PATH = "/org/freedesktop/machine1"
MANAGER = (MACHINE1, PATH, f"{MACHINE1}.Manager")
SYSTEMD = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
PROPERTIES = "org.freedesktop.DBus.Properties"

Call = Callable[[], None]


def timed(call: Call) -> float:
    """Microseconds that a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e6


def label(name: str) -> str:
    """A machine's name, which begins with a letter, as a part of its object path (sd_bus_path_encode(3))."""
    return "".join(one if one.isalnum() else f"_{ord(one):02x}" for one in name)


def calls(bus: SdBus, machine: str, passes: int) -> dict[str, list[float]]:
    """What each call took, all members in turn so that they meet the same host."""
    path = f"{PATH}/machine/{label(machine)}"
    members: dict[str, tuple[Call, int]] = {
        "Ping": (lambda: bus.call(MACHINE1, PATH, "org.freedesktop.DBus.Peer", "Ping"), 10),
        "GetMachine": (lambda: bus.call(*MANAGER, "GetMachine", machine), 10),
        "GetAll": (lambda: bus.call(MACHINE1, path, PROPERTIES, "GetAll", f"{MACHINE1}.Machine"), 10),
        "GetMachineOSRelease": (lambda: bus.call(*MANAGER, "GetMachineOSRelease", machine), 5),
        "GetMachineAddresses": (lambda: bus.call(*MANAGER, "GetMachineAddresses", machine), 5),
    }
    for call, _ in members.values():  # what is made at the first call is not what a call takes
        for _ in range(20):
            call()
    took: dict[str, list[float]] = {name: [] for name in members}
    for _ in range(passes):
        for name, (call, times) in members.items():
            took[name] += [timed(call) for _ in range(times)]
    return took


def owner() -> int:
    """The process that serves machine1."""
    words = ["busctl", "--json=short", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus"]
    words += ["org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", MACHINE1]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return int(json.loads(said)["data"][0])


def family(pid: int) -> Iterator[int]:
    """A process and all that came from it."""
    yield pid
    with contextlib.suppress(FileNotFoundError):  # ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def memory() -> float:
    """MB that the service has, its helpers included; what processes share is counted once (Pss, proc(5))."""
    total = 0
    for pid in family(owner()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def listed() -> int:
    """How many machines there are."""
    words = ["busctl", "--json=short", "call", *MANAGER, "ListMachines"]
    return len(
        json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["data"][0]
    )


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.05)


class Sleepers:
    """Processes that could be leaders of machines."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def __enter__(self) -> Sleepers:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            os.waitpid(pid, 0)

    def add(self) -> int:
        """One more."""
        self.pids.append(os.posix_spawn("/bin/sleep", ["sleep", "infinity"], {}))
        return self.pids[-1]


def start_scope(bus: SdBus, name: str, pid: int) -> None:
    """Give a process a scope of its own; it is in it when the job has run."""
    bus.call_with(
        *SYSTEMD, "StartTransientUnit", "ssa(sv)a(sa(sv))", name, "fail", 1, "PIDs", "au", 1, pid, 0
    )


def is_in(pid: int, scope: str) -> bool:
    """Whether a process is in a scope."""
    return scope in Path(f"/proc/{pid}/cgroup").read_text()


def crowd(bus: SdBus, count: int, times: int) -> dict[str, object]:
    """Machines come, are asked about, and go."""
    before = listed()
    found: dict[str, object] = {"memory at first": memory()}
    with Sleepers() as sleepers:
        names = [f"bench-{number}" for number in range(count)]
        for name in names:
            start_scope(bus, f"{name}.scope", sleepers.add())
        until(lambda: all(map(is_in, sleepers.pids, [f"{name}.scope" for name in names])))
        rows = [
            (name, 0, "bench", "container", pid, "") for name, pid in zip(names, sleepers.pids, strict=True)
        ]
        found["RegisterMachine"] = [
            timed(lambda row=row: bus.call_with(*MANAGER, "RegisterMachine", "sayssus", *row)) for row in rows
        ]
        assert listed() == before + count
        found["ListMachines"] = [timed(lambda: bus.call(*MANAGER, "ListMachines")) for _ in range(200)]
        found["memory with all"] = memory()
        ask(bus, names, times // 10)  # what is kept of the first calls is kept once
        found["memory before"] = memory()
        began = time.perf_counter()
        ask(bus, names, times)
        found["asking"] = [(time.perf_counter() - began) / times * 1e6]
        found["memory afterwards"] = memory()
    until(lambda: listed() == before)
    found["CreateMachine"] = create(bus, before, min(count, 100))
    return found


def ask(bus: SdBus, names: list[str], times: int) -> None:
    """So many calls, of all the machines, of members that a console asks most."""
    for number in range(times):
        name = names[number % len(names)]
        if number % 2:
            bus.call(*MANAGER, "GetMachine", name)
        else:
            path = f"{PATH}/machine/{label(name)}"
            bus.call(MACHINE1, path, PROPERTIES, "GetAll", f"{MACHINE1}.Machine")


def create(bus: SdBus, before: int, count: int) -> list[float]:
    """What it takes to have a machine made together with its scope, which has started when it is answered."""
    with Sleepers() as sleepers:
        took = []
        for number in range(count):
            row = (f"made-{number}", 0, "bench", "container", sleepers.add(), "", 0)
            took.append(timed(lambda row=row: bus.call_with(*MANAGER, "CreateMachine", "sayssusa(sv)", *row)))
    until(lambda: listed() == before)
    return took


def main(words: list[str]) -> None:
    """Ask and print."""
    gc.disable()
    with SdBus(ADDRESS) as bus:
        if words[0] == "calls":
            print(json.dumps(calls(bus, words[1], int(words[2]))))
        else:
            print(json.dumps(crowd(bus, int(words[1]), int(words[2]))))


if __name__ == "__main__":
    main(sys.argv[1:])
