"""Programs that tell of programs."""

from __future__ import annotations

from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.layout import cut
from machined.host.simulated.shell.programs.listing import in_columns
from machined.host.simulated.shell.programs.paging import page

INTRODUCTION = (
    "This is the shell of the demo. It runs programs of its own on files that exist only in memory:",
    "nothing of your host is read, changed or run. What there is:",
    "",
)
GRAMMAR = (
    "",
    "Between them:  a; b   a && b   a || b   a | b   > >> < 2> 2>&1   $NAME $? $(a)   'x' \"x\"   * ?  #",
    "Keys:          arrows, home, end, tab, ctrl-a e k u w l c d. More of a program: man NAME",
)
FOLDER = "/usr/bin"
"""Where programs say they are."""


async def show_help(call: Call) -> int:
    """List the programs."""
    if call.arguments:
        return await manual(call)
    columns, rows = call.shell.terminal.size
    names = sorted(name for name in call.programs if name.isalpha())
    entries = [f"{name:<11} {call.programs[name].summary}" for name in names]
    lines = in_columns(entries, columns)
    if len(lines) + len(INTRODUCTION) + len(GRAMMAR) + 2 > rows:
        lines = in_columns(names, columns)
    await call.print(*INTRODUCTION, *[cut(line, columns) for line in lines], *GRAMMAR)
    return 0


async def manual(call: Call) -> int:
    """Tell what a program does."""
    names = call.options("k").operands
    if not names:
        raise UsageError("What manual page do you want?")
    program = call.programs.get(names[-1])
    if program is None:
        await call.complain(f"No manual entry for {names[-1]}")
        return 16
    lines = [
        f"{program.name.upper()}(1)          The demo's programs",
        "",
        "NAME",
        f"       {program.name} - {program.summary}",
        "",
        "SYNOPSIS",
        f"       {program.name} {program.usage}".rstrip(),
        "",
        "DESCRIPTION",
        f"       {(program.run.__doc__ or program.summary).strip().splitlines()[0]}",
        "",
        "       It is part of the shell of the demo and knows a part of what its model does.",
    ]
    if call.is_on_terminal:
        await page(call, f"Manual page {program.name}(1)", "-", lines)
    else:
        await call.print(*lines)
    return 0


async def which(call: Call) -> int:
    """Tell where programs are."""
    status = int(not call.arguments)
    for name in call.arguments:
        if name in call.programs and not call.programs[name].is_builtin:
            await call.print(f"{FOLDER}/{name}")
        else:
            status = 1
    return status


async def kind(call: Call) -> int:
    """Tell what names mean."""
    status = 0
    for name in call.arguments:
        if name not in call.programs:
            status = await call.complain(f"{name}: not found")
        elif call.programs[name].is_builtin:
            await call.print(f"{name} is a shell builtin")
        else:
            await call.print(f"{name} is {FOLDER}/{name}")
    return status


PROGRAMS = [
    Program("help", "this list", show_help, "[PROGRAM]", is_builtin=True),
    Program("man", "tell what a program does", manual, "PROGRAM"),
    Program("which", "tell where a program is", which, "PROGRAM..."),
    Program("type", "tell what a name means", kind, "NAME...", is_builtin=True),
]
