"""Our log in the journal, with fields that a stream cannot carry (systemd's "Native Journal Protocol")."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"
FACILITY_AUTH = 4
"""What the service's lines are filed under (syslog(3), LOG_AUTH)."""


class JournalHandler(logging.Handler):
    """Sends records to the journal, with what a call of logging passed as `extra={"fields": {…}}`.

    Args:
        identifier: What the lines are found by (`journalctl -t`).
        priorities: The level of each priority of syslog(3), the gravest first.
        fallback: Gets what the journal cannot take just now.
    """

    def __init__(self, identifier: str, priorities: list[int], fallback: logging.Handler) -> None:
        super().__init__()
        self._identifier = identifier
        self._priorities = priorities
        self._fallback = fallback
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        fields = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(priority_of(record.levelno, self._priorities)),
            "SYSLOG_IDENTIFIER": self._identifier,
            "SYSLOG_FACILITY": str(FACILITY_AUTH),
            "SYSLOG_PID": str(os.getpid()),
            **getattr(record, "fields", {}),
        }
        try:
            self._socket.sendto(message_of(fields), SOCKET)
        except OSError:
            self._fallback.emit(record)

    def close(self) -> None:
        """Send no more."""
        self._socket.close()
        super().close()


def message_of(fields: Mapping[str, str]) -> bytes:
    """A record as the journal takes it: a line for each field, or a length for those of several lines."""
    parts = []
    for name, value in fields.items():
        raw = value.encode("utf-8", "backslashreplace")
        if b"\n" in raw:
            parts.append(name.encode() + b"\n" + len(raw).to_bytes(8, "little") + raw + b"\n")
        else:
            parts.append(name.encode() + b"=" + raw + b"\n")
    return b"".join(parts)


def priority_of(level: int, priorities: list[int]) -> int:
    """The priority of a level of logging: the least grave one that is as grave."""
    numbered = reversed(list(enumerate(priorities)))
    return next((number for number, least in numbered if least >= level), 0)


def is_journal(descriptor: int) -> bool:
    """Whether a stream goes to the journal, as `$JOURNAL_STREAM` tells (systemd.exec(5))."""
    found = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
