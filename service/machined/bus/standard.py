"""The interfaces that every object has (D-Bus Specification, "Standard Interfaces")."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from machined.bus.introspection import introspect
from machined.bus.senders import Request
from machined.bus.table import Interface, Method, Property, Signal, Values
from machined.contract import BUS, PROPERTIES_INTERFACE, ErrorName
from machined.host.errors import Refused
from machined.wire import Call, KeptBody, Variant

PEER_INTERFACE = f"{BUS}.Peer"
INTROSPECTABLE_INTERFACE = f"{BUS}.Introspectable"
KEPT = 1024
"""Answers to GetAll that are kept: as many as machines that a console may ask about in turn."""
MOST_SET = 1 << 16
"""Bytes of a call that sets a property: none of ours is long, and variants take long to read."""
_ALL = "a{sv}"


@dataclass(slots=True, eq=False)
class Node:
    """A place in the tree of objects.

    Attributes:
        path: Its path.
        interfaces: What the object there offers besides the standard interfaces.
        target: What its members work on.
        is_object: Whether an object is there; else it is no more than a way to those below.
    """

    path: str
    interfaces: Sequence[Interface] = ()
    target: Any = None
    is_object: bool = True


class Standard:
    """Peer, Introspectable and Properties, in the order in which introspection shows them.

    Args:
        machine_id: What Peer.GetMachineId tells, 16 bytes (machine-id(5)).
        children: Tells the last elements of the paths right below a node.

    Attributes:
        interfaces: The three. The target of their members is a `Node`.
    """

    def __init__(self, machine_id: bytes, children: Callable[[Node], Awaitable[Sequence[str]]]) -> None:
        self._machine_id = machine_id
        self._children = children
        self.interfaces = (
            Interface(
                PEER_INTERFACE,
                [
                    Method("Ping", "", "", self._on_ping),
                    Method("GetMachineId", "", "s machine_uuid", self._on_get_machine_id),
                ],
            ),
            Interface(
                INTROSPECTABLE_INTERFACE, [Method("Introspect", "", "s xml_data", self._on_introspect)]
            ),
            Interface(
                PROPERTIES_INTERFACE,
                [
                    Method("Get", "s interface_name, s property_name", "v value", self._on_get),
                    Method("GetAll", "s interface_name", f"{_ALL} props", self._on_get_all),
                    Method(
                        "Set", "s interface_name, s property_name, v value", "", self._on_set, most=MOST_SET
                    ),
                    Signal(
                        "PropertiesChanged",
                        "s interface_name, a{sv} changed_properties, as invalidated_properties",
                    ),
                ],
            ),
        )

    def loosely_read(self, node: Node, method: Method, call: Call) -> list[Any] | None:
        """The arguments of a call that has others than the method takes, as far as sd-bus reads them.

        It looks for the property before it looks at what else there is.

        Returns:
            The arguments; None where sd-bus refuses the call, too.

        Raises:
            Refused: What sd-bus says of a property that cannot be set, or not to that.
        """
        properties = self.interfaces[2].methods
        if method not in {properties["Get"], properties["Set"]} or not call.signature.startswith("ss"):
            return None
        if call.size > MOST_SET:
            return None
        interface, name = call.body[:2]
        if method is properties["Set"]:
            member = _property(node, interface, name)
            if member.writer is None:
                raise _read_only(name)
            raise Refused(f"{BUS}.Error.InvalidSignature", f"The property {name} is set to no variant.")
        return [interface, name]

    def _on_ping(self, _node: Node, _request: Request) -> None:
        return None

    def _on_get_machine_id(self, _node: Node, _request: Request) -> Sequence[Any]:
        return [self._machine_id.hex()]

    async def _on_introspect(self, node: Node, _request: Request) -> Sequence[Any]:
        return [introspect([*self.interfaces, *node.interfaces], await self._children(node))]

    def _on_get(
        self, node: Node, _request: Request, interface: str, name: str
    ) -> Values | Coroutine[Any, Any, Values]:
        member = _property(node, interface, name)
        if member.is_awaited:
            return _awaited_value(node, member)
        return [_variant(member, member.reader(node.target))]

    def _on_get_all(self, node: Node, _request: Request, name: str) -> Values | Coroutine[Any, Any, Values]:
        wanted = [interface for interface in node.interfaces if not name or name == interface.name]
        if name and not wanted and name not in {interface.name for interface in self.interfaces}:
            raise Refused(f"{BUS}.Error.UnknownInterface", f"{node.path} has no interface {name!r}.")
        if len(wanted) != 1 or wanted[0].is_awaited:
            return _awaited_all(node, [member for interface in wanted for member in interface.shown])
        (interface,), target = wanted, node.target
        values = tuple([member.reader(target) for member in interface.shown])
        try:
            return _kept_all(interface, values)
        except TypeError:
            # Lists cannot be looked up, and may change while they are kept
            return [_all(interface.shown, values)]

    async def _on_set(self, node: Node, request: Request, interface: str, name: str, value: Variant) -> None:
        member = _property(node, interface, name)
        if member.writer is None:
            raise _read_only(name)
        if value.signature != member.signature:
            raise Refused(
                ErrorName.INVALID_ARGS,
                f"The property {name} is of type {member.signature!r}, not {value.signature!r}.",
            )
        await request.require_privilege(f"Setting the property {name}")
        await member.writer(node.target, request, value.value)


def _read_only(name: str) -> Refused:
    return Refused(f"{BUS}.Error.PropertyReadOnly", f"The property {name} cannot be set.")


def _property(node: Node, interface_name: str, name: str) -> Property:
    for interface in node.interfaces:
        if interface.name == interface_name and name in interface.properties:
            return interface.properties[name]
    raise Refused(f"{BUS}.Error.UnknownProperty", f"{node.path} has no property {interface_name}.{name}.")


async def _value(node: Node, member: Property) -> Any:
    return await member.reader(node.target) if member.is_awaited else member.reader(node.target)


async def _awaited_value(node: Node, member: Property) -> Sequence[Any]:
    return [_variant(member, await _value(node, member))]


async def _awaited_all(node: Node, members: Sequence[Property]) -> Sequence[Any]:
    return [_all(members, [await _value(node, member) for member in members])]


def _all(members: Sequence[Property], values: Sequence[Any]) -> dict[str, Variant]:
    return {member.name: _variant(member, value) for member, value in zip(members, values, strict=True)}


def _variant(member: Property, value: Any) -> Variant:
    # dbus-next wants lists for arrays, and structs have none but lists in our tables
    return Variant(member.signature, list(value) if isinstance(value, tuple) else value)


@lru_cache(KEPT)
def _kept_all(interface: Interface, values: tuple[Any, ...]) -> KeptBody:
    """The answer that tells of these values, whose ever they are: it is found by them, so it is never old."""
    return KeptBody.of(_ALL, [_all(interface.shown, values)])
