"""What machines use of the host."""

from __future__ import annotations

from typing import NamedTuple


class Counted(NamedTuple):
    """Counters of one unit at one moment; `None` is what nobody counts."""

    cpu: int | None = None
    """Processor time since the unit began, nanoseconds."""
    memory: int | None = None
    """Bytes."""
    tasks: int | None = None
    """Processes and threads."""
    is_summed: bool = False
    """Whether some of it was summed up over processes, where the kernel does not count for the unit."""


class Usage(NamedTuple):
    """What one machine uses now; `None` is what is not counted, or not yet."""

    cpu: float | None = None
    """Per cent of one processor, since the look before."""
    memory: int | None = None
    """Bytes."""
    tasks: int | None = None
    """Processes and threads."""
    is_summed: bool = False
    """Whether it is only about right: summed up over processes."""


class Process(NamedTuple):
    """A process of a machine, as the host sees it. Texts are as the machine wrote them: clean them."""

    pid: int
    parent: int
    command: str
    """Its command line, or its name in brackets where it has none."""
    user: int | None
    state: str
    """One letter of proc_pid_stat(5): R runs, S sleeps, D waits for a device, Z has ended; "" unknown."""
    threads: int | None
    memory: int | None
    """Bytes that are resident."""
    cpu: int | None
    """Processor time since it began, nanoseconds."""
    started: int | None
    """When it began, clock ticks since the host did: with the pid, this tells it from every other.

    None where it is known from a bus alone: no signal can be sent to it then.
    """


class Branch(NamedTuple):
    """A process and those below it."""

    process: Process
    depth: int
    """How many are above it within the machine."""


def tree(processes: list[Process]) -> list[Branch]:
    """The processes with each below its parent, by pid; those whose parent is elsewhere come at the top."""
    children: dict[int, list[Process]] = {}
    known = {process.pid for process in processes}
    for process in sorted(processes, key=lambda process: process.pid):
        children.setdefault(process.parent if process.parent in known else 0, []).append(process)
    branches: list[Branch] = []
    waiting = [(process, 0) for process in reversed(children.get(0, []))]
    while waiting:
        process, depth = waiting.pop()
        branches.append(Branch(process, depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(process.pid, []))]
    return branches
