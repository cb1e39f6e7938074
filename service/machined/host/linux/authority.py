"""Who may do what on a real host: polkit(8) is asked."""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from collections.abc import Mapping

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
a user who answers none of them must not keep the service from calling anybody."""

_ABSENT = {str(ErrorName.SERVICE_UNKNOWN), str(ErrorName.NAME_HAS_NO_OWNER), str(ErrorName.NO_SUCH_UNIT)}


class LinuxAuthority:
    """Asks polkit, as the reference does (the D-Bus API is in polkit's own reference manual).

    Args:
        connection: To the system bus.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: Counter[int] = Counter()

    async def check(
        self, sender: str, uid: int, action: str, details: Mapping[str, str], *, is_interactive: bool
    ) -> None:
        """Return if `sender` may do `action`; a question to the user may take minutes.

        Raises:
            Refused: AccessDenied, also where there is no polkit; InteractiveAuthorizationRequired;
                LimitsExceeded for too many questions at once; or what polkit itself says.
        """
        if self._asked[uid] >= MAX_QUESTIONS or self._asked.total() >= MAX_ALL_QUESTIONS:
            raise Refused(ErrorName.LIMITS_EXCEEDED, "Too many questions to polkit are open.")
        self._asked[uid] += 1
        try:
            (answer,) = await self._connection.call(
                POLKIT,
                AUTHORITY_PATH,
                AUTHORITY_INTERFACE,
                "CheckAuthorization",
                "(sa{sv})sa{ss}us",
                ["system-bus-name", {"name": Variant("s", sender)}],
                action,
                dict(details),
                ALLOW_USER_INTERACTION if is_interactive else 0,
                "",  # cancelled with the caller's own connection alone
                timeout=None,
            )
        except CallError as error:
            if error.name in _ABSENT:
                logger.info("nobody may do %s: there is no polkit to ask", action)
                raise _denied() from error
            raise Refused(error.name, error.message) from error
        finally:
            self._asked[uid] -= 1
            if not self._asked[uid]:
                del self._asked[uid]
        is_authorized, is_challenge, _ = answer
        if is_authorized:
            return
        if is_challenge:
            raise Refused(ErrorName.AUTHORIZATION_REQUIRED, "Interactive authentication required.")
        raise _denied()


def _denied() -> Refused:
    return Refused(ErrorName.ACCESS_DENIED, os.strerror(errno.EACCES))
