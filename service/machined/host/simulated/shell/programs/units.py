"""Programs that talk to the service manager and the journal."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from machined.host.simulated.journal import Entry
from machined.host.simulated.processes import Process
from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.layout import cut, printable
from machined.host.simulated.shell.login import os_name
from machined.host.simulated.shell.programs.dates import full_date, human, log_date, span
from machined.host.simulated.shell.programs.paging import page
from machined.host.simulated.shell.system import System


class _Unit(NamedTuple):
    """A unit as its processes show it."""

    name: str
    processes: list[Process]

    @property
    def main(self) -> Process:
        """The process that was there first."""
        return self.processes[0]


def units_of(system: System) -> list[_Unit]:
    """The units that have processes: on the host by where they are, in a machine one for each daemon."""
    found: dict[str, list[Process]] = {}
    for process in system.processes():
        if process.tty or system.pid(process) == 1:
            continue
        name = process.unit if system.is_host else _service(_daemon(system, process))
        if name:
            found.setdefault(name, []).append(process)
    return [_Unit(name, processes) for name, processes in sorted(found.items())]


def _service(process: Process) -> str:
    """The service that a daemon belongs to, as far as its name tells."""
    name = process.command.partition(" ")[0].rpartition("/")[2].rstrip(":")
    return f"{'ssh' if name == 'sshd' else name}.service"


def _daemon(system: System, process: Process) -> Process:
    """The process right below the leader that another comes from."""
    table = system.estate.processes.processes
    seen = 0
    while (parent := table.get(process.parent)) and seen < 20:
        if parent.machine != process.machine or system.pid(parent) == 1:
            break
        process, seen = parent, seen + 1
    return process


async def systemctl(call: Call) -> int:
    """Ask the service manager, or have it shut down."""
    options = call.options("laqft", "nH", {"no-pager": "q", "all": "a", "full": "l", "lines": "n"})
    verb, *names = options.operands or ["list-units"]
    if not call.system.has_manager:
        await call.complain("System has not been booted with systemd as init system (PID 1). Can't operate.")
        return await call.complain("Failed to connect to bus: Host is down")
    if verb in {"poweroff", "halt", "reboot"}:
        return await _shut_down(call, reboots=verb == "reboot")
    if verb in {"start", "stop", "restart", "enable", "disable", "kill"}:
        return await call.complain(
            f"'{verb}' is not part of the demo inside machines; use the console for them"
        )
    match verb:
        case "list-units":
            return await _list_units(call)
        case "status":
            return await _status(call, names)
        case "is-active":
            return await _is_active(call, names)
    raise UsageError(f"Unknown command verb '{verb}'.")


async def _list_units(call: Call) -> int:
    """List what is active."""
    units = units_of(call.system)
    size = max([len(unit.name) for unit in units] + [10])
    lines = [f"  {'UNIT':<{size}} LOAD   ACTIVE SUB     DESCRIPTION"]
    for unit in units:
        lines.append(f"  {unit.name:<{size}} loaded active running {printable(unit.main.name)}")
    lines += ["", f"{len(units)} loaded units listed."]
    if not call.is_on_terminal:
        await call.print(*lines)
    elif len(lines) < call.shell.terminal.size.lines:
        columns = call.shell.terminal.size.columns
        await call.print(*[cut(line, columns) for line in lines])
    else:
        await page(call, "lines", "-", lines)
    return 0


async def _status(call: Call, names: list[str]) -> int:
    """Tell how the system, or units of it, are."""
    units = {unit.name: unit for unit in units_of(call.system)}
    if not names:
        await call.print(*_system_status(call, list(units.values())))
        return 0
    status = 0
    for name in names:
        full = name if "." in name else f"{name}.service"
        if full not in units:
            await call.print(f"Unit {printable(full)} could not be found.")
            status = 4
            continue
        await call.print(*_unit_status(call, units[full]))
    return status


def _system_status(call: Call, units: list[_Unit]) -> list[str]:
    system = call.system
    since = system.clock.realtime() - system.uptime * 1_000_000
    dot = "\x1b[1;32m●\x1b[0m" if call.is_on_terminal else "●"
    return [
        f"{dot} {system.hostname}",
        "    State: running",
        f"    Units: {len(units)} loaded (incl. loaded aliases)",
        "     Jobs: 0 queued",
        "   Failed: 0 units",
        f"    Since: {full_date(since)}; {span(system.uptime)} ago",
        f"  systemd: 257 ({os_name(system)})",
    ]


def _unit_status(call: Call, unit: _Unit) -> list[str]:
    system = call.system
    age = max(0, system.clock.monotonic() - unit.main.started)
    since = f"since {full_date(system.clock.realtime() - age)}; {span(age // 1_000_000)} ago"
    active = "\x1b[1;32mactive (running)\x1b[0m" if call.is_on_terminal else "active (running)"
    lines = [
        f"● {unit.name} - {printable(unit.main.name)}",
        f"     Loaded: loaded (/usr/lib/systemd/system/{unit.name}; enabled; preset: enabled)",
        f"     Active: {active} {since}",
        f"   Main PID: {system.pid(unit.main)} ({printable(unit.main.name)})",
        f"      Tasks: {len(unit.processes)}",
        f"     Memory: {human(sum(one.memory for one in unit.processes))}",
        f"     CGroup: /system.slice/{unit.name}",
    ]
    for number, process in enumerate(unit.processes):
        branch = "└─" if number + 1 == len(unit.processes) else "├─"
        lines.append(f"             {branch}{system.pid(process)} {printable(process.command)}")
    return lines


async def _is_active(call: Call, names: list[str]) -> int:
    units = {unit.name for unit in units_of(call.system)}
    active = [(name if "." in name else f"{name}.service") in units for name in names]
    await call.print(*["active" if one else "inactive" for one in active])
    return 0 if all(active) else 3


async def poweroff(call: Call) -> int:
    """Shut the machine down."""
    return await _shut_down(call, reboots=False)


async def reboot(call: Call) -> int:
    """Start the machine anew."""
    return await _shut_down(call, reboots=True)


async def _shut_down(call: Call, *, reboots: bool) -> int:
    """Tell the leader, as systemd's own tools do from inside."""
    if not call.shell.account.is_root:
        return await call.complain(
            "Call to " + ("Reboot" if reboots else "PowerOff") + " failed: Access denied"
        )
    if call.system.init == "program":
        return await call.complain("there is no init system here: end the only program, 'kill 1'")
    if not call.system.shut_down(reboots=reboots):
        return await call.complain("the host of the demo stays as it is")
    return 0


async def journalctl(call: Call) -> int:
    """Show the journal, and with `-f` what is added from then on."""
    words = {"follow": "f", "unit": "u", "lines": "n", "no-pager": "q", "reverse": "r"}
    options = call.options("feqrxb", "nu", words)
    unit = options.values.get("u", "")
    unit = f"{unit}.service" if unit and "." not in unit else unit
    is_short = "f" in options.flags or "n" in options.values
    count = options.number("n", 10) if is_short else 10**6
    fitting = (entry for entry in call.system.journal() if not unit or entry.unit == unit)
    lines = [_line(call.system, entry) for entry in deque(fitting, maxlen=max(0, count))]
    if "r" in options.flags:
        lines.reverse()
    if not call.system.has_manager:
        return await call.complain("No journal files were found.")
    if not lines and "f" not in options.flags:
        await call.print("-- No entries --")
        return 0
    room = call.shell.terminal.size.lines - 1
    if call.is_on_terminal and not options.flags & {"q", "f"} and len(lines) > room:
        await page(call, "lines", "-", lines)
        return 0
    await call.print(*lines)
    if "f" in options.flags:
        await _follow(call, unit)
    return 0


async def _follow(call: Call, unit: str) -> None:
    """Show entries as they are added, for ever."""
    waiting: deque[Entry] = deque(maxlen=10_000)
    came = asyncio.Event()
    own = call.system.machine.unit if call.system.machine else ""

    def on_entry(entry: Entry) -> None:
        if (not unit or entry.unit == unit) and (not own or entry.unit == own):
            waiting.append(entry)
            came.set()

    listeners = call.system.estate.journal.listeners
    listeners.append(on_entry)
    try:
        while True:
            await came.wait()
            came.clear()
            while waiting:
                await call.print(_line(call.system, waiting.popleft()))
    finally:
        listeners.remove(on_entry)


def _line(system: System, entry: Entry) -> str:
    """An entry as a line."""
    who = f"{printable(entry.identifier)}[{entry.pid}]" if entry.pid else printable(entry.identifier)
    return f"{log_date(entry.realtime)} {system.hostname} {who}: {printable(entry.message)}"


PROGRAMS = [
    Program(
        "systemctl", "ask the service manager", systemctl, "[list-units | status [UNIT] | poweroff | reboot]"
    ),
    Program("journalctl", "read the journal", journalctl, "[-f] [-n COUNT] [-u UNIT] [-r]"),
    Program("poweroff", "shut the machine down", poweroff),
    Program("halt", "shut the machine down", poweroff),
    Program("shutdown", "shut the machine down", poweroff, "[now]"),
    Program("reboot", "start the machine anew", reboot),
]
