"""Programs that tell of the system and its user."""

from __future__ import annotations

import re
from datetime import datetime

from machined.host.simulated.shell.accounts import find_account, groups
from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.programs.dates import human, moment
from machined.host.simulated.shell.system import System
from machined.host.simulated.system_files import CPUS, KERNEL, MEMORY, load_average

_UNAME = {
    "s": "Linux",
    "n": "",
    "r": KERNEL,
    "v": f"#1 SMP PREEMPT_DYNAMIC Debian {KERNEL.partition('-')[0]}-1",
    "m": "x86_64",
    "o": "GNU/Linux",
}


async def uname(call: Call) -> int:
    """Tell of the kernel."""
    options = call.options("asnrvmo", words={"all": "a"})
    wanted = set(_UNAME) if "a" in options.flags else set(options.flags) or {"s"}
    facts = _UNAME | {"n": call.system.hostname}
    await call.print(" ".join(facts[one] for one in _UNAME if one in wanted))
    return 0


async def hostname(call: Call) -> int:
    """Tell the host's name."""
    options = call.options("sfI")
    if options.operands:
        return await call.complain(
            "you must be root to change the host name"
            if not call.shell.account.is_root
            else "the name stays as it is in the demo: write /etc/hostname instead"
        )
    await call.print(call.system.hostname)
    return 0


async def whoami(call: Call) -> int:
    """Tell the user's name."""
    await call.print(call.shell.account.name)
    return 0


async def identity(call: Call) -> int:
    """Tell the user's numbers."""
    options = call.options("ugnG")
    account = call.shell.account
    if options.operands:
        found = find_account(call.system.tree, options.operands[0])
        if found is None:
            return await call.complain(f"'{options.operands[0]}': no such user")
        account = found
    group = groups(call.system.tree).get(account.gid, account.name)
    if "u" in options.flags:
        await call.print(account.name if "n" in options.flags else str(account.uid))
    elif options.flags & {"g", "G"}:
        await call.print(group if "n" in options.flags else str(account.gid))
    else:
        group_text = f"{account.gid}({group})"
        await call.print(f"uid={account.uid}({account.name}) gid={group_text} groups={group_text}")
    return 0


async def date(call: Call) -> int:
    """Tell the time, in a form that `+FORMAT` asks for."""
    now = moment(call.system.clock.realtime() / 1e6)
    form = next((one[1:] for one in call.arguments if one.startswith("+")), "")
    if form:
        await call.print(_formatted(now, form))
    elif set(call.arguments) & {"-I", "--iso-8601"}:
        await call.print(f"{now:%Y-%m-%d}")
    else:
        await call.print(f"{now:%a %b} {now.day:>2} {now:%H:%M:%S} UTC {now:%Y}")
    return 0


def _formatted(now: datetime, form: str) -> str:
    """A time in a form of strftime(3)."""
    known = {one: f"%{one}" for one in "aAbBcdHIjmMpSuUVwWxXyY"}
    shapes = {
        "s": str(int(now.timestamp())),
        "N": f"{now.microsecond:06}000",
        "Z": "UTC",
        "z": "+0000",
        "%": "%",
    }
    combined = {
        "F": "%Y-%m-%d",
        "T": "%H:%M:%S",
        "D": "%m/%d/%y",
        "R": "%H:%M",
        "e": f"{now.day:>2}",
        "n": "\n",
    }

    def value(match: re.Match[str]) -> str:
        letter = match[1]
        if letter in shapes:
            return shapes[letter]
        shape = combined.get(letter) or known.get(letter)
        return now.strftime(shape) if shape else match[0]

    return re.sub(r"%(.)", value, form)


def up_text(seconds: int) -> str:
    """How long a system is up, as uptime(1) writes it."""
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    clock = f"{hours:>2}:{minutes:02}" if hours else f"{minutes} min"
    return f"{days} day{'s' if days > 1 else ''}, {clock}" if days else clock


def load_averages(system: System) -> str:
    """The three load averages."""
    return ", ".join(load_average(system.estate.processes).split()[:3])


def used_memory(system: System) -> int:
    """Bytes that the processes of the whole host use."""
    return min(MEMORY, sum(one.memory for one in system.estate.processes.processes.values()))


async def uptime(call: Call) -> int:
    """Tell how long the system is up."""
    now = moment(call.system.clock.realtime() / 1e6)
    up = up_text(call.system.uptime)
    await call.print(f" {now:%H:%M:%S} up {up},  1 user,  load average: {load_averages(call.system)}")
    return 0


async def free(call: Call) -> int:
    """Tell of memory."""
    options = call.options("hbkmg", words={"human": "h"})
    used = used_memory(call.system)
    cached = min(MEMORY - used, MEMORY // 5)
    scale = next((1024**power for power, one in enumerate("bkmg") if one in options.flags), 1024)

    def shown(size: int) -> str:
        return (f"{human(size)}i" if size else "0B") if "h" in options.flags else str(size // scale)

    sizes = [MEMORY, used, MEMORY - used - cached, 0, cached, MEMORY - used]
    await call.print(
        "               total        used        free      shared  buff/cache   available",
        "Mem:    " + "".join(f"{shown(size):>12}" for size in sizes),
        "Swap:   " + "".join(f"{shown(0):>12}" for _ in range(3)),
    )
    return 0


async def df(call: Call) -> int:
    """Tell how full the file systems are."""
    options = call.options("hTa", words={"human-readable": "h"})
    host = call.system.estate.scenario.host
    total = min(host.pool_limit, 1024**4)
    used = min(total, host.size)
    rows = [("/dev/sda2", total, used, "/"), ("tmpfs", MEMORY // 2, 0, "/run")]
    heading = "Size  Used Avail" if "h" in options.flags else "1K-blocks       Used  Available"
    await call.print(f"Filesystem     {heading} Use% Mounted on")
    for name, size, taken, place in rows:
        numbers = (size, taken, size - taken)
        if "h" in options.flags:
            columns = " ".join(f"{human(one):>5}" for one in numbers)[1:]
        else:
            columns = " ".join(f"{one // 1024:>10}" for one in numbers)[1:]
        await call.print(f"{name:<14} {columns} {taken * 100 // size:>3}% {place}")
    return 0


async def who(call: Call) -> int:
    """Tell who has a terminal."""
    shells = [one for one in call.system.processes() if one.tty and one.command.startswith("-")]
    now = call.system.clock.realtime()
    for process in shells:
        at = moment((now - call.system.clock.monotonic() + process.started) / 1e6)
        await call.print(f"{process.user:<8} {process.tty:<12} {at:%Y-%m-%d %H:%M}")
    return 0


async def nproc(call: Call) -> int:
    """Tell how many CPUs there are."""
    if call.arguments:
        raise UsageError("extra operand")
    await call.print(str(CPUS))
    return 0


PROGRAMS = [
    Program("uname", "tell of the kernel", uname, "[-asnrvmo]"),
    Program("hostname", "tell the host's name", hostname),
    Program("whoami", "tell who you are", whoami),
    Program("id", "tell the numbers of a user", identity, "[-ugn] [USER]"),
    Program("date", "tell the time", date, "[+FORMAT]"),
    Program("uptime", "tell how long the system is up", uptime),
    Program("free", "tell of memory", free, "[-hbkmg]"),
    Program("df", "tell how full the file systems are", df, "[-h]"),
    Program("who", "tell who has a terminal", who),
    Program("nproc", "tell how many CPUs there are", nproc),
]
