"""Terminals of machines with somebody at the other side."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import AsyncIterator, Iterator

from machined.contract import ErrorName
from machined.host.improvements import Improvements
from machined.host.inside import Place, Pty, ShellRequest
from machined.host.linux.helper.packets import pack
from machined.host.linux.helper.targets import has_ended, open_other_side
from machined.host.linux.inside.buses import Ask, Managers, NoManager
from machined.host.linux.inside.helper import PATIENCE, Helper
from machined.host.linux.inside.outside import Outside
from machined.host.login_shell import PROGRAM, login_shell
from machined.wire import CallError, Variant

logger = logging.getLogger(__name__)


_ALL_STEPS = PATIENCE + 0.25
"""Seconds for all that a login or shell takes; each step may take a little less, and says what is wrong."""


class Terminals:
    """Opens terminals of machines and of the host.

    Args:
        helper: Goes into machines.
        managers: Start what runs on the terminals.
        improvements: Whether a machine without a service manager is entered, and a prompt started that
            systemd started too often of late.
    """

    def __init__(self, helper: Helper, managers: Managers, *, improvements: Improvements) -> None:
        self._helper = helper
        self._improvements = improvements
        self._managers = managers
        self._outside = Outside(helper, managers)

    async def open_pty(self, place: Place) -> Pty:
        """A new terminal with nobody at its other side.

        Raises:
            ProcessLookupError: The machine's first process has ended, which other calls tell as ENOENT.
        """
        if not place.is_host:
            _check_leader(place)
        (number,), (fd,) = await self._helper.run("pty", place)
        return Pty(fd, f"/dev/pts/{int(number)}")

    async def open_login(self, place: Place) -> Pty:
        """A new terminal with a login prompt (container-getty@.service).

        Raises:
            NoManager: There is no bus, or no service manager on it.
        """
        async with _in_time(place):
            return await self._open_login(place)

    async def open_shell(self, place: Place, request: ShellRequest) -> Pty:
        """A new terminal with a program, started by the machine's service manager if it has one."""
        async with _in_time(place):
            return await self._open_shell(place, request)

    async def _open_login(self, place: Place) -> Pty:
        pty = await self.open_pty(place)
        with _closed_on_error(pty):
            unit = f"container-getty@{pty.path.removeprefix('/dev/pts/')}.service"
            async with self._managers.of(place) as ask:
                if self._improvements.prompts_again:
                    await _forget_failures(ask, unit)
                await ask("StartUnit", "ss", unit, "replace")
        return pty

    async def _open_shell(self, place: Place, request: ShellRequest) -> Pty:
        pty = await self.open_pty(place)
        with _closed_on_error(pty):
            try:
                await self._start(place, request, pty)
            except NoManager as error:
                if not self._improvements.enters_without_manager:
                    raise
                logger.info("%s Entering %s directly, without a login session.", error.strerror, place.name)
                await self._enter(place, request, pty)
        return pty

    async def _start(self, place: Place, request: ShellRequest, pty: Pty) -> None:
        """Have the machine's manager start a unit on the terminal."""
        unit = f"container-shell@{pty.path.removeprefix('/dev/pts/')}.service"
        async with self._managers.of(place) as ask:
            properties = _properties(request, pty.path, _three_times(open_other_side(pty.fd)))
            await ask("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", properties, [])

    async def _enter(self, place: Place, request: ShellRequest, pty: Pty) -> None:
        """Have the program started without the machine's help.

        Raises:
            OSError: ENOENT, no such user or program; EACCES, it cannot be executed; and others of execve(2).
        """
        arguments = [
            os.fsencode(request.user),
            os.fsencode(request.path),
            pack([os.fsencode(word) for word in request.arguments]),
            pack([os.fsencode(entry) for entry in request.environment]),
        ]
        await self._outside.start_program(place, arguments, pty.fd)


async def _forget_failures(ask: Ask, unit: str) -> None:
    """Let a unit start that ended often of late.

    When a login is closed, systemd starts its prompt again and again, until it sees that nobody is there.
    The next login that gets the same terminal would see nothing (StartLimitBurst= in systemd.unit(5)).
    """
    try:
        await ask("ResetFailedUnit", "s", unit)
    except CallError as error:
        if error.name != ErrorName.NO_SUCH_UNIT:  # which never ran, or long ago
            raise


def _check_leader(place: Place) -> None:
    pidfd = -1 if place.process is None else place.process.pidfd
    if pidfd < 0 or has_ended(pidfd):
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))


@contextlib.asynccontextmanager
async def _in_time(place: Place) -> AsyncIterator[None]:
    """Keep a machine that answers each step late from taking the time of all of them.

    Raises:
        TimeoutError: It took too long (ETIMEDOUT).
    """
    try:
        async with asyncio.timeout(_ALL_STEPS) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise  # it was said there
        raise TimeoutError(errno.ETIMEDOUT, f"Machine {place.name} does not answer.") from None


@contextlib.contextmanager
def _closed_on_error(pty: Pty) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(pty.fd)
        raise


def _three_times(fd: int) -> list[int]:
    """A descriptor and two duplicates of it; none is left where there is no room for them."""
    made = [fd]
    try:
        for _ in range(2):
            made.append(os.dup(fd))
    except OSError:
        for one in made:
            os.close(one)
        raise
    return made


def _properties(request: ShellRequest, path: str, fds: list[int]) -> list[list[object]]:
    """What the unit of a shell is like."""
    program, words = request.path, request.arguments
    if not program:
        program, words = PROGRAM, login_shell(request.user)
    properties: list[tuple[str, str, object]] = [
        ("Description", "s", f"Shell for User {request.user}"),
        ("StandardInputFileDescriptor", "h", fds[0]),
        ("StandardOutputFileDescriptor", "h", fds[1]),
        ("StandardErrorFileDescriptor", "h", fds[2]),
        ("SendSIGHUP", "b", True),
        ("IgnoreSIGPIPE", "b", False),
        ("KillMode", "s", "mixed"),
        ("TTYPath", "s", path),
        ("TTYReset", "b", True),
        ("UtmpIdentifier", "s", path.removeprefix("/dev/")),
        ("UtmpMode", "s", "user"),
        ("PAMName", "s", "login"),
        ("WorkingDirectory", "s", "-~"),
        ("User", "s", request.user),
    ]
    if request.environment:
        properties.append(("Environment", "as", request.environment))
    properties.append(("ExecStart", "a(sasb)", [[program, words, True]]))
    return [[name, Variant(signature, value)] for name, signature, value in properties]
