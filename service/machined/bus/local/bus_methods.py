"""The other methods of the bus: joining it, match rules, monitoring, and what every object has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from machined.bus.local.methods import Method, Request, Table
from machined.bus.local.name_methods import LIMITS_EXCEEDED
from machined.bus.local.rules import Rule, parse_rule
from machined.contract import BUS, ErrorName
from machined.wire import CallError, Variant

MONITORING = f"{BUS}.Monitoring"
PROPERTIES = {
    "Features": Variant("as", ["HeaderFiltering"]),
    "Interfaces": Variant("as", [MONITORING]),
}
"""The properties of the bus (D-Bus Specification, "Message Bus Properties"): unknown header fields do not
pass, and the interfaces beyond those that every bus has."""

_MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_DIGITS = 32


def _hello(request: Request) -> list[str]:
    router, peer = request.router, request.peer
    if router.names.owner(peer.name) is peer:
        raise CallError(ErrorName.FAILED, "Hello has been said already")
    request.afterwards = lambda: router.greet(peer)
    return [peer.name]


def _add_match(request: Request) -> list[Any]:
    rule = parse_rule(request.values[0])
    peer = request.peer
    if peer.rule_count >= request.router.limits.rules_per_client:
        raise CallError(LIMITS_EXCEEDED, f"this client has {peer.rule_count} match rules already")
    request.router.subscriptions.add(peer, rule)
    return []


def _remove_match(request: Request) -> list[Any]:
    rule = parse_rule(request.values[0])
    if not request.router.subscriptions.remove(request.peer, rule):
        raise CallError(f"{BUS}.Error.MatchRuleNotFound", "this client has no such match rule")
    return []


def _get_id(request: Request) -> list[str]:
    return [request.router.guid]


def _update_activation_environment(_request: Request) -> list[Any]:
    raise CallError(
        ErrorName.NOT_SUPPORTED, "this bus starts no services, so there is no environment for them"
    )


def _reload_config(_request: Request) -> list[Any]:
    raise CallError(ErrorName.NOT_SUPPORTED, "this bus has no configuration that could be read again")


def _become_monitor(request: Request) -> list[Any]:
    texts, flags = request.values
    if flags:
        raise CallError(ErrorName.INVALID_ARGS, f"the flags {flags:#x} are not known")
    if len(texts) > request.router.limits.rules_per_client:
        raise CallError(LIMITS_EXCEEDED, f"{len(texts)} match rules are too many")
    rules = [parse_rule(text) for text in texts]
    request.afterwards = lambda: _turn_into_monitor(request, rules)
    return []


def _turn_into_monitor(request: Request, rules: list[Rule]) -> None:
    router, peer = request.router, request.peer
    peer.is_monitor = True
    router.withdraw(peer)
    router.monitors.add(peer, rules)


def _ping(_request: Request) -> list[Any]:
    return []


def _get_machine_id(_request: Request) -> list[str]:
    for path in _MACHINE_ID_FILES:
        if path.is_file():
            text = path.read_text("ascii", "replace").strip()
            if len(text) == _DIGITS:
                return [text]
    raise CallError(ErrorName.FILE_NOT_FOUND, "this host has no machine ID, see machine-id(5)")


def _property(request: Request) -> Variant:
    interface, name = request.values[0], request.values[1]
    if interface not in {"", BUS}:
        raise CallError(f"{BUS}.Error.UnknownInterface", f"the bus has no interface {interface[:256]!a}")
    found = PROPERTIES.get(name)
    if found is None:
        raise CallError(f"{BUS}.Error.UnknownProperty", f"the bus has no property {name[:256]!a}")
    return found


def _get(request: Request) -> list[Variant]:
    return [_property(request)]


def _get_all(request: Request) -> list[dict[str, Variant]]:
    interface = request.values[0]
    if interface not in {"", BUS}:
        raise CallError(f"{BUS}.Error.UnknownInterface", f"the bus has no interface {interface[:256]!a}")
    return [PROPERTIES]


def _set(request: Request) -> list[Any]:
    _property(request)
    raise CallError(f"{BUS}.Error.PropertyReadOnly", f"{request.values[1]} cannot be changed")


BUS_METHODS: Table = {
    "Hello": Method("", "s", _hello),
    "AddMatch": Method("s", "", _add_match),
    "RemoveMatch": Method("s", "", _remove_match),
    "GetId": Method("", "s", _get_id),
    "UpdateActivationEnvironment": Method("a{ss}", "", _update_activation_environment),
    "ReloadConfig": Method("", "", _reload_config),
}
MONITORING_METHODS: Table = {"BecomeMonitor": Method("asu", "", _become_monitor)}
PEER_METHODS: Table = {"Ping": Method("", "", _ping), "GetMachineId": Method("", "s", _get_machine_id)}
PROPERTY_METHODS: Table = {
    "Get": Method("ss", "v", _get),
    "GetAll": Method("s", "a{sv}", _get_all),
    "Set": Method("ssv", "", _set),
}
