"""The members that the scenario asks for, with arguments that are well formed and harmless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Member(NamedTuple):
    """A method.

    Attributes:
        on_manager: Its name in the Manager, where the name of a machine comes first.
        on_machine: Its name in the Machine interface, if it is there.
        signature: Of the arguments after the machine's name.
        values: Arguments to begin with.
    """

    on_manager: str
    on_machine: str | None
    signature: str = ""
    values: Sequence[Any] = ()


COPIED = ("/tmp/no-such-source", "/tmp/copied")
SHELL = ("root", "/bin/true", ["true"], [])

OF_A_MACHINE = (
    Member("GetMachine", None),
    Member("UnregisterMachine", None),
    Member("TerminateMachine", "Terminate"),
    Member("KillMachine", "Kill", "si", ("leader", 10)),
    Member("GetMachineAddresses", "GetAddresses"),
    Member("GetMachineSSHInfo", "GetSSHInfo"),
    Member("GetMachineOSRelease", "GetOSRelease"),
    Member("GetMachineUIDShift", "GetUIDShift"),
    Member("OpenMachinePTY", "OpenPTY"),
    Member("OpenMachineLogin", "OpenLogin"),
    Member("OpenMachineShell", "OpenShell", "ssasas", SHELL),
    Member("BindMountMachine", "BindMount", "ssbb", ("/etc", "/tmp/bound", False, True)),
    Member("CopyFromMachine", "CopyFrom", "ss", COPIED),
    Member("CopyToMachine", "CopyTo", "ss", COPIED),
    Member("CopyFromMachineWithFlags", "CopyFromWithFlags", "sst", (*COPIED, 0)),
    Member("CopyToMachineWithFlags", "CopyToWithFlags", "sst", (*COPIED, 0)),
    Member("OpenMachineRootDirectory", "OpenRootDirectory"),
    Member("MapFromMachineUser", None, "u", (0,)),
    Member("MapFromMachineGroup", None, "u", (0,)),
)

REGISTERED = ("new", b"", "lab", "container", 0, "")
"""Arguments of a registration, by whoever calls, as a container."""

OTHERS = (
    Member("GetMachineByPID", None, "u", (0,)),
    Member("ListMachines", None),
    Member("RegisterMachine", None, "sayssus", REGISTERED),
    Member("RegisterMachineWithNetwork", None, "sayssusai", (*REGISTERED, [])),
    Member("CreateMachine", None, "sayssusa(sv)", (*REGISTERED, [])),
    Member("CreateMachineWithNetwork", None, "sayssusaia(sv)", (*REGISTERED, [], [])),
    Member("MapToMachineUser", None, "u", (0,)),
    Member("MapToMachineGroup", None, "u", (0,)),
)

PROPERTIES_OF_A_MACHINE = (
    *("Name", "Id", "Timestamp", "TimestampMonotonic", "Service", "Unit", "Scope", "Leader", "Class"),
    *("RootDirectory", "NetworkInterfaces", "State", "VSockCID", "SSHAddress", "SSHPrivateKeyPath"),
)
PROPERTIES_OF_THE_MANAGER = ("PoolPath", "PoolUsage", "PoolLimit")
PROPERTIES_OF_THE_LOG = ("LogLevel", "LogTarget", "SyslogIdentifier")

OF_AN_IMAGE = (
    Member("GetImage", None),
    Member("RemoveImage", "Remove"),
    Member("RenameImage", "Rename", "s", ("renamed",)),
    Member("CloneImage", "Clone", "sb", ("cloned", False)),
    Member("MarkImageReadOnly", "MarkReadOnly", "b", (True,)),
    Member("SetImageLimit", "SetLimit", "t", (1 << 30,)),
    Member("GetImageHostname", "GetHostname"),
    Member("GetImageMachineID", "GetMachineID"),
    Member("GetImageMachineInfo", "GetMachineInfo"),
    Member("GetImageOSRelease", "GetOSRelease"),
)
OF_THE_POOL = (
    Member("ListImages", None),
    Member("SetPoolLimit", None, "t", (1 << 30,)),
    Member("CleanPool", None, "s", ("hidden",)),
)
PROPERTIES_OF_AN_IMAGE = (
    *("Name", "Path", "Type", "ReadOnly", "CreationTimestamp", "ModificationTimestamp"),
    *("Usage", "Limit", "UsageExclusive", "LimitExclusive"),
)
