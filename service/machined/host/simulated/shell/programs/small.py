"""Small programs: time, numbers, variables, the screen."""

from __future__ import annotations

import re

from machined.host.simulated.shell.call import Call, Program, UsageError

BLOCK = 4096
"""Bytes that `yes` writes at once."""


async def sleep(call: Call) -> int:
    """Wait."""
    if not call.arguments:
        raise UsageError("missing operand")
    seconds = 0.0
    for text in call.arguments:
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", text)
        if match is None:
            raise UsageError(f"invalid time interval '{text}'")
        seconds += float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    await call.system.clock.sleep(seconds)
    return 0


async def seq(call: Call) -> int:
    """Count."""
    numbers = call.arguments
    if not 1 <= len(numbers) <= 3 or not all(re.fullmatch(r"[+-]?\d{1,15}", one) for one in numbers):
        raise UsageError("usage: seq [FIRST [STEP]] LAST")
    values = [int(one) for one in numbers]
    first = values[0] if len(values) > 1 else 1
    step = values[1] if len(values) == 3 else 1
    if not step:
        raise UsageError("invalid Zero increment value")
    count = max(0, (values[-1] - first) // step + 1)
    for start in range(0, count, 500):
        part = range(first + start * step, first + min(start + 500, count) * step, step)
        await call.write("".join(f"{one}\n" for one in part).encode())
    return 0


async def yes(call: Call) -> int:
    """Write the same again and again."""
    line = " ".join(call.arguments or ["y"]).encode("utf-8", "replace") + b"\n"
    if call.process:
        call.process.load = 0.97
    block = line * max(1, BLOCK // len(line))
    while True:
        await call.write(block)


async def env(call: Call) -> int:
    """Show the variables that programs see, or run one with others."""
    words = list(call.arguments)
    shell = call.shell.fork()
    while words and (words[0] == "-i" or "=" in words[0]):
        word = words.pop(0)
        if word == "-i":
            shell.exported = set()
            continue
        name, _, value = word.partition("=")
        shell.export(name, value)
    if words:
        return await shell.interpreter.run_argv(shell, words, call.streams)
    await call.print(*[f"{name}={value}" for name, value in shell.environment().items()])
    return 0


async def printenv(call: Call) -> int:
    """Show variables that programs see."""
    known = call.shell.environment()
    if not call.arguments:
        await call.print(*[f"{name}={value}" for name, value in known.items()])
        return 0
    await call.print(*[known[name] for name in call.arguments if name in known])
    return int(not all(name in known for name in call.arguments))


async def clear(call: Call) -> int:
    """Empty the screen."""
    await call.write(b"\x1b[H\x1b[2J\x1b[3J")
    return 0


async def colors(call: Call) -> int:
    """Show all colours and attributes that a terminal can be asked for."""
    attributes = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "crossed out"}
    await call.print("  ".join(f"\x1b[{code}m{name}\x1b[0m" for code, name in attributes.items()), "")
    for first in (40, 100):
        await call.print("".join(f"\x1b[{first + number}m    \x1b[0m" for number in range(8)))
    await call.print("")
    for red in range(6):
        cells = [f"\x1b[48;5;{16 + 36 * red + rest}m  " for rest in range(36)]
        await call.print("".join(cells) + "\x1b[0m")
    await call.print("".join(f"\x1b[48;5;{number}m   " for number in range(232, 256)) + "\x1b[0m", "")
    width = 72
    for scale in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)):
        line = ""
        for column in range(width):
            red, green, blue = (column * 255 // (width - 1) * part for part in scale)
            line += f"\x1b[48;2;{red};{green};{blue}m "
        await call.print(f"{line}\x1b[0m")
    await call.print("\x1b[0m表 wide  é combined e\u0301  ─┼─ lines  ✓ signs")
    return 0


PROGRAMS = [
    Program("sleep", "wait", sleep, "SECONDS"),
    Program("seq", "count", seq, "[FIRST [STEP]] LAST"),
    Program("yes", "write the same again and again", yes, "[TEXT]"),
    Program("env", "show or set variables for a program", env, "[NAME=VALUE]... [PROGRAM]"),
    Program("printenv", "show variables", printenv, "[NAME]..."),
    Program("clear", "empty the screen", clear),
    Program("colors", "show all colours of the terminal", colors),
]
