"""How host and domain say no: a D-Bus error by name, or a plain `OSError` by its errno.

An errno becomes the name that systemd gives it (sd-bus-errors(3)), in one table of the bus layer.
"""

from __future__ import annotations

from machined.contract import ErrorName


class Refused(Exception):
    """A wish that is not granted, with the name of the D-Bus error that tells of it.

    Attributes:
        name: The error's name; also one that a peer sent and that is passed on.
        message: A sentence for the caller.
    """

    def __init__(self, name: ErrorName | str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
