"""Programs that read lines and write what they make of them: counted, sorted, without repeats, cut."""

from __future__ import annotations

import re

from machined.host.simulated.shell.call import Call, Program, UsageError, about

SORTED = 200_000
"""Lines that are sorted at most: it is done in one go."""


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
            status = await call.complain(about(operand, error))
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


PROGRAMS = [
    Program("wc", "count lines, words and bytes", wc, "[-lwcm] [FILE]..."),
    Program("sort", "sort lines", sort, "[-nrufh] [-k FIELD] [FILE]..."),
    Program("uniq", "leave out repeated lines", uniq, "[-cdu] [FILE]"),
    Program("cut", "write parts of lines", cut, "-f LIST [-d SEPARATOR] | -c LIST [FILE]..."),
]
