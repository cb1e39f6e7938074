"""What all of this host uses: the kernel counts it in files of its own, not in a control group."""

from __future__ import annotations

import os
from pathlib import Path

from machinedeck.model.usage import Counted

_BUSY = (0, 1, 2, 5, 6, 7)
"""Fields of the first line of /proc/stat: user, nice, system, irq, softirq, steal (proc_stat(5)).

What guests use is in user and nice already.
"""


def count_host(proc: Path = Path("/proc")) -> Counted:
    """What this host has used since it began: CPU time, memory that is not available, processes and threads.

    Args:
        proc: Where proc(5) is.

    Raises:
        OSError: It cannot be read.
        ValueError: What stands there is not as proc(5) has it.
    """
    ticks = (proc / "stat").read_text().splitlines()[0].split()[1:]
    busy = sum(int(ticks[at]) for at in _BUSY if at < len(ticks))
    kib = dict(line.split(":", 1) for line in (proc / "meminfo").read_text().splitlines() if ":" in line)
    total, available = (int(kib[name].split()[0]) for name in ("MemTotal", "MemAvailable") if name in kib)
    tasks = (proc / "loadavg").read_text().split()[3].partition("/")[2]
    return Counted(busy * 10**9 // os.sysconf("SC_CLK_TCK"), (total - available) * 1024, int(tasks))
