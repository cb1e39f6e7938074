"""How much the service logs, and where to: `org.freedesktop.LogControl1` (org.freedesktop.LogControl1(5))."""

from __future__ import annotations

import logging

from machined.bus.senders import Request
from machined.bus.table import Interface, Property
from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.linux.log_targets import TARGETS, handler_of

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


class Log(logging.Handler):
    """Hands our log to the target of the moment."""

    def __init__(self) -> None:
        super().__init__()
        self._handler = handler_of("auto", IDENTIFIER, list(_LEVELS.values()))

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record on."""
        self._handler.handle(record)

    def write_to(self, target: str) -> None:
        """Have another target, one of `TARGETS`, from now on."""
        before, self._handler = self._handler, handler_of(target, IDENTIFIER, list(_LEVELS.values()))
        before.close()


def start_logging(*, of_host: bool = False) -> None:
    """Have our log written to standard error, with priorities where that is the journal.

    Args:
        of_host: Whether machines that come and go are worth a line; else it begins with warnings.
    """
    root = logging.getLogger()
    root.addHandler(Log())
    root.setLevel(logging.INFO if of_host else logging.WARNING)


class LogControl:
    """Answers the members of LogControl1 with, and changes, the logging of this process.

    Attributes:
        interface: The table.
    """

    def __init__(self) -> None:
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
        if value not in TARGETS:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid log target '{value}'")
        for handler in self._root.handlers:
            if isinstance(handler, Log):
                handler.write_to(value)
        self._target = value
        logging.disable(_LEVELS["emerg"] if value == "null" else logging.NOTSET)
