"""What the kernel shows in the file systems of its own: proc(5), and devices."""

from __future__ import annotations

import stat
from collections.abc import Callable

from machined.host.clock import Clock
from machined.host.simulated.folders import LazyFolder
from machined.host.simulated.processes import Process, ProcessTable
from machined.host.simulated.tree import Node, file, folder, link

MEMORY = 64 * 1024**3
"""Bytes of memory of the host."""
CPUS = 16
KERNEL = "6.12.41-amd64"

_DEVICES = {"null": 0o666, "zero": 0o666, "full": 0o666, "random": 0o666, "urandom": 0o666, "tty": 0o666}


def proc_folder(table: ProcessTable, clock: Clock, machine: str | None) -> LazyFolder:
    """The folder `/proc` of a machine, or of the host; what is in it is as it is when it is looked at."""

    # A thread copies these files while processes come and go: what it loops over is a list of its own
    def processes() -> dict[str, Process]:
        if machine is None:
            return {str(one.pid): one for one in list(table.processes.values())}
        return {str(one.inner_pid): one for one in table.of_machine(machine)}

    def content() -> dict[str, Node]:
        tellers: dict[str, Callable[[], str]] = {
            "uptime": lambda: _uptime(clock),
            "loadavg": lambda: load_average(table),
            "meminfo": lambda: _memory(table),
            "cpuinfo": _cpus,
        }
        found: dict[str, Node] = {
            name: file(lambda tell=tell: tell().encode(), 0o444)  # type: ignore[misc]
            for name, tell in tellers.items()
        }
        version = f"Linux version {KERNEL} (debian-kernel@lists.debian.org)\n"
        command_line = f"BOOT_IMAGE=/boot/vmlinuz-{KERNEL} root=/dev/sda2 ro quiet\n"
        found["version"] = file(version.encode(), 0o444)
        found["cmdline"] = file(command_line.encode(), 0o444)
        found["self"] = link("1")
        return found | {name: _process_folder(one) for name, one in processes().items()}

    return LazyFolder(content, 0o555, is_fresh=True)


def device_folder() -> Node:
    """The folder `/dev`, with what every container has."""
    devices = folder()
    for name, mode in _DEVICES.items():
        devices.children[name] = Node(stat.S_IFCHR | mode)
    devices.children |= {"console": Node(stat.S_IFCHR | 0o600), "pts": folder(), "shm": folder(0o1777)}
    devices.children |= {"fd": link("/proc/self/fd"), "stdin": link("fd/0"), "stdout": link("fd/1")}
    return devices


def load_average(table: ProcessTable) -> str:
    """The line of `/proc/loadavg`, from what the processes of the whole host use now."""
    load = sum(one.load for one in list(table.processes.values()))
    last = max(table.processes, default=1)
    return f"{load:.2f} {load * 0.9:.2f} {load * 0.8:.2f} 1/{len(table.processes)} {last}\n"


def _uptime(clock: Clock) -> str:
    seconds = clock.monotonic() / 1e6
    return f"{seconds:.2f} {seconds * CPUS * 0.9:.2f}\n"


def _memory(table: ProcessTable) -> str:
    used = sum(one.memory for one in list(table.processes.values()))
    cached = MEMORY // 5
    lines = {
        "MemTotal": MEMORY,
        "MemFree": max(MEMORY - used - cached, 0),
        "MemAvailable": max(MEMORY - used, 0),
        "Buffers": MEMORY // 200,
        "Cached": cached,
        "SwapTotal": 0,
        "SwapFree": 0,
    }
    return "".join(f"{name + ':':<16}{size // 1024:>12} kB\n" for name, size in lines.items())


def _cpus() -> str:
    line = "processor\t: {}\nmodel name\t: AMD EPYC 7313P 16-Core Processor\ncpu MHz\t\t: 2994.372\n\n"
    return "".join(line.format(number) for number in range(CPUS))


def _process_folder(process: Process) -> Node:
    words = process.command.split()
    made = folder(0o555)
    made.children = {
        "comm": file(f"{process.name}\n".encode(), 0o444),
        "cmdline": file(b"".join(word.encode() + b"\0" for word in words), 0o444),
        "status": file(_status(process).encode(), 0o444),
    }
    return made


def _status(process: Process) -> str:
    pid = process.inner_pid or process.pid
    state = "R (running)" if process.load > 0.5 else "S (sleeping)"
    return f"Name:\t{process.name}\nState:\t{state}\nPid:\t{pid}\nVmRSS:\t{process.memory // 1024:>8} kB\n"
