"""Calls that come in, and their replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from machined.wire.body import KeptBody
from machined.wire.bus import Bus
from machined.wire.calls import BUS_NAME
from machined.wire.closing import close_received
from machined.wire.errors import CallError, ConnectionLost, InvalidMessage
from machined.wire.fds import close_fds, fds_of
from machined.wire.header import (
    ALLOW_INTERACTIVE_AUTHORIZATION,
    ERROR,
    METHOD_RETURN,
    NO_REPLY_EXPECTED,
    Received,
)
from machined.wire.queueing import Key, Queueing

logger = logging.getLogger(__name__)

FAILED = "org.freedesktop.DBus.Error.Failed"
INCONSISTENT_MESSAGE = "org.freedesktop.DBus.Error.InconsistentMessage"
NOT_SUPPORTED = "org.freedesktop.DBus.Error.NotSupported"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
MAX_TEXT = 1024
"""Characters of the text of an error, which may quote what the caller sent."""
MAX_REMEMBERED = 256
"""Replies with descriptors that are kept in mind, in case the bus sends them back."""


class Call:
    """A method call that came in.

    Args:
        body: The arguments, or the message that has them.

    Attributes:
        sender: The unique name of the caller.
        path: The object that is called.
        interface: The interface; None where the caller left it out, as it may.
        member: The method.
        signature: The types of `body`, as the caller says.
        is_interactive: Whether the caller is ready for questions (ALLOW_INTERACTIVE_AUTHORIZATION).
        expects_reply: Whether the caller wants a reply; none is sent otherwise.
        serial: The serial of the message.
        size: Bytes of the message.
    """

    __slots__ = (
        "_body", "_message", "expects_reply", "interface", "is_interactive",
        "member", "path", "sender", "serial", "signature", "size",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - a call has as many parts
        self,
        sender: str,
        path: str,
        interface: str | None,
        member: str,
        signature: str,
        body: list[Any] | Received,
        is_interactive: bool,
        expects_reply: bool,
        serial: int,
    ) -> None:
        self.sender = sender
        self.path = path
        self.interface = interface
        self.member = member
        self.signature = signature
        self.is_interactive = is_interactive
        self.expects_reply = expects_reply
        self.serial = serial
        if isinstance(body, list):
            self._message, self._body, self.size = None, body, 0
        else:
            self._message, self.size = body, len(body.frame)

    @property
    def body(self) -> list[Any]:
        """The arguments, read when they are asked for: to read what nobody wants may take seconds.

        File descriptors among them are closed when the handler has ended: one that must outlive it is
        duplicated.

        Raises:
            CallError: InconsistentMessage, they are not of the types that the caller says.
        """
        message = self._message
        if message is not None:
            self._message, self._body = None, []
            try:
                self._body = message.decode()
            except InvalidMessage as error:
                raise CallError(INCONSISTENT_MESSAGE, str(error)) from None
            finally:
                message.frame = b""  # it may be large, and the call long
        return self._body


Answer = tuple[str, Sequence[Any]] | None
"""The types of a reply and its values; None for an empty one."""
Handler = Callable[[Call], Answer | Awaitable[Answer]]
"""Answers a call at once, or later in a task of its own: a task costs as much as many an answer."""


class Server:
    """Answers the calls to one connection: at once, or each in a task of its own."""

    def __init__(self, bus: Bus) -> None:
        self.handler: Handler = _unknown
        self._bus = bus
        self._tasks: set[asyncio.Task[None]] = set()
        self._fd_replies: dict[int, Call] = {}
        self._queueing = Queueing(self._begin)

    def receive(self, message: Received) -> None:
        """Answer a call, now, when the handler has, or when others of the same sender have been answered."""
        if message.member == "Ping" and message.interface == "org.freedesktop.DBus.Peer":
            close_received(message.fds)
            self._reply(_call(message), "", ())
        else:
            self._queueing.take(message)

    def _begin(self, message: Received) -> None:
        call = _call(message)
        try:
            answer = self.handler(call)
            if answer is not None and not isinstance(answer, tuple):
                task = asyncio.get_running_loop().create_task(self._answer(answer, call, message))
                self._tasks.add(task)
                task.add_done_callback(partial(self._ended, self._queueing.went(message)))
                return
            signature, values = answer or ("", ())
        except Exception as error:  # noqa: BLE001 - it is told to the caller, or to the log
            self._fail(call, error)
        else:
            self._reply(call, signature, values)
        close_received(message.fds)

    def _ended(self, key: Key, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._queueing.ended(key)

    def returned(self, message: Received) -> None:
        """Tell a caller who waits for descriptors that the bus would not pass them to it.

        The bus answers such a reply of ours with an error and leaves the caller waiting. Where its policy
        lets no second reply through, the caller waits all the same: the bus counts the first one as sent.
        """
        call = self._fd_replies.pop(message.reply_serial, None) if message.sender == BUS_NAME else None
        if call is not None:
            self._refuse(
                call, NOT_SUPPORTED, "the reply has file descriptors, which this connection cannot get"
            )

    def cancel(self) -> set[asyncio.Task[None]]:
        """Drop what waits, cancel the handlers at work, and return them, less the one that is calling."""
        self._queueing.clear()
        tasks = {task for task in self._tasks if task is not asyncio.current_task()}
        for task in tasks:
            # In the next turn: by then each has begun, and so ends what it was given
            asyncio.get_running_loop().call_soon(task.cancel)
        return tasks

    async def _answer(self, answer: Awaitable[Answer], call: Call, message: Received) -> None:
        try:
            signature, values = await answer or ("", ())
        except asyncio.CancelledError:
            self._refuse(call, FAILED, f"{call.member} was cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - it is told to the caller, or to the log
            self._fail(call, error)
        else:
            self._reply(call, signature, values)
        finally:
            close_received(message.fds)

    def _reply(self, call: Call, signature: str, values: Sequence[Any]) -> None:
        fds = set() if isinstance(values, KeptBody) else fds_of(signature, values)
        if not call.expects_reply:
            close_fds(fds)
            return
        serial = self._bus.next_serial()
        try:
            self._send(call, METHOD_RETURN, signature, values, serial=serial)
        except InvalidMessage:
            logger.exception("the reply to %s.%s cannot be sent", call.interface, call.member)
            self._refuse(call, FAILED, f"the result of {call.member} does not fit into a message")
            return
        if fds:
            self._fd_replies[serial] = call
            if len(self._fd_replies) > MAX_REMEMBERED:
                del self._fd_replies[next(iter(self._fd_replies))]

    def _fail(self, call: Call, error: Exception) -> None:
        """Answer with what a handler raised: an error of the protocol, or a fault, which the log gets."""
        if isinstance(error, CallError):
            self._refuse(call, error.name, error.message)
            return
        logger.error("the handler of %s.%s failed", call.interface, call.member, exc_info=error)
        self._refuse(call, FAILED, f"{call.member} failed because of an error in the service")

    def _refuse(self, call: Call, name: str, text: str) -> None:
        if not call.expects_reply:
            return
        # Texts quote what callers sent or machines are called: nothing in them may keep the reply back
        text = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 3]}..."
        plain = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
        try:
            self._send(call, ERROR, "s", [plain], error_name=name)
        except InvalidMessage:
            logger.exception("the error reply %r to %s.%s cannot be sent", name, call.interface, call.member)
            self._send(call, ERROR, "s", [plain], error_name=FAILED)

    def _send(self, call: Call, kind: int, signature: str, values: Sequence[Any], **fields: Any) -> None:
        try:
            destination = call.sender or None
            self._bus.transmit(
                kind, signature, values, destination=destination, reply_serial=call.serial, **fields
            )
        except ConnectionLost as error:
            logger.debug("no reply to %s.%s: %s", call.interface, call.member, error)


def _unknown(call: Call) -> Answer:
    raise CallError(UNKNOWN_METHOD, f"{call.interface or ''}.{call.member} is not known here")


def _call(message: Received) -> Call:
    return Call(
        message.sender or "",
        message.path or "",
        message.interface,
        message.member or "",
        message.signature,
        message,
        bool(message.flags & ALLOW_INTERACTIVE_AUTHORIZATION),
        not message.flags & NO_REPLY_EXPECTED,
        message.serial,
    )
