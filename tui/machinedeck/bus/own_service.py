"""The way to a service of our own: a child process that is the message bus, the service and PID 1 in one."""

from __future__ import annotations

import asyncio
import signal

from machined.wire import ConnectFailed, Connection, connect_socket
from machinedeck.bus.child import Child, Command
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean

ANSWER_SECONDS = 10.0
"""How long the service may take from its start to its first answer."""

END_SECONDS = 1.0
"""How long it may take to end by itself, once its client is gone."""

_POLL_SECONDS = 0.005


class OwnService:
    """Implements `Opening`: each connection is to a service that was started for it.

    Args:
        command: The command line of the service.
        child: One that was started already, for the first connection.
    """

    def __init__(self, command: Command, child: Child | None = None) -> None:
        self._command = command
        self._child = child

    @property
    def pid(self) -> int | None:
        """The process id of the service, `None` while there is none."""
        return self._child.pid if self._child is not None else None

    async def open(self) -> Connection:
        """See `Opening`."""
        child = self._child
        if child is None or child.is_taken:
            await self.close()
            child = self._child = Child(self._command)
        try:
            return await connect_socket(child.take_socket(), timeout=ANSWER_SECONDS)
        except ConnectFailed as error:
            failure = await _not_started(child, error)
            await self.close()
            raise failure from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See `Opening`: the service ends, by itself or by force, and is reaped."""
        child, self._child = self._child, None
        if child is None:
            return
        child.hang_up()
        try:
            await _has_ended(child)
        finally:
            child.finish()

    def lost(self, reason: BaseException | None) -> Failure:
        """See `Opening`."""
        message = "The service ended."
        return Failure(Kind.OWN_SERVICE, message + _last_words(self._child) if self._child else message)


async def _has_ended(child: Child) -> bool:
    """Wait a while for a service to end by itself; whether it did."""
    deadline = asyncio.get_running_loop().time() + END_SECONDS
    while child.poll() is None:
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


async def _not_started(child: Child, error: ConnectFailed) -> Failure:
    """Why a service that was just started does not answer."""
    await _has_ended(child)
    code = child.poll()
    if code is None:
        message = f"The service was started but does not answer: {clean(error, 300)}."
    elif code < 0:
        message = f"The service was ended at once, by {_signal_name(-code)}."
    else:
        message = f"The service ended at once, with exit code {code}."
    return Failure(Kind.OWN_SERVICE, message + _last_words(child))


def _last_words(child: Child) -> str:
    words = clean(child.last_words(), 300)
    return f" It last said: {words}" if words else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # of a later kernel, or a real-time one
