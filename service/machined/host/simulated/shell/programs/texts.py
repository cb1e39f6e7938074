"""Programs that read texts and write what they make of them."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from dataclasses import replace

from machined.host.simulated.shell.call import Call, Options, Program, UsageError, describe
from machined.host.simulated.shell.matching import Pattern, PatternError
from machined.host.simulated.shell.programs.listing import walk
from machined.host.simulated.shell.streams import FileSink

SORTED = 200_000
"""Lines that are sorted at most: it is done in one go."""
FAIR_COST = 20_000
"""Steps of matching before others get their turn."""


async def cat(call: Call) -> int:
    """Write files one after another."""
    options = call.options("nA")
    status = number = 0
    for operand in options.operands or ["-"]:
        try:
            if "n" not in options.flags:
                async for part in call.chunks(operand):
                    await call.write(part)
                continue
            async for line in call.lines(operand):
                number += 1
                await call.write(f"{number:>6}\t".encode() + line)
        except BrokenPipeError:
            raise
        except OSError as error:
            status = await call.complain(_about(operand, error))
    return status


async def head(call: Call) -> int:
    """Write the first lines."""
    options = _counted(call, "qv")
    count = options.number("n", 10)
    status = 0
    for operand in options.operands or ["-"]:
        await _headline(call, options, operand)
        left = count
        try:
            if left <= 0:
                continue
            async for line in call.lines(operand):
                await call.write(line)
                left -= 1
                if not left:
                    break
        except BrokenPipeError:
            raise
        except OSError as error:
            status = await call.complain(f"cannot open '{operand}' for reading: {error.strerror}")
    return status


async def tail(call: Call) -> int:
    """Write the last lines, and with `-f` what is added from then on."""
    options = _counted(call, "fqvF")
    text = options.values.get("n", "10")
    count = max(0, options.number("n", 10) if not text.startswith("+") else 10)
    status = 0
    followed: dict[str, int] = {}
    for operand in options.operands or ["-"]:
        await _headline(call, options, operand)
        last: deque[bytes] = deque(maxlen=min(count, 1_000_000))
        size = 0
        try:
            async for line in call.lines(operand):
                last.append(line)
                size += len(line)
            for line in last:
                await call.write(line)
            if operand != "-":
                followed[operand] = size
        except BrokenPipeError:
            raise
        except OSError as error:
            status = await call.complain(f"cannot open '{operand}' for reading: {error.strerror}")
    if options.flags & {"f", "F"} and followed:
        await _follow(call, followed)
    return status


async def _follow(call: Call, sizes: dict[str, int]) -> None:
    """Write what is added to files, for ever."""
    while True:
        await call.system.clock.sleep(1)
        for operand, size in sizes.items():
            with contextlib.suppress(FileNotFoundError):  # it may come back
                data = call.shell.files.read(call.shell.path(operand))
                if len(data) < size:
                    await call.complain(f"{operand}: file truncated")
                sizes[operand] = len(data)
                await call.write(data[size if len(data) >= size else 0 :])


def _counted(call: Call, flags: str) -> Options:
    """Options of `head` and `tail`, `-5` for `-n 5` among them."""
    arguments = [
        f"-n{one[1:]}" if one.startswith("-") and one[1:].isdecimal() else one for one in call.arguments
    ]
    return replace(call, arguments=arguments).options(flags, "n", {"follow": "f"})


async def _headline(call: Call, options: Options, operand: str) -> None:
    """Say which of several files follows."""
    if (len(options.operands) > 1 and "q" not in options.flags) or "v" in options.flags:
        await call.print(f"==> {'standard input' if operand == '-' else operand} <==")


async def wc(call: Call) -> int:
    """Count lines, words and bytes."""
    options = call.options("lwcm")
    wanted = [index for index, flag in enumerate("lwc") if flag in options.flags] or [0, 1, 2]
    if "m" in options.flags:
        wanted = [2]
    rows: list[tuple[list[int], str]] = []
    status = 0
    for operand in options.operands or ["-"]:
        counts = [0, 0, 0]
        try:
            async for line in call.lines(operand):
                size = len(line.decode("utf-8", "replace")) if "m" in options.flags else len(line)
                for index, more in enumerate((line.endswith(b"\n"), len(line.split()), size)):
                    counts[index] += more
        except OSError as error:
            status = await call.complain(_about(operand, error))
            continue
        rows.append((counts, "" if operand == "-" else operand))
    if len(rows) > 1:
        rows.append(([sum(row[0][index] for row in rows) for index in range(3)], "total"))
    size = (
        0 if len(wanted) == 1 and len(rows) == 1 else max((len(str(max(row[0]))) for row in rows), default=0)
    )
    for counts, name in rows:
        numbers = " ".join(f"{counts[index]:>{max(size, 1)}}" for index in wanted)
        await call.print(f"{numbers} {name}".rstrip())
    return status


async def sort(call: Call) -> int:
    """Sort lines."""
    options = call.options("nrufh", "k")
    key = options.number("k", 0) if options.values.get("k", "0").isdecimal() else 0
    lines: list[str] = []
    for operand in options.operands or ["-"]:
        async for raw in call.lines(operand):
            lines.append(raw.decode("utf-8", "replace").removesuffix("\n"))
            if len(lines) > SORTED:
                raise OSError(12, "Cannot allocate memory")
    is_numeric = bool(options.flags & {"n", "h"})

    def order(line: str) -> tuple[float, str]:
        fields = line.split()
        shown = (fields[key - 1] if key <= len(fields) else "") if key else line
        return (_leading_number(shown) if is_numeric else 0, shown.lower() if "f" in options.flags else shown)

    lines.sort(key=order, reverse="r" in options.flags)
    if "u" in options.flags:
        lines = list(dict.fromkeys(lines))
    await call.print(*lines)
    return 0


def _leading_number(text: str) -> float:
    """The number that a text begins with, its unit heeded; 0 for none."""
    digits = ""
    stripped = text.strip()[:40]
    for position, letter in enumerate(stripped):
        if not (letter in "0123456789." or (letter == "-" and not position)):
            break
        digits += letter
    unit = stripped[len(digits) : len(digits) + 1].upper()
    try:
        return float(digits) * 1024.0 ** ("KMGT".find(unit) + 1 if unit else 0)
    except ValueError:
        return 0


async def uniq(call: Call) -> int:
    """Leave out lines that are like the one before."""
    options = call.options("cdu")
    before: bytes | None = None
    count = 0

    async def show() -> None:
        is_wanted = not options.flags & {"d", "u"} or ("d" if count > 1 else "u") in options.flags
        if before is not None and is_wanted:
            await call.write((f"{count:>7} ".encode() if "c" in options.flags else b"") + before + b"\n")

    async for line in call.lines((options.operands or ["-"])[0]):
        text = line.removesuffix(b"\n")
        if text == before:
            count += 1
            continue
        await show()
        before, count = text, 1
    await show()
    return 0


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
            await call.complain(_about(operand, error))
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


async def cut(call: Call) -> int:
    """Write parts of lines."""
    options = call.options("s", "dfc")
    chosen = options.values.get("f") or options.values.get("c")
    if chosen is None or not re.fullmatch(r"\d{1,6}(-\d{0,6})?(,\d{1,6}(-\d{0,6})?)*", chosen):
        raise UsageError("you must specify a list of bytes, characters, or fields")
    ranges = [
        (int(low), int(high) if high else 10**6 if dash else int(low))
        for low, dash, high in (one.partition("-") for one in chosen.split(","))
    ]
    separator = options.values.get("d", "\t")
    for operand in options.operands or ["-"]:
        async for raw in call.lines(operand):
            line = raw.decode("utf-8", "replace").rstrip("\n")
            is_split = "f" in options.values and len(separator) == 1
            parts = line.split(separator) if is_split else list(line)
            kept = [
                part for at, part in enumerate(parts, 1) if any(low <= at <= high for low, high in ranges)
            ]
            has_fields = not is_split or len(parts) > 1
            await call.print((separator if is_split else "").join(kept) if has_fields else line)
    return 0


async def tee(call: Call) -> int:
    """Write the input to files and on."""
    options = call.options("a")
    files = call.shell.files
    appends = "a" in options.flags
    paths = [call.shell.path(one) for one in options.operands]
    sinks = [FileSink(files, files.open_for_writing(path, appends=appends)) for path in paths]
    try:
        while part := await call.streams.input.read():
            for sink in sinks:
                await sink.write(part)
            await call.write(part)
    finally:
        for sink in sinks:
            sink.flush()
    return 0


def _about(operand: str, error: OSError) -> str:
    """What an error says, about the operand as it was given."""
    return f"{operand}: {error.strerror}" if error.strerror else describe(error)


PROGRAMS = [
    Program("cat", "write files", cat, "[-n] [FILE]..."),
    Program("head", "write the first lines", head, "[-n COUNT] [FILE]..."),
    Program("tail", "write the last lines, and follow with -f", tail, "[-f] [-n COUNT] [FILE]..."),
    Program("wc", "count lines, words and bytes", wc, "[-lwcm] [FILE]..."),
    Program("sort", "sort lines", sort, "[-nrufh] [-k FIELD] [FILE]..."),
    Program("uniq", "leave out repeated lines", uniq, "[-cdu] [FILE]"),
    Program("grep", "find lines by a pattern", grep, "[-inrvlcqF] PATTERN [FILE]..."),
    Program("cut", "write parts of lines", cut, "-f LIST [-d SEPARATOR] | -c LIST [FILE]..."),
    Program("tee", "write the input to files too", tee, "[-a] FILE..."),
]
