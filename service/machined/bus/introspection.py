"""What objects say of themselves (D-Bus Specification, "Introspection Data Format")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from machined.bus.table import Argument, Interface, Member, Method, Property, Signal

_HEAD = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    '"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">'
)
_EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"
_PRIVILEGED = "org.freedesktop.systemd1.Privileged"


def introspect(interfaces: Iterable[Interface], children: Iterable[str]) -> str:
    """The XML of an object.

    Args:
        interfaces: Its interfaces, in order.
        children: The last elements of the paths right below it; any order, doubles allowed.
    """
    nodes = [f' <node name="{child}"/>' for child in sorted(set(children))]
    return "\n".join([_HEAD, "<node>", *map(_interface, interfaces), *nodes, "</node>", ""])


def _interface(interface: Interface) -> str:
    members = [_member(member) for member in interface.members if not _is_hidden(member)]
    return "\n".join([f' <interface name="{interface.name}">', *members, " </interface>"])


def _is_hidden(member: Member) -> bool:
    return not isinstance(member, Signal) and member.is_hidden


def _member(member: Member) -> str:
    if isinstance(member, Property):
        access = "read" if member.writer is None else "readwrite"
        attributes = f'type="{member.signature}" access="{access}"'
        lines = [_annotation(_EMITS, member.emits)] if member.emits != "true" else []
        if member.writer is not None:
            lines.append(_annotation(_PRIVILEGED, "true"))
        return _element("property", member.name, attributes, lines)
    if isinstance(member, Method):
        lines = _arguments(member.inputs, "in") + _arguments(member.outputs, "out")
        if member.is_privileged:
            lines.append(_annotation(_PRIVILEGED, "true"))
        return _element("method", member.name, "", lines)
    return _element("signal", member.name, "", _arguments(member.outputs, ""))


def _element(kind: str, name: str, attributes: str, lines: Sequence[str]) -> str:
    start = " ".join(part for part in (f'  <{kind} name="{name}"', attributes) if part)
    return "\n".join([f"{start}>", *lines, f"  </{kind}>"]) if lines else f"{start}/>"


def _arguments(arguments: Sequence[Argument], direction: str) -> list[str]:
    lines = []
    for argument in arguments:
        name = f' name="{argument.name}"' if argument.name else ""
        way = f' direction="{direction}"' if direction else ""
        lines.append(f'   <arg type="{argument.signature}"{name}{way}/>')
    return lines


def _annotation(name: str, value: str) -> str:
    return f'   <annotation name="{name}" value="{value}"/>'
