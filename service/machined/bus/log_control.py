"""How much the service logs, and where to: `org.freedesktop.LogControl1` (org.freedesktop.LogControl1(5))."""

from __future__ import annotations

import logging
import sys

from machined.bus.senders import Request
from machined.bus.table import Interface, Property
from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.host.linux.journal import JournalHandler, is_journal, priority_of

PATH = "/org/freedesktop/LogControl1"
IDENTIFIER = "systemd-machined"
"""What the lines of our log begin with: who looks for them in the journal knows this name."""

_LEVELS = {
    "emerg": logging.CRITICAL + 20,
    "alert": logging.CRITICAL + 10,
    "crit": logging.CRITICAL,
    "err": logging.ERROR,
    "warning": logging.WARNING,
    "notice": logging.INFO + 5,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
"""The levels of syslog(3), in its order, as Python numbers them; three of them Python does not know."""
_TARGETS = ("auto", "console", "null")
_OTHER_TARGETS = ("console-prefixed", "journal", "journal-or-kmsg", "kmsg", "syslog", "syslog-or-kmsg")


def start_logging(*, of_host: bool = False) -> None:
    """Have our log written to standard error, with priorities where that is the journal.

    Args:
        of_host: Whether machines that come and go are worth a line; else it begins with warnings.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if is_journal(sys.stderr.fileno()):
        handler.setFormatter(_Prioritized())
        handler = JournalHandler(IDENTIFIER, list(_LEVELS.values()), handler)
    else:
        handler.setFormatter(logging.Formatter(f"{IDENTIFIER}: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO if of_host else logging.WARNING)


class _Prioritized(logging.Formatter):
    """Begins each line with its priority, as journald takes it from a stream (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, ready to be written."""
        number = priority_of(record.levelno, list(_LEVELS.values()))
        return "\n".join(f"<{number}>{line}" for line in super().format(record).splitlines())


class LogControl:
    """Answers the members of LogControl1 with, and changes, the logging of this process.

    Args:
        improvements: Whether targets that are not written to are refused. Else they are taken and told, as by
            systemd; what there is to log goes to standard error all the same, which is the journal's.

    Attributes:
        interface: The table.
    """

    def __init__(self, *, improvements: Improvements = ALL) -> None:
        self._improvements = improvements
        self._root = logging.getLogger()
        self._target = "auto"
        self.interface = Interface(
            "org.freedesktop.LogControl1",
            [
                Property("LogLevel", "s", self._level, writer=self._on_set_level),
                Property("LogTarget", "s", self._read_target, writer=self._on_set_target),
                Property("SyslogIdentifier", "s", lambda _target: IDENTIFIER),
            ],
        )

    def _level(self, _target: object) -> str:
        """The name of the level in force: the least severe one that is still logged."""
        number = self._root.getEffectiveLevel()
        return next((name for name, least in reversed(_LEVELS.items()) if least >= number), "emerg")

    def _read_target(self, _target: object) -> str:
        return self._target

    async def _on_set_level(self, _target: object, _request: Request, value: str) -> None:
        numbered = {str(number): level for number, level in enumerate(_LEVELS.values())}  # as syslog(3) does
        level = numbered.get(value, _LEVELS.get(value))
        if level is None:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid log level '{value}'")
        self._root.setLevel(level)

    async def _on_set_target(self, _target: object, _request: Request, value: str) -> None:
        others = () if self._improvements.refuses_log_targets else _OTHER_TARGETS
        if not others and value in _OTHER_TARGETS:
            raise Refused(ErrorName.NOT_SUPPORTED, "The log goes to standard error alone: auto or console.")
        if value not in (*_TARGETS, *others):
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid log target '{value}'")
        self._target = value
        logging.disable(_LEVELS["emerg"] if value == "null" else logging.NOTSET)
