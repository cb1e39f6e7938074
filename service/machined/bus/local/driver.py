"""The bus as a service: it answers calls to `org.freedesktop.DBus`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from machined.bus.local.bus_methods import (
    BUS_METHODS,
    MONITORING,
    MONITORING_METHODS,
    PEER_METHODS,
    PROPERTY_METHODS,
)
from machined.bus.local.credential_methods import CREDENTIAL_METHODS
from machined.bus.local.introspection import introspect
from machined.bus.local.message import Message
from machined.bus.local.methods import Method, Request, Table
from machined.bus.local.name_methods import LIMITS_EXCEEDED, NAME_METHODS
from machined.contract import BUS, PROPERTIES_INTERFACE, ErrorName
from machined.wire import CallError, InvalidMessage
from machined.wire.calls import BUS_PATH
from machined.wire.fds import close_fds, fds_of
from machined.wire.header import METHOD_RETURN

if TYPE_CHECKING:
    from machined.bus.local.peer import Peer
    from machined.bus.local.router import Router

logger = logging.getLogger(__name__)

MAX_CALL = 1 << 18
"""Bytes in a call to the bus itself: reading more would keep others waiting."""
PEER_INTERFACE = f"{BUS}.Peer"
_INTROSPECTABLE = f"{BUS}.Introspectable"
_AT_BUS_PATH_ALONE = {PROPERTIES_INTERFACE, MONITORING}


def _introspect(request: Request) -> list[str]:
    return [introspect(request.path, INTERFACES)]


INTERFACES: dict[str, Table] = {
    BUS: BUS_METHODS | NAME_METHODS | CREDENTIAL_METHODS,
    PROPERTIES_INTERFACE: PROPERTY_METHODS,
    _INTROSPECTABLE: {"Introspect": Method("", "s", _introspect)},
    MONITORING: MONITORING_METHODS,
    PEER_INTERFACE: PEER_METHODS,
}
"""All interfaces of the bus's object."""


class Driver:
    """Answers the calls that are for the bus itself."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def answer(self, peer: Peer, message: Message) -> None:
        """Answer a call, or refuse it."""
        try:
            method = _method(message)
            request = Request(self._router, peer, _arguments(method, message), message.fields.path or "")
            values = method.function(request)
        except CallError as error:
            self._router.refuse(peer, message, error.name, error.message)
            return
        if message.is_call_with_reply:
            self._router.send(
                peer, METHOD_RETURN, values, reply_serial=message.serial, signature=method.gives
            )
        else:
            close_fds(fds_of(method.gives, values))
        if request.afterwards is not None:
            request.afterwards()


def _method(message: Message) -> Method:
    """The method that a call is for.

    Raises:
        CallError: There is none.
    """
    fields = message.fields
    if fields.destination is None:
        table = INTERFACES[PEER_INTERFACE] if fields.interface in {PEER_INTERFACE, None} else {}
    elif fields.interface is None:
        tables = [table for table in INTERFACES.values() if fields.member in table]
        table = tables[0] if tables else {}
    elif fields.interface not in INTERFACES or (
        fields.interface in _AT_BUS_PATH_ALONE and fields.path != BUS_PATH
    ):
        raise CallError(
            f"{BUS}.Error.UnknownInterface", f"the bus has no interface {fields.interface} at {fields.path}"
        )
    else:
        table = INTERFACES[fields.interface]
    method = table.get(fields.member or "")
    if method is None:
        raise CallError(ErrorName.UNKNOWN_METHOD, f"the bus has no method {fields.member} there")
    return method


def _arguments(method: Method, message: Message) -> list[Any]:
    signature = message.fields.signature
    if signature != method.takes:
        raise CallError(
            ErrorName.INVALID_ARGS,
            f"{message.fields.member} takes arguments of the types {method.takes!r}, not {signature!r}",
        )
    if len(message.frame) > MAX_CALL:
        raise CallError(LIMITS_EXCEEDED, f"a call of {len(message.frame)} bytes is too long for the bus")
    try:
        return message.body()
    except InvalidMessage as error:
        raise CallError(ErrorName.INVALID_ARGS, str(error)) from None
