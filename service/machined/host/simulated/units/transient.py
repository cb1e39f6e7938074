"""What the caller of StartTransientUnit may say of a scope (org.freedesktop.systemd1(5))."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from machined.contract import BUS, ErrorName
from machined.host.errors import Refused
from machined.host.unit_names import MAX_SIGNAL, is_unit_name, unit_type
from machined.host.unit_settings import SETTINGS, Settings, changed_settings, read_only, require_signature
from machined.wire import Variant

INIT = 1
_COLLECT_MODES = ("inactive", "inactive-or-failed")
_KILL_MODES = ("control-group", "process", "mixed", "none")
_PASSED_OVER = {
    "Controller": "s",
    "CoredumpReceive": "b",
    "DeviceAllow": "a(ss)",
    "DevicePolicy": "s",
    "SendSIGHUP": "b",
    "SendSIGKILL": "b",
    "TimeoutStopUSec": "t",
    "User": "s",
}
"""What container managers say besides, and what makes no difference here."""


@dataclass(slots=True)
class ScopeProperties:
    """A scope as its maker wants it."""

    description: str = ""
    slice: str = "system.slice"
    pids: list[int] = field(default_factory=list)
    collect_mode: str = "inactive"
    delegate: bool = False
    adds_reference: bool = False
    kill_mode: str = "control-group"
    kill_signal: int = 15
    settings: Settings = field(default_factory=Settings)


def read_properties(
    properties: Sequence[tuple[str, Variant]], has_process: Callable[[int], bool]
) -> ScopeProperties:
    """Read what StartTransientUnit was told; later properties override earlier ones.

    Args:
        properties: As they came.
        has_process: Whether there is a process with this pid.

    Raises:
        Refused: PropertyReadOnly, InvalidArgs, `System.Error.ENXIO`, UnixProcessIdUnknown.
    """
    scope = ScopeProperties()
    for name, value in properties:
        if name in SETTINGS:
            scope.settings = changed_settings(scope.settings, [(name, value)])
        elif name in _READERS:
            signature, attribute, read = _READERS[name]
            require_signature(value, signature)
            setattr(scope, attribute, read(name, value.value))
        elif name == "PIDs":
            require_signature(value, "au")
            scope.pids += _pids(value.value, has_process)
        elif name in _PASSED_OVER:
            require_signature(value, _PASSED_OVER[name])
        else:
            raise read_only(name)
    return scope


def _pids(pids: list[int], has_process: Callable[[int], bool]) -> list[int]:
    failed = "Failed to set unit properties: "
    if not pids:
        raise Refused(ErrorName.INVALID_ARGS, failed + os.strerror(errno.EINVAL))
    for pid in pids:
        if pid == INIT:
            raise Refused(ErrorName.INVALID_ARGS, f"Process {pid} is a manager process, refusing.")
        if not has_process(pid):
            raise Refused(f"{BUS}.Error.UnixProcessIdUnknown", failed + os.strerror(errno.ESRCH))
    return pids


def _as_it_is(_name: str, value: Any) -> Any:
    return value


def _slice(_name: str, value: str) -> str:
    if not is_unit_name(value):
        raise Refused(ErrorName.INVALID_ARGS, f"Invalid unit name '{value}'")
    if unit_type(value) != "slice":
        raise Refused(ErrorName.INVALID_ARGS, f"Unit name '{value}' is not a slice")
    return value


def _signal(name: str, value: int) -> int:
    if not 1 <= value <= MAX_SIGNAL:
        raise Refused(ErrorName.INVALID_ARGS, f"Invalid {name} setting: {value}")
    return value


def _one_of(words: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in words:
            raise Refused(ErrorName.INVALID_ARGS, f"Invalid {name} setting: {value}")
        return value

    return read


_READERS: dict[str, tuple[str, str, Callable[[str, Any], Any]]] = {
    "Description": ("s", "description", _as_it_is),
    "Slice": ("s", "slice", _slice),
    "CollectMode": ("s", "collect_mode", _one_of(_COLLECT_MODES)),
    "Delegate": ("b", "delegate", _as_it_is),
    "AddRef": ("b", "adds_reference", _as_it_is),
    "KillMode": ("s", "kill_mode", _one_of(_KILL_MODES)),
    "KillSignal": ("i", "kill_signal", _signal),
}
