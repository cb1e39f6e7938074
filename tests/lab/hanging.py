"""What a console in a lab host is busy with, for the message of a test that waits for it in vain."""

from __future__ import annotations

from tests.lab.host import LabHost
from tests.lab.place import LabError, wait_until

#: What the kernel knows of a process (proc(5)): whether it runs, what it waits for, how its terminal is set.
FACTS = (
    "grep -E '^(State|Threads|SigBlk|SigPnd)' /proc/{pid}/status; cat /proc/{pid}/wchan; echo;"
    " cat /proc/{pid}/syscall; cat /proc/{pid}/fdinfo/2; cat /proc/{pid}/task/*/stack"
)
LONGEST = 12_000


def told_by_console(host: LabHost, pid: str, state: str) -> str:
    """What it writes on SIGUSR1, and what the kernel says of it.

    Args:
        host: Where it runs.
        pid: Its process there.
        state: The operator's folder of state there.
    """
    file = host.root / state.lstrip("/") / "machinedeck/stacks.txt"
    before = file.stat().st_size if file.exists() else 0
    facts = host.run("sh", "-c", FACTS.format(pid=pid), check=False).stdout
    host.run("kill", "-USR1", pid, check=False)
    try:
        wait_until(lambda: file.exists() and file.stat().st_size > before, "its stacks", 20)
    except LabError:
        return f"{facts}\nit does not write its stacks"
    return f"{facts}\n{file.read_text()[before:][:LONGEST]}"
