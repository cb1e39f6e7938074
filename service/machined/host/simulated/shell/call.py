"""A program as the shell knows it, and one run of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from machined.host.simulated.processes import Process
from machined.host.simulated.shell.state import Shell, Streams
from machined.host.simulated.shell.streams import TerminalSink, TerminalSource
from machined.host.simulated.shell.system import System

COLLECTED = 1024 * 1024
"""Bytes that a program takes in before it gives up: all of it would be in memory."""
CHUNK = 65536
"""Bytes of a file that are read at once."""
FAIR_LINES = 500
"""Lines that are read in a row before others get their turn."""


class UsageError(Exception):
    """A program was called in a way it does not understand; the text says what is wrong."""


class Options(NamedTuple):
    """The arguments of a call, told apart."""

    flags: frozenset[str]
    values: dict[str, str]
    operands: list[str]

    def number(self, name: str, default: int) -> int:
        """The value of an option that is a number.

        Raises:
            UsageError: It is none.
        """
        text = self.values.get(name)
        if text is None:
            return default
        try:
            return int(text[:18])
        except ValueError:
            raise UsageError(f"invalid number: '{text}'") from None


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program."""

    shell: Shell
    name: str
    arguments: list[str]
    streams: Streams
    programs: Mapping[str, Program]
    """All there are, by name."""
    process: Process | None = None
    """None for what the shell itself does."""

    @property
    def system(self) -> System:
        """The system it runs on."""
        return self.shell.system

    @property
    def is_on_terminal(self) -> bool:
        """Whether its output is seen at once, so that colours and pictures make sense."""
        return isinstance(self.streams.output, TerminalSink)

    @property
    def has_terminal(self) -> bool:
        """Whether it could talk with who sits there."""
        return self.is_on_terminal and isinstance(self.streams.input, TerminalSource)

    async def print(self, *lines: str) -> None:
        """Write lines."""
        for start in range(0, len(lines), 200):
            text = "".join(f"{line}\n" for line in lines[start : start + 200])
            await self.write(text.encode("utf-8", "replace"))

    async def write(self, data: bytes) -> None:
        """Write bytes."""
        await self.streams.output.write(data)

    async def complain(self, message: str) -> int:
        """Say what went wrong; the status of a failure."""
        await self.streams.errors.write(f"{self.name}: {message}\n".encode("utf-8", "replace"))
        return 1

    async def fault(self, error: OSError, doing: str = "") -> int:
        """Say what the system refused; the status of a failure."""
        return await self.complain(f"{doing}{' ' if doing else ''}{describe(error)}")

    def options(self, flags: str, values: str = "", words: dict[str, str] | None = None) -> Options:
        """Tell options and operands apart (getopt(3)).

        Args:
            flags: Letters that stand alone.
            values: Letters that are followed by a value.
            words: Long options, without dashes, with the letters they stand for.

        Raises:
            UsageError: An option is unknown or has no value.
        """
        found: set[str] = set()
        given: dict[str, str] = {}
        operands: list[str] = []
        rest = list(self.arguments)
        while rest:
            argument = rest.pop(0)
            if argument == "--":
                return Options(frozenset(found), given, operands + rest)
            if argument.startswith("--"):
                name, _, value = argument[2:].partition("=")
                letter = (words or {}).get(name)
                if letter is None:
                    raise UsageError(f"unrecognized option '{argument}'")
                argument = f"-{letter}{value}"
            if argument == "-" or not argument.startswith("-"):
                operands.append(argument)
                continue
            for position, letter in enumerate(argument[1:], 2):
                if letter in flags:
                    found.add(letter)
                    continue
                if letter not in values:
                    raise UsageError(f"invalid option -- '{letter}'")
                if not (argument[position:] or rest):
                    raise UsageError(f"option requires an argument -- '{letter}'")
                given[letter] = argument[position:] or rest.pop(0)
                break
        return Options(frozenset(found), given, operands)

    async def collect(self) -> bytes:
        """All of the input.

        Raises:
            OSError: It is too much.
        """
        data = bytearray()
        while part := await self.streams.input.read():
            data += part
            if len(data) > COLLECTED:
                raise OSError(12, "Cannot allocate memory")
        return bytes(data)

    async def chunks(self, operand: str) -> AsyncIterator[bytes]:
        """The content of a file, or of the input for `-` as it comes."""
        if operand != "-":
            data = self.shell.files.read(self.shell.path(operand))
            for start in range(0, len(data), CHUNK):
                yield data[start : start + CHUNK]
            return
        while part := await self.streams.input.read():
            yield part

    async def lines(self, operand: str) -> AsyncIterator[bytes]:
        """The lines of a file, or of the input for `-` as they come, with their ends."""
        rest = b""
        count = 0
        async for part in self.chunks(operand):
            pieces = _split(rest + part)
            rest = pieces.pop() if pieces and not pieces[-1].endswith(b"\n") else b""
            if len(rest) > COLLECTED:
                raise OSError(12, "Cannot allocate memory")
            for line in pieces:
                yield line
                count += 1
                if count % FAIR_LINES == 0:
                    await asyncio.sleep(0)
        if rest:
            yield rest


class Program(NamedTuple):
    """A program of the shell."""

    name: str
    summary: str
    """A line for `help`."""
    run: Callable[[Call], Awaitable[int]]
    usage: str = ""
    """Its arguments, for `man`."""
    is_builtin: bool = False
    """Whether the shell itself does it, without a process."""


def describe(error: OSError) -> str:
    """What an error says, with the path it is about."""
    text = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return f"{error.filename}: {text}" if error.filename else text


def about(operand: str, error: OSError) -> str:
    """What an error says, about the operand as it was given."""
    return f"{operand}: {error.strerror}" if error.strerror else describe(error)


def _split(data: bytes) -> list[bytes]:
    """Lines with their ends, where only line feeds end them."""
    pieces = [line + b"\n" for line in data.split(b"\n")]
    last = pieces.pop()[:-1]
    return [*pieces, last] if last else pieces
