"""What the bus says of itself (D-Bus Specification, "Introspection Data Format")."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from machined.bus.local.arguments import type_end
from machined.bus.local.methods import Method, Table
from machined.contract import BUS
from machined.wire.calls import BUS_PATH

_DOCTYPE = """<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
"""
_EXTRA = {
    BUS: """    <property name="Features" type="as" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <property name="Interfaces" type="as" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <signal name="NameOwnerChanged">
      <arg type="s"/>
      <arg type="s"/>
      <arg type="s"/>
    </signal>
    <signal name="NameLost">
      <arg type="s"/>
    </signal>
    <signal name="NameAcquired">
      <arg type="s"/>
    </signal>
""",
}


def introspect(path: str, interfaces: Mapping[str, Table]) -> str:
    """The XML of an object of the bus; objects above its own show the way there, others are empty."""
    if path == BUS_PATH:
        described = (_interface(name, table) for name, table in interfaces.items())
        return f"{_DOCTYPE}<node>\n{''.join(described)}</node>\n"
    above = "/" if path == "/" else path + "/"
    if not BUS_PATH.startswith(above):
        return f"{_DOCTYPE}<node/>\n"
    child = BUS_PATH.removeprefix(above).partition("/")[0]
    return f'{_DOCTYPE}<node>\n  <node name="{child}"/>\n</node>\n'


def _interface(name: str, table: Table) -> str:
    methods = "".join(_method(member, method) for member, method in table.items())
    return f'  <interface name="{name}">\n{methods}{_EXTRA.get(name, "")}  </interface>\n'


@lru_cache
def _method(name: str, method: Method) -> str:
    arguments = [("in", type_) for type_ in _types(method.takes)]
    arguments += [("out", type_) for type_ in _types(method.gives)]
    lines = "".join(f'      <arg direction="{way}" type="{type_}"/>\n' for way, type_ in arguments)
    return f'    <method name="{name}">\n{lines}    </method>\n'


def _types(signature: str) -> list[str]:
    types = []
    position = 0
    while position < len(signature):
        end = type_end(signature, position)
        types.append(signature[position:end])
        position = end
    return types
