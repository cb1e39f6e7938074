"""Programs that pass on the content of files as it is: whole, its beginning, its end and what is added."""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import replace

from machined.host.simulated.shell.call import Call, Options, Program, about
from machined.host.simulated.shell.streams import FileSink


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
            status = await call.complain(about(operand, error))
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


PROGRAMS = [
    Program("cat", "write files", cat, "[-n] [FILE]..."),
    Program("head", "write the first lines", head, "[-n COUNT] [FILE]..."),
    Program("tail", "write the last lines, and follow with -f", tail, "[-f] [-n COUNT] [FILE]..."),
    Program("tee", "write the input to files too", tee, "[-a] FILE..."),
]
