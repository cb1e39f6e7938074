"""What a real host with systemd 257 did and said; tests/lab asks one again."""

from __future__ import annotations

from typing import Any, NamedTuple

START = ["UnitNew", "JobNew", "activating/start", "active/running", "JobRemoved done"]
START_OF_LOADED = ["JobNew", "activating/start", "active/running", "JobRemoved done"]
STOP = ["JobNew", "deactivating/stop-sigterm", "inactive/dead", "JobRemoved done", "UnitRemoved"]
START_OF_ACTIVE = ["JobNew", "JobRemoved done"]
RESTART = [
    "JobNew",
    "deactivating/stop-sigterm",
    "inactive/dead",
    "activating/start",
    "active/running",
    "JobRemoved done",
]
REBOOT = [
    "deactivating/stop-sigterm",
    "inactive/dead-before-auto-restart",
    "activating/auto-restart",
    "activating/auto-restart-queued",
    "JobNew",
    "activating/start",
    "active/running",
    "JobRemoved done",
]
POWER_OFF = ["deactivating/stop-sigterm", "inactive/dead", "UnitRemoved"]
LEADER_KILLED = ["deactivating/stop-sigterm", "failed/failed"]
ALL_KILLED = ["deactivating/stop-sigkill", "failed/failed"]
RESET_FAILED = ["inactive/dead", "UnitRemoved"]
MISSING_IMAGE = ["UnitNew", "JobNew", "activating/start", "failed/failed", "JobRemoved failed"]

UNIT_CHANGES = [
    "ActiveState",
    "FreezerState",
    "SubState",
    "StateChangeTimestamp",
    "StateChangeTimestampMonotonic",
    "InactiveExitTimestamp",
    "InactiveExitTimestampMonotonic",
    "ActiveEnterTimestamp",
    "ActiveEnterTimestampMonotonic",
    "ActiveExitTimestamp",
    "ActiveExitTimestampMonotonic",
    "InactiveEnterTimestamp",
    "InactiveEnterTimestampMonotonic",
    "Job",
    "ConditionResult",
    "AssertResult",
    "ConditionTimestamp",
    "ConditionTimestampMonotonic",
    "AssertTimestamp",
    "AssertTimestampMonotonic",
    "InvocationID",
    "ActivationDetails",
]
"""What PropertiesChanged of a unit carries, in order."""
SERVICE_CHANGES = [
    "NotifyAccess",
    "MainPID",
    "ControlPID",
    "StatusText",
    "StatusErrno",
    "StatusBusError",
    "StatusVarlinkError",
    "Result",
    "ReloadResult",
    "CleanResult",
    "LiveMountResult",
    "UID",
    "GID",
    "NRestarts",
    "ExecMainStartTimestamp",
    "ExecMainStartTimestampMonotonic",
    "ExecMainExitTimestamp",
    "ExecMainExitTimestampMonotonic",
    "ExecMainHandoffTimestamp",
    "ExecMainHandoffTimestampMonotonic",
    "ExecMainPID",
    "ExecMainCode",
    "ExecMainStatus",
]
"""The same of its service."""


class Question(NamedTuple):
    """A call to the manager that is refused."""

    member: str
    signature: str
    arguments: tuple[Any, ...]
    error: str
    """Without `org.freedesktop.`."""
    text: str


INVALID = "DBus.Error.InvalidArgs"
_NONE = "none.service"

REFUSED = [
    Question("GetUnit", "s", (_NONE,), "systemd1.NoSuchUnit", "Unit none.service not loaded."),
    Question("GetUnit", "s", ("bad name",), "systemd1.NoSuchUnit", "Unit bad name not loaded."),
    Question("LoadUnit", "s", ("bad name",), INVALID, "Unit name bad name is not valid."),
    Question("LoadUnit", "s", ("x.foo",), INVALID, "Unit name x.foo is not valid."),
    Question("LoadUnit", "s", ("a/b.service",), INVALID, "Unit name a/b.service is not valid."),
    Question(
        "LoadUnit",
        "s",
        ("systemd-nspawn@.service",),
        INVALID,
        "Unit name systemd-nspawn@.service is missing the instance name.",
    ),
    Question("StartUnit", "ss", (_NONE, "fail"), "systemd1.NoSuchUnit", "Unit none.service not found."),
    Question("StopUnit", "ss", (_NONE, "fail"), "systemd1.NoSuchUnit", "Unit none.service not loaded."),
    Question("RestartUnit", "ss", (_NONE, "fail"), "systemd1.NoSuchUnit", "Unit none.service not found."),
    Question("TryRestartUnit", "ss", (_NONE, "fail"), "systemd1.NoSuchUnit", "Unit none.service not found."),
    Question("ReloadUnit", "ss", (_NONE, "fail"), "systemd1.NoSuchUnit", "Unit none.service not found."),
    Question("StartUnit", "ss", ("", "fail"), INVALID, "Unit name  is not valid."),
    Question("StartUnit", "ss", ("bad name", "xx"), INVALID, "Unit name bad name is not valid."),
    Question("StartUnit", "ss", ("dbus.service", "xx"), INVALID, "Job mode xx invalid"),
    Question("StopUnit", "ss", (_NONE, "xx"), INVALID, "Job mode xx invalid"),
    Question(
        "StartUnit",
        "ss",
        ("dbus.service", "triggering"),
        INVALID,
        "--job-mode=triggering is only valid for stop.",
    ),
    Question(
        "StartUnit",
        "ss",
        ("dbus.service", "isolate"),
        "systemd1.NoIsolation",
        "Operation refused, unit may not be isolated.",
    ),
    Question("StopUnit", "ss", ("dbus.service", "isolate"), INVALID, "Isolate is only valid for start."),
    Question(
        "StartUnit", "ss", ("masked.service", "fail"), "systemd1.UnitMasked", "Unit masked.service is masked."
    ),
    Question(
        "RestartUnit",
        "ss",
        ("masked.service", "fail"),
        "systemd1.UnitMasked",
        "Unit masked.service is masked.",
    ),
    Question(
        "StopUnit",
        "ss",
        ("-.slice", "fail"),
        "systemd1.JobTypeNotApplicable",
        "Job type stop is not applicable for unit -.slice.",
    ),
    Question(
        "RestartUnit",
        "ss",
        ("init.scope", "fail"),
        "systemd1.JobTypeNotApplicable",
        "Job type restart is not applicable for unit init.scope.",
    ),
    Question(
        "ReloadUnit",
        "ss",
        ("machine.slice", "fail"),
        "systemd1.JobTypeNotApplicable",
        "Job type reload is not applicable for unit machine.slice.",
    ),
    Question("KillUnit", "ssi", (_NONE, "all", 15), "systemd1.NoSuchUnit", "Unit none.service not loaded."),
    Question("KillUnit", "ssi", ("dbus.service", "xx", 15), INVALID, "Invalid whom argument: xx"),
    Question("KillUnit", "ssi", ("dbus.service", "all", 65), INVALID, "Signal number out of range."),
    Question("KillUnit", "ssi", ("dbus.service", "all", 0), INVALID, "Signal number out of range."),
    Question(
        "KillUnit",
        "ssi",
        ("dbus.service", "control", 15),
        "systemd1.NoSuchProcess",
        "No control process to kill",
    ),
    Question(
        "KillUnit",
        "ssi",
        ("-.slice", "main", 15),
        "systemd1.NoSuchProcess",
        "slice units have no main processes",
    ),
    Question(
        "KillUnit",
        "ssi",
        ("init.scope", "control", 15),
        "systemd1.NoSuchProcess",
        "scope units have no control processes",
    ),
    Question(
        "KillUnit",
        "ssi",
        ("multi-user.target", "all", 15),
        "DBus.Error.NotSupported",
        "Unit type does not support process killing.",
    ),
    Question("ResetFailedUnit", "s", (_NONE,), "systemd1.NoSuchUnit", "Unit none.service not loaded."),
    Question("GetUnitProcesses", "s", (_NONE,), "systemd1.NoSuchUnit", "Unit none.service not loaded."),
    Question("GetJob", "u", (99999,), "systemd1.NoSuchJob", "Job 99999 does not exist."),
    Question("CancelJob", "u", (99999,), "systemd1.NoSuchJob", "Job 99999 does not exist."),
    Question("RefUnit", "s", (_NONE,), "systemd1.NoSuchUnit", "Unit none.service not found."),
    Question(
        "UnrefUnit", "s", ("dbus.service",), "systemd1.NotReferenced", "Unit has not been referenced yet."
    ),
    Question(
        "GetUnitByPID",
        "u",
        (2**22 - 7,),
        "systemd1.NoUnitForPID",
        "PID 4194297 does not belong to any loaded unit.",
    ),
    Question("GetUnitByPID", "u", (2**31,), INVALID, "Invalid PID -2147483648"),
    Question("GetUnitByInvocationID", "ay", (b"abc",), INVALID, "Invalid invocation ID"),
    Question(
        "GetUnitByInvocationID",
        "ay",
        (b"x" * 16,),
        "systemd1.NoUnitForInvocationID",
        "No unit with the specified invocation ID 78787878787878787878787878787878 known.",
    ),
    Question("GetUnitFileState", "s", (_NONE,), "DBus.Error.FileNotFound", "No such file or directory"),
    Question("GetUnitFileState", "s", ("bad name",), INVALID, "Invalid argument"),
    Question(
        "EnableUnitFiles",
        "asbb",
        ([_NONE], False, False),
        "systemd1.NoSuchUnit",
        "Unit none.service does not exist",
    ),
    Question(
        "EnableUnitFiles",
        "asbb",
        (["masked.service"], False, False),
        "systemd1.UnitMasked",
        "Unit /etc/systemd/system/masked.service is masked",
    ),
    Question(
        "EnableUnitFiles",
        "asbb",
        (["bad name"], False, False),
        INVALID,
        "File bad name: Invalid argument",
    ),
    Question(
        "EnableUnitFiles",
        "asbb",
        (["systemd-nspawn@.service"], False, False),
        "systemd1.BadUnitSetting",
        "Refusing to operate on template unit systemd-nspawn@.service when destination unit "
        "machines.target is a non-template unit",
    ),
    Question(
        "DisableUnitFiles",
        "asb",
        ([_NONE], False),
        "systemd1.NoSuchUnit",
        "Unit none.service does not exist",
    ),
    Question(
        "DisableUnitFiles",
        "asb",
        (["bad name"], False),
        "systemd1.BadUnitSetting",
        "Invalid unit name bad name",
    ),
    Question("Unsubscribe", "", (), "systemd1.NotSubscribed", "Client is not subscribed."),
]
"""In the order in which they are asked; none of them changes anything. `masked.service` is masked."""


class Setting(NamedTuple):
    """A property that cannot be set so."""

    unit: str
    name: str
    signature: str
    value: Any
    error: str
    text: str


_OUT = "Value specified in {} is out of range"
READ_ONLY = "DBus.Error.PropertyReadOnly"
_UNKNOWN = "Cannot set property {}, or unknown property."
_CONTENTS = "Failed to set unit properties: Unexpected message contents"

SETTINGS_REFUSED = [
    Setting("dbus.service", "MemoryMax", "t", 0, INVALID, _OUT.format("MemoryMax")),
    Setting("dbus.service", "MemoryHigh", "t", 0, INVALID, _OUT.format("MemoryHigh")),
    Setting("dbus.service", "TasksMax", "t", 0, INVALID, _OUT.format("TasksMax")),
    Setting("dbus.service", "CPUWeight", "t", 20000, INVALID, _OUT.format("CPUWeight")),
    Setting("dbus.service", "IOWeight", "t", 0, INVALID, _OUT.format("IOWeight")),
    Setting("dbus.service", "CPUQuotaPerSecUSec", "t", 0, INVALID, "CPUQuotaPerSecUSec= value out of range"),
    Setting("dbus.service", "Foo", "s", "x", READ_ONLY, _UNKNOWN.format("Foo")),
    Setting("dbus.service", "Slice", "s", "x.slice", READ_ONLY, _UNKNOWN.format("Slice")),
    Setting("dbus.service", "PIDs", "au", [1], READ_ONLY, _UNKNOWN.format("PIDs")),
    Setting("multi-user.target", "MemoryMax", "t", 4096, READ_ONLY, _UNKNOWN.format("MemoryMax")),
    Setting(_NONE, "MemoryMax", "t", 4096, "systemd1.NoSuchUnit", "Unit none.service not found."),
    Setting(
        "masked.service", "MemoryMax", "t", 4096, "systemd1.UnitMasked", "Unit masked.service is masked."
    ),
    Setting("bad name", "MemoryMax", "t", 4096, INVALID, "Unit name bad name is not valid."),
]
WRONG_TYPE = Setting("dbus.service", "MemoryMax", "s", "x", "System.Error.ENXIO", _CONTENTS)
"""The one error that has a name of another family."""
