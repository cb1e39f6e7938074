"""The properties of all units: those of `org.freedesktop.systemd1.Unit` (org.freedesktop.systemd1(5))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from machined.bus.table import Emits, Property
from machined.host.unit_names import parent_slice, unit_type
from machined.host.unit_status import Moment, UnitStatus

NO_JOB = [0, "/"]
"""What stands for no job."""

Reader = Callable[[UnitStatus], Any]


def constant(name: str, signature: str, read: Reader) -> Property:
    """A property that does not change while the unit is loaded."""
    return Property(name, signature, read, "const")


def moments(name: str, read: Callable[[UnitStatus], Moment], emits: Emits = "true") -> list[Property]:
    """A moment as two properties: by the wall clock and by the monotonic one."""
    return [
        Property(f"{name}Timestamp", "t", lambda unit: read(unit).realtime, emits),
        Property(f"{name}TimestampMonotonic", "t", lambda unit: read(unit).monotonic, emits),
    ]


def _job(unit: UnitStatus) -> list[Any]:
    return [unit.job.id, unit.job.path] if unit.job else NO_JOB


def _slice_of(unit: UnitStatus) -> list[str]:
    """The slice that a unit requires and comes after."""
    if unit_type(unit.name) == "slice":
        above = parent_slice(unit.name)
    else:
        above = unit.group.slice if unit.group else ""
    return [above] if above else []


def _nothing(_unit: UnitStatus) -> list[Any]:
    return []


def _no(_unit: UnitStatus) -> bool:
    return False


def _empty(_unit: UnitStatus) -> str:
    return ""


UNIT_PROPERTIES = [
    constant("Id", "s", lambda unit: unit.name),
    constant("Names", "as", lambda unit: [unit.name]),
    Property("Following", "s", _empty),
    constant("Requires", "as", _slice_of),
    constant("Wants", "as", _nothing),
    constant("BindsTo", "as", _nothing),
    constant("PartOf", "as", lambda unit: list(unit.part_of)),
    constant("WantedBy", "as", lambda unit: list(unit.wanted_by)),
    constant("Conflicts", "as", _nothing),
    constant("Before", "as", lambda unit: list(unit.part_of)),
    constant("After", "as", _slice_of),
    constant("Triggers", "as", _nothing),
    constant("TriggeredBy", "as", _nothing),
    constant("Documentation", "as", _nothing),
    constant("Description", "s", lambda unit: unit.description),
    constant("LoadState", "s", lambda unit: unit.load_state),
    Property("ActiveState", "s", lambda unit: str(unit.active_state), "true"),
    Property("FreezerState", "s", lambda _unit: "running", "true"),
    Property("SubState", "s", lambda unit: unit.sub_state, "true"),
    constant("FragmentPath", "s", lambda unit: unit.fragment_path),
    constant("SourcePath", "s", _empty),
    constant("DropInPaths", "as", _nothing),
    Property("UnitFileState", "s", lambda unit: unit.file_state),
    Property("UnitFilePreset", "s", lambda unit: "enabled" if unit.fragment_path else ""),
    *moments("StateChange", lambda unit: unit.times.state_change),
    *moments("InactiveExit", lambda unit: unit.times.inactive_exit),
    *moments("ActiveEnter", lambda unit: unit.times.active_enter),
    *moments("ActiveExit", lambda unit: unit.times.active_exit),
    *moments("InactiveEnter", lambda unit: unit.times.inactive_enter),
    constant("CanStart", "b", lambda unit: unit.load_state == "loaded" and not unit.is_transient),
    constant("CanStop", "b", lambda unit: unit.can_stop),
    constant("CanReload", "b", _no),
    constant("CanIsolate", "b", _no),
    constant("CanFreeze", "b", _no),
    Property("Job", "(uo)", _job, "true"),
    constant("StopWhenUnneeded", "b", _no),
    constant("RefuseManualStart", "b", _no),
    constant("RefuseManualStop", "b", _no),
    Property("NeedDaemonReload", "b", _no),
    # A start that a condition kept back does not happen here: they held when the unit was last started
    Property("ConditionResult", "b", lambda unit: bool(unit.invocation), "true"),
    Property("AssertResult", "b", lambda unit: bool(unit.invocation), "true"),
    *moments("Condition", lambda unit: unit.times.inactive_exit),
    *moments("Assert", lambda unit: unit.times.inactive_exit),
    Property("Conditions", "a(sbbsi)", _nothing, "invalidates"),
    Property("Asserts", "a(sbbsi)", _nothing, "invalidates"),
    constant("LoadError", "(ss)", lambda unit: list(unit.load_error)),
    constant("Transient", "b", lambda unit: unit.is_transient),
    constant("Perpetual", "b", lambda unit: unit.is_perpetual),
    Property("InvocationID", "ay", lambda unit: unit.invocation, "true"),
    constant("CollectMode", "s", lambda unit: unit.collect_mode),
    Property("ActivationDetails", "a(ss)", _nothing, "true"),
]
"""In the order of introspection."""
