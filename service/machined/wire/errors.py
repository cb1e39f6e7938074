"""What can go wrong on the wire, one class for each thing a caller may want to tell apart."""

from __future__ import annotations


class WireError(Exception):
    """Whatever goes wrong between us and a message bus; the text is fit to be shown."""


class ConnectFailed(WireError):
    """No connection came about: bad address, nobody listening, authentication refused, no answer in time."""


class ConnectionLost(WireError):
    """The connection ended, by us or by the other side, before the wish was fulfilled."""


class InvalidMessage(WireError):
    """A message that the D-Bus specification forbids; it was refused before the wire, or not passed on.

    The text quotes what was refused, so whatever cannot be printed is escaped in it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text if text.isprintable() else ascii(text)[1:-1])


class CallTimeout(WireError):
    """No reply came within the time that the caller granted. The callee may still be at work."""


class CallError(WireError):
    """An error reply: received by a caller, or raised by a handler that wants to send one.

    Attributes:
        name: The error's name, for example `org.freedesktop.DBus.Error.Failed`.
        message: What it says; empty if the reply carried no text.
    """

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.message = message
