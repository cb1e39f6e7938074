"""Who may do what on a real host: polkit(8) is asked."""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.wire import CallError, Connection, Variant

logger = logging.getLogger(__name__)

POLKIT = "org.freedesktop.PolicyKit1"
AUTHORITY_PATH = "/org/freedesktop/PolicyKit1/Authority"
AUTHORITY_INTERFACE = "org.freedesktop.PolicyKit1.Authority"
ALLOW_USER_INTERACTION = 1

MAX_QUESTIONS, MAX_ALL_QUESTIONS = 16, 64
"""Questions that are open at once, of one user and in all. The bus allows 128 open calls to a connection, and
users who answer none of them must not keep the service from calling anybody, nor others from being asked."""

PATIENCE = 5.0
"""Seconds that polkit may take to give up a question."""

_ABSENT = {str(ErrorName.SERVICE_UNKNOWN), str(ErrorName.NAME_HAS_NO_OWNER), str(ErrorName.NO_SUCH_UNIT)}


@dataclass(slots=True, eq=False)
class _Question:
    """A question that is open."""

    uid: int
    id: str
    """What polkit knows it by, to give it up."""
    is_withdrawn: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class LinuxAuthority:
    """Asks polkit, as the reference does (the D-Bus API is in polkit's own reference manual).

    Args:
        connection: To the system bus.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._open: dict[str, _Question] = {}

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        """Return if `sender` may do `action`; a question to the user may take minutes.

        Raises:
            Refused: AccessDenied, also where there is no polkit; InteractiveAuthorizationRequired;
                LimitsExceeded for too many questions at once; or what polkit itself says.
        """
        await self._have_room(uid)
        question = _Question(uid, f"machined-{next(self._numbers)}")
        self._open[question.id] = question
        try:
            (answer,) = await self._call(
                "CheckAuthorization",
                "(sa{sv})sa{ss}us",
                ["system-bus-name", {"name": Variant("s", sender)}],
                action,
                dict(details),
                ALLOW_USER_INTERACTION if is_interactive else 0,
                question.id,
            )
        except CallError as error:
            if question.is_withdrawn:
                raise _too_many() from error
            if error.name in _ABSENT:
                logger.info("nobody may do %s: there is no polkit to ask", action)
                raise _denied() from error
            raise Refused(error.name, error.message) from error
        finally:
            del self._open[question.id]
            question.ended.set()
        is_authorized, is_challenge, _ = answer
        if is_authorized:
            return
        if is_challenge:
            raise Refused(ErrorName.AUTHORIZATION_REQUIRED, "Interactive authentication required.")
        raise _denied()

    async def _have_room(self, uid: int) -> None:
        """See that one more question may be asked: who has most of them open makes room for who has fewer.

        Raises:
            Refused: LimitsExceeded.
        """
        while True:
            asked = Counter(question.uid for question in self._open.values())
            if asked[uid] >= MAX_QUESTIONS:
                raise _too_many()
            if asked.total() < MAX_ALL_QUESTIONS:
                return
            await self._withdraw_one(uid)

    async def _withdraw_one(self, uid: int) -> None:
        """Have polkit give up the oldest question of who has most, and wait until it has."""
        waiting = [question for question in self._open.values() if not question.is_withdrawn]
        asked = Counter(question.uid for question in waiting)
        most = max(asked, key=asked.__getitem__, default=uid)
        if asked[most] <= asked[uid] + 1:
            raise _too_many()
        question = next(question for question in waiting if question.uid == most)
        question.is_withdrawn = True
        logger.warning("a question to user %d is withdrawn, to ask user %d", most, uid)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._call("CancelCheckAuthorization", "s", question.id)
                await question.ended.wait()
        except (CallError, TimeoutError) as error:
            if question.ended.is_set():
                return  # it was answered meanwhile, and polkit knows of it no more
            logger.warning("polkit does not give up a question: %s", error)
            raise _too_many() from error

    async def _call(self, member: str, signature: str, *arguments: Any) -> list[Any]:
        connection = self._connection
        return await connection.call(
            POLKIT, AUTHORITY_PATH, AUTHORITY_INTERFACE, member, signature, *arguments, timeout=None
        )


def _too_many() -> Refused:
    return Refused(ErrorName.LIMITS_EXCEEDED, "Too many questions to polkit are open.")


def _denied() -> Refused:
    return Refused(ErrorName.ACCESS_DENIED, os.strerror(errno.EACCES))
