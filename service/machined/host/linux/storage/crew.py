"""The service's side of its workers: sends jobs to the nursery, hears how they get on, ends them."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import socket
import sys
from typing import Any

from machined.host.linux.storage import report
from machined.host.storage import Progress, unseen

NURSERY = "machined.host.linux.storage.nursery"
_LONGEST = 16 * 1024**2
"""Bytes in a line of a report, at most: two files of assignments; JSON makes six bytes of some of theirs."""
_AGAIN = 0.01
_GRACE = 2.0
"""Seconds that the nursery has to end by itself."""
_GONE = (BrokenPipeError, ConnectionResetError)
"""What is said when the nursery has ended; the second, once, where it left something unread (unix(7))."""


class Crew:
    """Has jobs done in processes of their own."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._line: socket.socket | None = None
        self._nursery: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._is_closed = False
        self._going: set[int] = set()
        self._killed: set[int] = set()
        """Those of them that were told to end, and may not have yet."""
        self._finishing: set[int] = set()
        """Those of them that are not ended any more: what they do is about to be seen."""
        self._reports: set[asyncio.StreamWriter] = set()
        """What workers are heard on."""
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def start(self) -> None:
        """Start the process that workers are born in, if it does not run.

        Raises:
            OSError: ESHUTDOWN, this is closed; or there is no room for it.
        """
        async with self._starting:
            if self._is_closed:
                raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
            if self._nursery is not None and self._nursery.returncode is None:
                return
            await self._drop()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.setblocking(False)
            with theirs:
                words = (sys.executable, "-I", "-m", NURSERY, str(theirs.fileno()))
                nothing = asyncio.subprocess.DEVNULL
                self._nursery = await asyncio.create_subprocess_exec(
                    *words, pass_fds=(theirs.fileno(),), stdin=nothing, stdout=nothing
                )
            self._line = ours

    async def kill_all(self) -> None:
        """End all jobs but those that are as good as done, which are waited for."""
        self._killed |= self._going - self._finishing
        for id in self._killed:
            self._kill(id)
        await self._quiet.wait()

    async def close(self) -> None:
        """End the process that workers are born in, and them with it.

        A worker that a file system never answers cannot be ended (fuse(4)). It is not waited for.
        """
        async with self._starting:
            self._is_closed = True
            await self._drop()
        for line in self._reports:
            line.transport.abort()
        await self._quiet.wait()

    async def run(self, job: str, arguments: dict[str, Any], progress: Progress = unseen) -> Any:
        """Have a job done. Who is cancelled while waiting for it kills it, and goes on once it has ended.

        One that has asked whether it is wanted, for the last time, is not killed: who is cancelled after that
        goes on as if nothing were.

        Raises:
            OSError: As the job raises; ESHUTDOWN, its process was killed, or this was closed.
        """
        id = next(self._ids)
        self._going.add(id)
        self._quiet.clear()
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                reader, writer = await asyncio.open_connection(sock=ours, limit=_LONGEST)
                self._reports.add(writer)
                try:
                    await self._send({"id": id, "job": job, "arguments": arguments}, theirs)
                    if id in self._killed:
                        self._kill(id)  # it was not born yet when it was told to end
                except BaseException:
                    self._hear_no_more(writer)
                    raise
            try:
                return await self._result(id, reader, writer, progress)
            except BaseException:
                self._kill(id)
                await undisturbed(reader.read())
                raise
            finally:
                self._hear_no_more(writer)
        finally:
            self._going.discard(id)
            self._finishing.discard(id)
            self._killed.discard(id)
            if not self._going:
                self._quiet.set()

    async def _result(
        self, id: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, progress: Progress
    ) -> Any:
        """Hear a worker out, and answer it."""
        while line := await reader.readline():
            match json.loads(line):
                case ["progress", done, total]:
                    progress(done, total)
                case [report.LAST] if id not in self._killed:
                    self._finishing.add(id)
                    writer.write(b"\n")
                    rest = asyncio.ensure_future(self._result(id, reader, writer, progress))
                    await undisturbed(asyncio.wait({rest}))
                    return rest.result()
                case ["done", result]:
                    return result
                case ["failed", number, text]:
                    raise OSError(number, text)
        raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))

    def _hear_no_more(self, line: asyncio.StreamWriter) -> None:
        self._reports.discard(line)
        line.close()

    async def _send(self, request: dict[str, Any], theirs: socket.socket) -> None:
        packed = json.dumps(request).encode()
        while True:
            await self.start()
            if self._line is None:
                raise OSError(errno.ESHUTDOWN, os.strerror(errno.ESHUTDOWN))
            try:
                socket.send_fds(self._line, [packed], [theirs.fileno()])
            except BlockingIOError:
                await asyncio.sleep(_AGAIN)  # it has a lot to do
            except _GONE:
                await self._ended()  # it was killed: a new one is started
            else:
                return

    def _kill(self, id: int) -> None:
        if self._line is not None:
            try:
                self._line.send(json.dumps({"id": id, "job": "kill"}).encode())
            except BlockingIOError:
                asyncio.get_running_loop().call_later(_AGAIN, self._kill, id)
            except _GONE:
                return  # and the worker with it

    async def _ended(self) -> None:
        if self._nursery is not None:
            await self._nursery.wait()

    async def _drop(self) -> None:
        """Let the nursery go: it ends when nobody is at the other side of its line."""
        if self._line is not None:
            self._line.close()
            self._line = None
        try:
            async with asyncio.timeout(_GRACE):
                await self._ended()
        except TimeoutError:
            if self._nursery is not None:
                self._nursery.kill()
            await self._ended()
        self._nursery = None


async def undisturbed(work: Any) -> None:
    """Wait for something that must be waited for, even if we are cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
