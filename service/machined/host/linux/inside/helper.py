"""The helper process as the service has it: started, asked, and started anew when it is gone."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import machined
from machined.host.inside import Place
from machined.host.linux.helper.packets import send
from machined.host.linux.inside.leaders import open_leader
from machined.host.linux.inside.readiness import until_ready
from machined.host.linux.inside.retired import Retired, tell_end
from machined.host.linux.inside.stuck import Stuck
from machined.host.linux.inside.work import Answer, Work
from machined.host.storage import Progress, unseen

logger = logging.getLogger(__name__)

PATIENCE = 4.0
"""Seconds that a machine gets to let itself be entered or read, and a reader to do it.

Callers are promised an answer within five: some are held back before, for at most half a second
(`machined.host.linux.inside.stuck`), and a busy host takes its part.
"""
STALL = 60.0
"""Seconds without a word after which what takes long counts as hanging: a copy tells of each 16 MiB."""
_ROOM = 4 * 1024 * 1024
"""Bytes of the longest wish: environments can be long."""
_BOOT = (
    "import sys; sys.dont_write_bytecode = True; sys.path.append(sys.argv[1]); "
    "from machined.host.linux.helper.process import main, main_once; "
    "{'main': main, 'main_once': main_once}[sys.argv[2]](int(sys.argv[3]))"
)


class Helper:
    """Has things done in machines by a process of one thread that forks for each."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._sending = asyncio.Lock()
        self._is_waited_for = False
        """Whether somebody who has the lock waits for room in the socket."""
        self._is_closed = False
        self._retired = Retired()
        self.stuck = Stuck()

    async def start(self) -> None:
        """Start the process, if there is none or it has ended.

        It ends with the thread that calls this (PR_SET_PDEATHSIG).

        Raises:
            OSError: ESHUTDOWN, we are closed; or what keeps it from starting.
        """
        if self._is_closed:
            raise OSError(errno.ESHUTDOWN, "The service is about to end.")
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:
            tell_end(self._process)
        self._drop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            ours.setblocking(False)
            make_room(ours)
            self._process = _started(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._sock = ours

    async def close(self) -> None:
        """End the process and what it does; programs on terminals of machines go on."""
        self._is_closed = True
        process, self._process = self._process, None
        self._drop()
        self.stuck.close()
        if process is not None and process.poll() is None:
            self._retired.add(process)
        await self._retired.close()

    async def begin(
        self,
        name: str,
        place: Place | None,
        arguments: Sequence[bytes] = (),
        fds: Sequence[int] = (),
        by: socket.socket | None = None,
    ) -> Work:
        """Have something begun; see `machined.host.linux.helper.process` for what there is.

        Args:
            name: What.
            place: The machine it is about, or the host; None for neither.
            arguments: As the operation wants them.
            fds: Likewise; they stay the caller's.
            by: Where another process takes wishes, which is to do it; None for our own.

        Raises:
            FileNotFoundError: The leader has ended.
            TimeoutError: Something that waits for the machine cannot even be killed (ETIMEDOUT).
        """
        leader = 0 if place is None or place.is_host else place.leader
        held = _held_back(name, leader)
        await self.stuck.check(held)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        work = Work(ours, held, self.stuck)
        pidfds = []
        try:
            if place is not None and leader:
                pidfds.append(open_leader(place))
            fields = [name.encode(), str(leader).encode(), *arguments]
            sent = [theirs.fileno(), *pidfds, *fds]
            if by is None:
                work.doer = await self._send(fields, sent)
            else:
                await _send_when_ready(by, fields, sent)
        except BaseException:
            work.end()
            raise
        finally:
            theirs.close()
            for pidfd in pidfds:
                os.close(pidfd)
        return work

    async def run(
        self,
        name: str,
        place: Place,
        arguments: Sequence[bytes] = (),
        fds: Sequence[int] = (),
        progress: Progress = unseen,
    ) -> Answer:
        """Have something done; cancelling this ends it.

        It may take as long as `PATIENCE`, unless it says by then how far it is: whoever does goes on for as
        long as it takes, with no more than `STALL` between two words, and may tidy up when it is ended early.

        Args:
            name: What.
            place: The machine, or the host.
            arguments: As the operation wants them.
            fds: Likewise; they stay the caller's.
            progress: Told how far it is.

        Raises:
            OSError: What went wrong there; ETIMEDOUT, it took too long; ESHUTDOWN, it ended without a word.
        """
        work = await self.begin(name, place, arguments, fds)
        limit = asyncio.timeout(PATIENCE)
        loop = asyncio.get_running_loop()
        takes_long = False

        def on_progress(done: int, total: int) -> None:
            nonlocal takes_long
            takes_long = True
            limit.reschedule(loop.time() + STALL)
            progress(done, total)

        try:
            async with limit:
                return await work.answer(on_progress)
        except TimeoutError:
            if not limit.expired():
                raise  # it was said there
            self.give_up(work)
            raise TimeoutError(errno.ETIMEDOUT, f"Machine {place.name} does not answer.") from None
        finally:
            work.end(gently=takes_long)

    def give_up(self, work: Work) -> None:
        """Take note that something took too long.

        If it was not even begun, the process that was to begin it hangs, and another one takes wishes from
        now on; what the first one has begun goes on.
        """
        if not work.has_begun:
            self._retire(work.doer)

    async def start_program(
        self, place: Place, arguments: Sequence[bytes], terminal: int, by: socket.socket | None = None
    ) -> None:
        """Have a program started on a terminal, which goes on by itself then; `by` as of `begin`.

        Raises:
            OSError: What keeps it from starting, as execve(2) says.
        """
        work = await self.begin("shell", place, arguments, [terminal], by)
        try:
            async with asyncio.timeout(PATIENCE) as limit:
                await work.answer()  # "started": what follows is an error, or the end of the socket
                await work.end_of_words()
        except TimeoutError:
            if not limit.expired():
                raise
            self.give_up(work)
            raise TimeoutError(errno.ETIMEDOUT, f"Machine {place.name} does not answer.") from None
        finally:
            work.end()

    async def _send(self, fields: Sequence[bytes], fds: Sequence[int]) -> subprocess.Popen[bytes]:
        """Send a wish; the process that has it."""
        async with self._sending:
            for is_second in (False, True):
                await self.start()
                assert self._sock is not None and self._process is not None  # noqa: S101, PT018 - started
                process, sock = self._process, self._sock
                try:
                    self._is_waited_for = True
                    await _send_when_ready(sock, fields, fds)
                except (BrokenPipeError, ConnectionResetError):
                    if is_second:
                        raise
                    self._retire(process)
                else:
                    return process
                finally:
                    self._is_waited_for = False
                    if sock is not self._sock:
                        sock.close()
        raise AssertionError("the second time returns or raises")

    def _retire(self, process: subprocess.Popen[bytes] | None) -> None:
        """Have another process next time: this one takes no wishes. What it has begun goes on."""
        if process is not None and process is self._process:
            self._retired.add(process)
            self._process = None
            self._drop()

    def _drop(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None and self._is_waited_for:
            sock.shutdown(socket.SHUT_RDWR)  # wakes who waits for room in it, and closes it then
        elif sock is not None:
            sock.close()


def helper_command(function: str, fd: int) -> list[str]:
    """What a process is started with that serves a socket: `main`, or `main_once` for one wish."""
    root = str(Path(machined.__file__).parents[1])
    cache = [f"-Xpycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    return [sys.executable, "-I", "-S", *cache, "-c", _BOOT, root, function, str(fd)]


def _started(sock: socket.socket) -> subprocess.Popen[bytes]:
    """A new process that serves a socket."""
    return subprocess.Popen(
        helper_command("main", sock.fileno()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={},
        pass_fds=[sock.fileno()],
        start_new_session=True,
    )


_SO_SNDBUFFORCE = 32
"""As SO_SNDBUF, beyond the limit of others (socket(7))."""


def make_room(sock: socket.socket) -> None:
    """Let wishes be as long as they may; without CAP_NET_ADMIN no longer than the host allows anybody."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _ROOM)
    except PermissionError:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2  # doubled, socket(7)
        logger.debug("wishes may be of %d bytes, as net.core.wmem_max says", granted)


def _held_back(name: str, leader: int) -> int:
    """What stands for those who wait as long as one of them hangs.

    Copies are counted apart: they go anywhere, so that one which hangs tells nothing of other calls.
    """
    return -leader if name == "copy" else leader


async def _send_when_ready(sock: socket.socket, fields: Sequence[bytes], fds: Sequence[int]) -> None:
    while True:
        try:
            send(sock, fields, fds)
        except BlockingIOError:
            await until_ready(sock.fileno(), writing=True)
        else:
            return
