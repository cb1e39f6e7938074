"""Which errors there are: for each member, what can be wrong and what systemd-machined answers then.

A row is hit when a step that says it is for it was answered with the row's error, in a recording. Sources are
org.freedesktop.machine1(5), the D-Bus policy and polkit actions that systemd ships, and runs of 252 and 257.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.lab.differential.members import OF_A_MACHINE, OTHERS

WHO = ("root", "nobody")
VERSIONS = (252, 257)
DBUS, OWN, SYSTEMD = "org.freedesktop.DBus.Error", "org.freedesktop.machine1", "org.freedesktop.systemd1"
ACCESS_DENIED = f"{DBUS}.AccessDenied"
ASK_FIRST = f"{DBUS}.InteractiveAuthorizationRequired"
INVALID, UNSUPPORTED = f"{DBUS}.InvalidArgs", f"{DBUS}.NotSupported"
NOT_FOUND, EXISTS = f"{DBUS}.FileNotFound", f"{DBUS}.FileExists"
NO_PROCESS = f"{DBUS}.UnixProcessIdUnknown"
UNKNOWN_METHOD, UNKNOWN_OBJECT = f"{DBUS}.UnknownMethod", f"{DBUS}.UnknownObject"
NOBODY_ANSWERS = "no answer"
ENXIO = "System.Error.ENXIO"

REGISTERING = ("RegisterMachine", "RegisterMachineWithNetwork", "CreateMachine", "CreateMachineWithNetwork")
WITH_FLAGS = ("CopyFromWithFlags", "CopyToWithFlags")
COPIES = ("CopyFrom", "CopyTo", *WITH_FLAGS)
ENTERING = ("GetAddresses", "GetOSRelease", "OpenPTY", "OpenLogin", "OpenShell", "OpenRootDirectory")
MAPPING_FROM = ("MapFromMachineUser", "MapFromMachineGroup")
MAPPING_TO = ("MapToMachineUser", "MapToMachineGroup")

BARRED = {*REGISTERING, *WITH_FLAGS, "OpenPTY", "OpenRootDirectory", "GetSSHInfo"}
"""What the D-Bus policy lets root alone send; dbus-daemon refuses it before the service hears of it."""
ASKING = ("UnregisterMachine", "Terminate", "Kill", "OpenLogin", "OpenShell", "BindMount", *COPIES)
"""What polkit is asked about."""
UNASKED = {"nobody to ask": ACCESS_DENIED, "polkit cannot be started": f"{SYSTEMD}.UnitMasked"}
"""What nobody hears where polkit does not answer."""
MANAGERS = {member.on_machine: member.on_manager for member in OF_A_MACHINE if member.on_machine}
NEW_IN_257 = ("GetSSHInfo",)


class Row(NamedTuple):
    """One thing that can be wrong.

    Attributes:
        members: The members it can be wrong with, by their names in the Machine interface if they are there.
        why: What is wrong, as steps say what they are for.
        error: The answer to root; "none" where it is not refused, empty where the row is none for root.
        is_late: Whether that is found out after polkit was asked, so that nobody hears of it.
        older: The answer of 252 to root, where it is another.
    """

    members: tuple[str, ...]
    why: str
    error: str
    is_late: bool = False
    older: str = ""


class Cell(NamedTuple):
    """A row for one member, as it is called on one interface by one user in one version.

    `on` is the file system that it is of, for images.
    """

    version: int
    who: str
    member: str
    why: str
    error: str
    on: str = ""


ON_MACHINE = tuple(MANAGERS)
ON_MANAGER = tuple(member.on_manager for member in (*OF_A_MACHINE, *OTHERS) if not member.on_machine)
ROWS = (
    Row((*ON_MACHINE, *ON_MANAGER), "wrong signature", INVALID),
    Row(
        (*ON_MACHINE, "GetMachine", "UnregisterMachine", *MAPPING_FROM),
        "no such machine",
        f"{OWN}.NoSuchMachine",
    ),
    Row(ON_MACHINE, "unknown object", UNKNOWN_OBJECT),
    Row(("GetMachineByPID",), "no machine for the process", f"{OWN}.NoMachineForPID"),
    Row(("GetMachineByPID",), "no such process", f"{OWN}.NoMachineForPID"),
    Row(("GetMachineByPID",), "no process id", INVALID),
    # Registering
    Row(REGISTERING, "bad name", INVALID),
    Row(REGISTERING, "bad id", INVALID),
    Row(("RegisterMachineWithNetwork", "CreateMachineWithNetwork"), "bad interface", INVALID),
    Row(REGISTERING, "bad class", INVALID),
    Row(REGISTERING, "process 1", INVALID),
    Row(REGISTERING, "relative root", INVALID),
    Row(REGISTERING, "no such process", NO_PROCESS),
    Row(REGISTERING, "name taken", f"{OWN}.MachineExists"),
    Row(REGISTERING, "no class", UNSUPPORTED),
    Row(REGISTERING, "leader taken", EXISTS),
    Row(("RegisterMachine",), "unit taken", EXISTS, older="none"),
    Row(("RegisterMachine",), "no unit", ENXIO),
    Row(("CreateMachine",), "scope exists", f"{SYSTEMD}.UnitExists"),
    Row(("CreateMachine",), "unknown scope property", "none", older=f"{DBUS}.PropertyReadOnly"),
    Row(("CreateMachine",), "scope property of another type", ENXIO),
    Row(("CreateMachine",), "scope job failed", f"{SYSTEMD}.JobFailed"),
    Row(("RegisterMachine", "CreateMachine"), "no process id", NO_PROCESS, older=f"{DBUS}.NoReply"),
    # Coming to an end
    Row(("Kill",), "nobody is called that", INVALID),
    Row(("Kill",), "no signal", INVALID),
    Row(
        ("Kill", "Terminate", "UnregisterMachine", "OpenLogin", "OpenShell", "BindMount"),
        "not allowed",
        "",
        True,
    ),
    Row(("CopyFrom", "CopyTo"), "not allowed", "", True),
    Row(("Kill", "Terminate"), "the host", UNSUPPORTED, True),
    Row(("Kill",), "leader dead", NO_PROCESS, True),
    Row(("Terminate",), "systemd does not stop it", INVALID, True),
    Row(("Kill",), "no process left", NO_PROCESS, True),
    Row(("Kill",), "its unit is gone", NOT_FOUND, True),
    # Inside
    Row(("GetAddresses", "GetOSRelease", "OpenRootDirectory"), "helper died", f"{DBUS}.Failed"),
    Row(COPIES, "helper died", "System.Error.ESHUTDOWN", True, f"{DBUS}.Failed"),
    Row(("GetAddresses", "GetOSRelease", "GetUIDShift"), "virtual machine", UNSUPPORTED),
    Row(("OpenPTY", "OpenLogin", "OpenShell"), "virtual machine", UNSUPPORTED, True),
    Row(("BindMount", *COPIES), "virtual machine", UNSUPPORTED),
    Row(("OpenRootDirectory",), "virtual machine", UNSUPPORTED, True),
    Row(MAPPING_FROM, "virtual machine", INVALID),
    Row(("BindMount", *COPIES), "the host", UNSUPPORTED),
    Row(MAPPING_FROM, "the host", INVALID),
    Row(("GetAddresses",), "no network of its own", f"{OWN}.NoPrivateNetworking"),
    Row(("GetAddresses",), "leader dead", NOT_FOUND),
    Row(("GetOSRelease",), "no os-release", NOT_FOUND, older=f"{DBUS}.Failed"),
    Row(("GetOSRelease",), "leader dead", NOT_FOUND),
    Row(("GetUIDShift",), "no simple shift", UNSUPPORTED),
    Row(("GetSSHInfo",), "no ssh address", NOT_FOUND),
    Row(("OpenLogin", "OpenShell"), "no bus in it", NOT_FOUND, True),
    Row(("OpenPTY", "OpenLogin", "OpenShell"), "leader dead", NO_PROCESS, True, NOT_FOUND),
    Row(("OpenLogin",), "its systemd refuses", f"{SYSTEMD}.UnitMasked", True),
    Row(("OpenShell",), "its systemd refuses", INVALID, True),
    Row(("OpenRootDirectory",), "leader dead", NOT_FOUND, True),
    Row(("OpenShell",), "relative program", INVALID),
    Row(("OpenShell",), "bad environment", INVALID),
    Row(("BindMount", "CopyFrom", "CopyTo"), "bad source", INVALID),
    Row(("BindMount", "CopyFrom", "CopyTo"), "bad destination", INVALID),
    Row(WITH_FLAGS, "bad source", INVALID),
    Row(WITH_FLAGS, "bad destination", INVALID),
    Row(WITH_FLAGS, "unknown flags", INVALID),
    Row(("BindMount",), "user namespace", UNSUPPORTED, True),
    Row(("BindMount",), "no root of its own", INVALID, True),
    Row(("BindMount",), "no simple shift", ENXIO, True),
    Row(("BindMount",), "no folder to mount through", "none", True, UNSUPPORTED),
    Row(("BindMount",), "no such source", NOT_FOUND, True),
    Row(("BindMount",), "no such destination", NOT_FOUND, True),
    Row(("BindMount",), "leader dead", NOT_FOUND, True),
    Row(COPIES, "no such source", NOT_FOUND, True),
    Row(COPIES, "no folder for it", NOT_FOUND, True),
    Row(COPIES, "a file for a folder", "System.Error.ENOTDIR", True),
    Row(COPIES, "no simple shift", ENXIO, True),
    Row(COPIES, "exists", EXISTS, True),
    Row(COPIES, "leader dead", NOT_FOUND, True),
    Row(COPIES, "read-only there", "System.Error.EROFS", True),
    Row(COPIES, "no room there", "System.Error.ENOSPC", True),
    Row(("CopyTo",), "machine vanished", NOBODY_ANSWERS, True),
    Row(COPIES, "too many operations", f"{DBUS}.LimitsExceeded"),
    Row(ASKING, "nobody to ask", "", True),
    Row(ASKING, "polkit cannot be started", "", True),
    # Ids
    Row((*MAPPING_FROM, *MAPPING_TO), "no id", INVALID),
    Row(MAPPING_FROM, "leader dead", NOT_FOUND),
    Row(MAPPING_FROM, "maps to nothing", f"{OWN}.NoSuchUserMapping"),
    Row(("MapToMachineUser",), "of the host", f"{OWN}.NoSuchUserMapping"),
    Row(("MapToMachineUser",), "of no machine", f"{OWN}.NoSuchUserMapping"),
    Row(("MapToMachineGroup",), "of the host", f"{OWN}.NoSuchGroupMapping"),
    Row(("MapToMachineGroup",), "of no machine", f"{OWN}.NoSuchGroupMapping"),
)


def cells() -> Iterator[Cell]:
    """Every row for every member, interface, user and version."""
    for row in ROWS:
        for member in row.members:
            for name in _names(member, row.why):
                for version in VERSIONS:
                    for who in WHO:
                        expected = _expected(row, member, version, who)
                        if expected:
                            yield Cell(version, who, name, row.why, expected)
    yield from generic_cells()


def _names(member: str, why: str) -> list[str]:
    """The names to call a member by, with its interface."""
    names = [] if member not in MANAGERS or why == "no such machine" else [f"Machine.{member}"]
    if why != "unknown object":
        names.append(f"Manager.{MANAGERS.get(member, member)}")
    return names


def _expected(row: Row, member: str, version: int, who: str) -> str:
    if who == "nobody" and member in BARRED:
        return ACCESS_DENIED
    if version == 252 and member in NEW_IN_257:
        return UNKNOWN_METHOD if row.why != "unknown object" else UNKNOWN_OBJECT
    if who == "nobody" and row.is_late and member in ASKING:
        return UNASKED.get(row.why, ASK_FIRST)
    return row.older if version == 252 and row.older else row.error


def generic_cells() -> Iterator[Cell]:
    """What is wrong with calls to any object; nobody may send but what the policy lists."""
    properties = "DBus.Properties"
    for version in VERSIONS:
        for why, member, error, is_barred in (
            ("unknown member", "NoSuchMember", UNKNOWN_METHOD, True),
            # The library below the service looks for the property in all of them
            ("unknown interface", "Get", f"{DBUS}.UnknownProperty", False),
            ("unknown interface", "GetAll", f"{DBUS}.UnknownInterface", False),
            ("unknown interface", "Set", f"{DBUS}.UnknownProperty", True),
            ("unknown property", "Get", f"{DBUS}.UnknownProperty", False),
            ("unknown property", "Set", f"{DBUS}.UnknownProperty", True),
            ("read-only property", "Set", f"{DBUS}.PropertyReadOnly", True),
            ("wrong signature", "Get", INVALID, False),
            ("wrong signature", "GetAll", INVALID, False),
            ("wrong signature", "Set", f"{DBUS}.PropertyReadOnly", True),
            ("wrong signature, writable", "Set", f"{DBUS}.InvalidSignature", True),
            ("unknown object", "Get", UNKNOWN_OBJECT, False),
            ("unknown object", "GetAll", UNKNOWN_OBJECT, False),
            ("unknown object", "Set", UNKNOWN_OBJECT, True),
            ("no such level", "Set", INVALID, True),
            ("no such target", "Set", INVALID, True),
            ("value of another type", "Set", INVALID, True),
        ):
            for who in WHO:
                expected = ACCESS_DENIED if is_barred and who == "nobody" else error
                yield Cell(version, who, f"{properties}.{member}", why, expected)
