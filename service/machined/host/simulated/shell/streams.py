"""Where programs read from and write to. Bytes flow; who writes waits for who reads."""

from __future__ import annotations

import asyncio
from typing import Protocol

from machined.host.simulated.shell.canonical import read_line
from machined.host.simulated.shell.files import FILE_LIMIT, Files
from machined.host.simulated.shell.terminal import Terminal
from machined.host.simulated.tree import Node

PIPE_SIZE = 65536
"""Bytes that a pipe holds (pipe(7), "Pipe capacity")."""
FAIR_BYTES = 65536
"""Bytes that go nowhere before others get their turn."""


class Source(Protocol):
    """What a program reads."""

    async def read(self) -> bytes:
        """Some bytes as soon as there are any; none at the end."""


class Sink(Protocol):
    """What a program writes to."""

    async def write(self, data: bytes) -> None:
        """Write; waits where nobody reads fast enough.

        Raises:
            BrokenPipeError: Nobody will ever read.
            OSError: There is no room.
        """


class TerminalSource:
    """A terminal that is read line by line."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def read(self) -> bytes:
        """The next line; none at ctrl-d."""
        line = await read_line(self._terminal)
        return (line or "").encode("utf-8", "replace")


class TerminalSink:
    """A terminal that is written to."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def write(self, data: bytes) -> None:
        """Show bytes."""
        await self._terminal.write(data.replace(b"\n", b"\r\n"))


class BytesSource:
    """Bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self) -> bytes:
        """All at once."""
        data, self._data = self._data, b""
        return data


class NullSink:
    """`/dev/null` (null(4))."""

    def __init__(self) -> None:
        self._count = 0

    async def write(self, data: bytes) -> None:
        """Forget."""
        self._count += len(data) + 100
        if self._count > FAIR_BYTES:
            self._count = 0
            await asyncio.sleep(0)


class BytesSink:
    """Keeps what is written, up to a limit: the output of `$(...)`."""

    def __init__(self, limit: int) -> None:
        self.data = bytearray()
        self._limit = limit

    async def write(self, data: bytes) -> None:
        """Keep."""
        if len(self.data) + len(data) > self._limit:
            raise BrokenPipeError
        self.data += data
        await asyncio.sleep(0)


class FileSink:
    """A file that is written to from its end on."""

    def __init__(self, files: Files, node: Node) -> None:
        self._files = files
        self._node = node
        self._waiting = bytearray()

    async def write(self, data: bytes) -> None:
        """Append. A large file gets its bytes in larger pieces, the rest of them by `flush`."""
        size = len(self._node.content) if isinstance(self._node.content, bytes) else 0
        if size + len(self._waiting) + len(data) > FILE_LIMIT:
            raise OSError(28, "No space left on device")
        self._waiting += data
        if len(self._waiting) * 4 > size:
            self.flush()
        await asyncio.sleep(0)

    def flush(self) -> None:
        """Have all in the file."""
        if self._waiting:
            self._files.store(self._node, self._node.read() + self._waiting)
            self._waiting.clear()


class Pipe:
    """A pipe between two programs: a source at one end, a sink at the other."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._changed = asyncio.Event()
        self._has_writer = True
        self._has_reader = True

    async def read(self) -> bytes:
        """What is in the pipe, as soon as there is any; none when it is empty and nobody writes any more."""
        while not self._data and self._has_writer:
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._data)
        self._data.clear()
        self._changed.set()
        return data

    async def write(self, data: bytes) -> None:
        """Put into the pipe; waits while it is full."""
        while len(self._data) >= PIPE_SIZE and self._has_reader:
            self._changed.clear()
            await self._changed.wait()
        if not self._has_reader:
            raise BrokenPipeError
        self._data += data
        self._changed.set()
        await asyncio.sleep(0)

    def close_reader(self) -> None:
        """Nobody reads any more."""
        self._has_reader = False
        self._data.clear()
        self._changed.set()

    def close_writer(self) -> None:
        """Nobody writes any more."""
        self._has_writer = False
        self._changed.set()
