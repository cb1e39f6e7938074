"""The program that finds lines by a pattern: grep."""

from __future__ import annotations

import asyncio

from machined.host.simulated.shell.call import Call, Options, Program, UsageError, about
from machined.host.simulated.shell.matching import Pattern, PatternError
from machined.host.simulated.shell.programs.listing import walk

FAIR_COST = 20_000
"""Steps of matching before others get their turn."""


async def grep(call: Call) -> int:
    """Find lines by a pattern."""
    options = call.options("invrRlcqEFwHho", "e", {"ignore-case": "i", "recursive": "r", "color": "E"})
    operands = list(options.operands)
    if "e" not in options.values and not operands:
        raise UsageError("usage: grep [-inrvlcqF] PATTERN [FILE]...")
    wanted = options.values["e"] if "e" in options.values else operands.pop(0)
    try:
        pattern = Pattern(wanted, ignores_case="i" in options.flags, is_fixed="F" in options.flags)
    except PatternError as error:
        raise UsageError(str(error)) from error
    is_recursive = bool(options.flags & {"r", "R"})
    operands = operands or (["."] if is_recursive else ["-"])
    has_names = "H" in options.flags or ((len(operands) > 1 or is_recursive) and "h" not in options.flags)
    found = failed = False
    for operand in operands:
        try:
            if is_recursive and operand != "-":
                paths = [
                    path
                    async for path, node, _ in walk(call, operand)
                    if not (node.is_folder or node.is_link)
                ]
            else:
                paths = [operand]
            for path in paths:
                found = await _grep_file(call, pattern, path, options, has_names=has_names) or found
        except BrokenPipeError:
            raise
        except OSError as error:
            failed = True
            await call.complain(about(operand, error))
    return 2 if failed else int(not found)


async def _grep_file(call: Call, pattern: Pattern, path: str, options: Options, *, has_names: bool) -> bool:
    """Write the lines of one file that fit; whether any does."""
    flags = options.flags
    name = "(standard input)" if path == "-" else path
    matches = number = cost = 0
    async for raw in call.lines(path):
        number += 1
        line = raw.decode("utf-8", "replace").rstrip("\n")
        cost += pattern.cost(line)
        if cost > FAIR_COST:
            cost = 0
            await asyncio.sleep(0)
        span = pattern.search(line)
        if (span is None) is ("v" not in flags):
            continue
        matches += 1
        if "q" in flags or "l" in flags:
            break
        if "c" not in flags:
            await call.print(
                _shown(call, line, span, name if has_names else "", number if "n" in flags else 0)
            )
    if "l" in flags and matches:
        await call.print(name)
    if "c" in flags:
        await call.print(f"{name}:{matches}" if has_names else str(matches))
    return bool(matches)


def _shown(call: Call, line: str, span: tuple[int, int] | None, name: str, number: int) -> str:
    """A line that was found, with colours on a terminal."""
    if not call.is_on_terminal:
        return (f"{name}:" if name else "") + (f"{number}:" if number else "") + line
    head = (f"\x1b[35m{name}\x1b[36m:\x1b[0m" if name else "") + (
        f"\x1b[32m{number}\x1b[36m:\x1b[0m" if number else ""
    )
    if span is None or span[0] == span[1]:
        return head + line
    return f"{head}{line[: span[0]]}\x1b[1;31m{line[span[0] : span[1]]}\x1b[0m{line[span[1] :]}"


PROGRAMS = [
    Program("grep", "find lines by a pattern", grep, "[-inrvlcqF] PATTERN [FILE]..."),
]
