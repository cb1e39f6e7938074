"""The properties that types of units have besides: services, scopes, slices (org.freedesktop.systemd1(5))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from machined.bus.table import Property
from machined.bus.units.unit_properties import constant
from machined.host.unit_settings import SETTINGS, UNLIMITED
from machined.host.unit_status import ControlGroup, MainProcess, ServiceStatus, UnitStatus

NOBODY = 2**32 - 1
"""What stands for no user and no group (UINT32_MAX)."""

_NOT_A_SERVICE = ServiceStatus("simple", "no", MainProcess())
"""What a service is shown as that there is no file of."""
_NO_GROUP = ControlGroup("", "")


def _of_service(read: Callable[[ServiceStatus], Any]) -> Callable[[UnitStatus], Any]:
    return lambda unit: read(unit.service or _NOT_A_SERVICE)


def _of_main(read: Callable[[MainProcess], Any]) -> Callable[[UnitStatus], Any]:
    return _of_service(lambda service: read(service.main))


def _of_group(read: Callable[[ControlGroup], Any]) -> Callable[[UnitStatus], Any]:
    return lambda unit: read(unit.group or _NO_GROUP)


def _setting(name: str) -> Property:
    setting = SETTINGS[name]
    return Property(name, setting.signature, lambda unit: getattr(unit.settings, setting.field))


def _exec_start(service: ServiceStatus) -> list[list[Any]]:
    """The command with its last run: path, words, whether failures count, times, pid, how it ended."""
    if not service.exec_start:
        return []
    main = service.main
    return [
        [
            service.exec_start[0],
            list(service.exec_start),
            False,
            *main.started,
            *main.exited,
            main.last_pid,
            main.exit_code,
            main.exit_status,
        ]
    ]


def _success(_unit: UnitStatus) -> str:
    return "success"


def _nobody(_unit: UnitStatus) -> int:
    return NOBODY


SERVICE_PROPERTIES = [
    constant("Type", "s", _of_service(lambda service: service.type)),
    constant("Restart", "s", _of_service(lambda service: service.restart)),
    Property("NotifyAccess", "s", lambda _unit: "main", "true"),
    constant("TimeoutStartUSec", "t", _of_service(lambda service: service.timeout_start)),
    constant("TimeoutStopUSec", "t", _of_service(lambda service: service.timeout_stop)),
    Property("MainPID", "u", _of_main(lambda main: main.pid), "true"),
    Property("ControlPID", "u", lambda _unit: 0, "true"),
    Property("StatusText", "s", _of_service(lambda service: service.status_text), "true"),
    Property("StatusErrno", "i", lambda _unit: 0, "true"),
    Property("StatusBusError", "s", lambda _unit: "", "true"),
    Property("StatusVarlinkError", "s", lambda _unit: "", "true"),
    Property("Result", "s", lambda unit: unit.result, "true"),
    Property("ReloadResult", "s", _success, "true"),
    Property("CleanResult", "s", _success, "true"),
    Property("LiveMountResult", "s", _success, "true"),
    Property("UID", "u", _nobody, "true"),
    Property("GID", "u", _nobody, "true"),
    Property("NRestarts", "u", _of_service(lambda service: service.restarts), "true"),
    Property("ExecMainStartTimestamp", "t", _of_main(lambda main: main.started.realtime), "true"),
    Property("ExecMainStartTimestampMonotonic", "t", _of_main(lambda main: main.started.monotonic), "true"),
    Property("ExecMainExitTimestamp", "t", _of_main(lambda main: main.exited.realtime), "true"),
    Property("ExecMainExitTimestampMonotonic", "t", _of_main(lambda main: main.exited.monotonic), "true"),
    Property("ExecMainHandoffTimestamp", "t", _of_main(lambda main: main.started.realtime), "true"),
    Property("ExecMainHandoffTimestampMonotonic", "t", _of_main(lambda main: main.started.monotonic), "true"),
    Property("ExecMainPID", "u", _of_main(lambda main: main.last_pid), "true"),
    Property("ExecMainCode", "i", _of_main(lambda main: main.exit_code), "true"),
    Property("ExecMainStatus", "i", _of_main(lambda main: main.exit_status), "true"),
    Property("ExecStart", "a(sasbttttuii)", _of_service(_exec_start), "invalidates"),
]
"""Of services alone, in the order of introspection."""

SCOPE_PROPERTIES = [
    Property("Controller", "s", lambda _unit: "", "true"),
    constant("TimeoutStopUSec", "t", lambda _unit: 90_000_000),
    Property("Result", "s", lambda unit: unit.result, "true"),
]
"""Of scopes alone."""

GROUP_PROPERTIES = [
    Property("Slice", "s", _of_group(lambda group: group.slice)),
    Property("ControlGroup", "s", _of_group(lambda group: group.path)),
    Property("MemoryCurrent", "t", _of_group(lambda group: group.memory)),
    Property("MemoryPeak", "t", _of_group(lambda group: group.memory_peak)),
    Property("MemorySwapCurrent", "t", lambda _unit: UNLIMITED),
    Property("CPUUsageNSec", "t", _of_group(lambda group: group.cpu)),
    Property("TasksCurrent", "t", _of_group(lambda group: group.tasks)),
    Property("IPIngressBytes", "t", lambda _unit: UNLIMITED),
    Property("IPEgressBytes", "t", lambda _unit: UNLIMITED),
    Property("IOReadBytes", "t", lambda _unit: UNLIMITED),
    Property("IOWriteBytes", "t", lambda _unit: UNLIMITED),
]
"""What all have that have a control group."""

SETTING_PROPERTIES = [
    Property("Delegate", "b", _of_group(lambda group: group.delegate)),
    *(_setting(name) for name in SETTINGS),
]
"""What is set of a control group."""

KILL_PROPERTIES = [
    constant("KillMode", "s", _of_group(lambda group: group.kill_mode)),
    constant("KillSignal", "i", _of_group(lambda group: group.kill_signal)),
]
"""How services and scopes are stopped."""
