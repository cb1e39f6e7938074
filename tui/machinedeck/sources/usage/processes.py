"""Processes of this host, as /proc tells of them (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterable

from machinedeck.model.usage import Process

PAGE = os.sysconf("SC_PAGE_SIZE")
NANOSECONDS_A_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

LONGEST = 4096
"""Bytes of a command line that are read: a process may write what it likes there."""


def read_processes(pids: Iterable[int], *, has_commands: bool = True) -> list[Process]:
    """What is known of processes; those that have ended meanwhile are left out.

    Args:
        pids: Their numbers.
        has_commands: Whether their command lines are read. The kernel waits with that for the memory of a
            process, which one that waits for its disk may hold: then it is nothing for the event loop.
    """
    found = (read_process(pid, has_command=has_commands) for pid in pids)
    return [process for process in found if process is not None]


def read_process(pid: int, *, has_command: bool = True) -> Process | None:
    """What is known of one process; None where it has ended, or may not be looked at."""
    words = b""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read(LONGEST)
            user = os.fstat(file.fileno()).st_uid
        if has_command:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read(LONGEST)
    except OSError:
        return None
    # The name may hold blanks and parentheses: what counts begins behind the last one.
    name, _, rest = stat.partition(b"(")[2].rpartition(b")")
    fields = rest.split()
    if len(fields) < 22:
        return None
    said = words.rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
    return Process(
        pid=pid,
        parent=int(fields[1]),
        command=said or f"[{name.decode(errors='replace')}]",
        user=user,
        state=fields[0].decode("ascii"),
        threads=int(fields[17]),
        memory=max(0, int(fields[21])) * PAGE,
        cpu=(int(fields[11]) + int(fields[12])) * NANOSECONDS_A_TICK,
        started=int(fields[19]),
    )


def send_signal(process: Process, number: int) -> None:
    """Send a signal to this very process, and to no other that has its pid by now (pidfd_open(2)).

    Raises:
        OSError: ESRCH, it has ended; EPERM, it is another user's.
    """
    fd = os.pidfd_open(process.pid)
    try:
        now = read_process(process.pid, has_command=False)
        if now is None or now.started != process.started:
            raise ProcessLookupError(3, "It has ended; another process has its number by now")
        _send(fd, number)
    finally:
        os.close(fd)


def _send(fd: int, number: int) -> None:
    import signal  # noqa: PLC0415 - seldom needed at start

    signal.pidfd_send_signal(fd, number)
