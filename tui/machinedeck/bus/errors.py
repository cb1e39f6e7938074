"""Errors of the wire, translated once into failures an operator can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from machined.contract import ErrorName
from machined.wire import CallError, CallTimeout, InvalidMessage, WireError
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean

_KINDS = {
    ErrorName.ACCESS_DENIED: Kind.NOT_ALLOWED,
    ErrorName.AUTHORIZATION_REQUIRED: Kind.NOT_ALLOWED,
    ErrorName.NO_SUCH_MACHINE: Kind.NOT_THERE,
    ErrorName.NO_SUCH_IMAGE: Kind.NOT_THERE,
    ErrorName.UNKNOWN_OBJECT: Kind.NOT_THERE,
    ErrorName.NO_SUCH_UNIT: Kind.NOT_THERE,
    ErrorName.NO_SUCH_OPERATION: Kind.NOT_THERE,
    ErrorName.NO_REPLY: Kind.TIMED_OUT,
    ErrorName.SERVICE_UNKNOWN: Kind.NO_SERVICE,
    ErrorName.NAME_HAS_NO_OWNER: Kind.NO_SERVICE,
    f"{ErrorName.FAILED.rsplit('.', 1)[0]}.Spawn.ServiceNotFound": Kind.NO_SERVICE,
}

_NOT_ACTIVATED = {ErrorName.NO_SUCH_UNIT, ErrorName.UNIT_MASKED, ErrorName.LOAD_FAILED}
"""What the bus answers in a service's place where PID 1 cannot start its unit."""

_HINTS = {
    Kind.NOT_ALLOWED: "This needs root: run machinedeck as root or with sudo.",
    Kind.TIMED_OUT: "It may still be at work: look again in a while.",
    Kind.NO_SERVICE: "See: systemctl status systemd-machined",
}


def from_wire(error: WireError, asked: str, *, is_activated: bool = False) -> Failure:
    """The failure behind an error of the wire.

    Args:
        error: What the wire raised.
        asked: What was asked, as in "list the machines".
        is_activated: Whether a service was asked that the bus starts on demand.
    """
    if isinstance(error, CallError):
        kind = _KINDS.get(error.name, Kind.REFUSED)
        if is_activated and error.name in _NOT_ACTIVATED:
            kind = Kind.NO_SERVICE
        message = f"Cannot {asked}: {clean(error.message or error.name, 500)}"
        return Failure(kind, _sentence(message), _HINTS.get(kind, ""), error.name)
    if isinstance(error, CallTimeout):
        return Failure(Kind.TIMED_OUT, f"Cannot {asked}: no answer in time.", _HINTS[Kind.TIMED_OUT])
    kind = Kind.REFUSED if isinstance(error, InvalidMessage) else Kind.NO_BUS
    return Failure(kind, _sentence(f"Cannot {asked}: {clean(error, 500)}"), _HINTS.get(kind, ""))


@contextmanager
def asked(what: str, *, is_activated: bool = False) -> Iterator[None]:
    """Turn what the wire raises inside into a `Failure` that says what was asked; see `from_wire`.

    Raises:
        Failure: In place of any `WireError`.
    """
    try:
        yield
    except WireError as error:
        raise from_wire(error, what, is_activated=is_activated) from error


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
