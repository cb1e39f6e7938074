"""Where our log can go: the targets of `$SYSTEMD_LOG_TARGET` (systemd(1), org.freedesktop.LogControl1(5))."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable

from machined.host.linux.journal import FACILITY_AUTH, JournalHandler, is_journal, priority_of

TARGETS = (
    "auto",
    "console",
    "console-prefixed",
    "journal",
    "journal-or-kmsg",
    "kmsg",
    "null",
    "syslog",
    "syslog-or-kmsg",
)
KERNEL_LOG = "/dev/kmsg"
SYSLOG = "/dev/log"


class Prioritized(logging.Formatter):
    """Begins each line with its priority, as journald takes it from a stream (sd-daemon(3)).

    Args:
        priorities: The level of each priority of syslog(3), the gravest first.
        before: What stands between the priority and the text.
        facility: What the lines are filed under (syslog(3)).
    """

    def __init__(self, priorities: list[int], before: Callable[[], str] = str, facility: int = 0) -> None:
        super().__init__()
        self._priorities = priorities
        self._before = before
        self._facility = facility << 3

    def format(self, record: logging.LogRecord) -> str:
        """The record, ready to be written."""
        start = f"<{self._facility | priority_of(record.levelno, self._priorities)}>{self._before()}"
        return "\n".join(f"{start}{line}" for line in super().format(record).splitlines())


class LineHandler(logging.Handler):
    """Hands over each line by itself.

    Args:
        write: Takes a line; raises OSError where it cannot.
        fallback: Gets the record then.
    """

    def __init__(self, write: Callable[[bytes], object], fallback: logging.Handler) -> None:
        super().__init__()
        self._write = write
        self._fallback = fallback

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            for line in self.format(record).splitlines():
                self._write(line.encode("utf-8", "backslashreplace"))
        except OSError:
            self._fallback.emit(record)


def to_kernel_log(line: bytes) -> None:
    """Write a line to the kernel's log, one write(2) for each (dev-kmsg in the kernel's documentation)."""
    fd = os.open(KERNEL_LOG, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        os.write(fd, line + b"\n")
    finally:
        os.close(fd)


def to_syslog(line: bytes) -> None:
    """Send a line to whoever is the host's syslog (RFC 3164)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.setblocking(False)
        sock.sendto(line, SYSLOG)


def handler_of(target: str, identifier: str, priorities: list[int]) -> logging.Handler:
    """What writes to a target; where that cannot be written to, to standard error as for "auto".

    Args:
        target: One of `TARGETS`; "null" too is written to: who sets it stops logging.
        identifier: What the lines begin with, or are found by in the journal.
        priorities: The level of each priority of syslog(3), the gravest first.
    """
    stream = logging.StreamHandler(sys.stderr)
    is_of_journal = is_journal(sys.stderr.fileno())
    if is_of_journal or target == "console-prefixed":
        stream.setFormatter(Prioritized(priorities))
    else:
        stream.setFormatter(logging.Formatter(f"{identifier}: %(message)s"))
    kernel, syslog = LineHandler(to_kernel_log, stream), LineHandler(to_syslog, stream)
    sender = f"{identifier}[{os.getpid()}]: "
    kernel.setFormatter(Prioritized(priorities, lambda: sender, FACILITY_AUTH))
    if target == "syslog-or-kmsg":
        syslog = LineHandler(to_syslog, kernel)
    # The names of months are English in any locale that we run in: none is set
    syslog.setFormatter(
        Prioritized(priorities, lambda: f"{time.strftime('%b %e %H:%M:%S')} {sender}", FACILITY_AUTH)
    )
    match target:
        case "journal" | "journal-or-kmsg":
            return JournalHandler(identifier, priorities, kernel if target.endswith("kmsg") else stream)
        case "kmsg":
            return kernel
        case "syslog" | "syslog-or-kmsg":
            return syslog
        case "auto" | "null" if is_of_journal:
            return JournalHandler(identifier, priorities, stream)
        case _:
            return stream
