"""What errors that came over a bus are as an errno, where no more than that is passed on.

The numbers are those of sd-bus and of systemd's own names (sd-bus-errors(3), org.freedesktop.systemd1(5)).
"""

from __future__ import annotations

import errno
import os

from machined.contract import BUS, SYSTEMD1
from machined.host.errors import Refused

_OF_THE_BUS = {
    "Failed": errno.EACCES,
    "NoMemory": errno.ENOMEM,
    "ServiceUnknown": errno.EHOSTUNREACH,
    "NameHasNoOwner": errno.ENXIO,
    "NoReply": errno.ETIMEDOUT,
    "IOError": errno.EIO,
    "BadAddress": errno.EADDRNOTAVAIL,
    "NotSupported": errno.EOPNOTSUPP,
    "LimitsExceeded": errno.ENOBUFS,
    "AccessDenied": errno.EACCES,
    "Timeout": errno.ETIMEDOUT,
    "TimedOut": errno.ETIMEDOUT,
    "AddressInUse": errno.EADDRINUSE,
    "Disconnected": errno.ECONNRESET,
    "InvalidArgs": errno.EINVAL,
    "FileNotFound": errno.ENOENT,
    "FileExists": errno.EEXIST,
    "UnknownMethod": errno.EBADR,
    "UnknownObject": errno.EBADR,
    "UnknownInterface": errno.EBADR,
    "UnknownProperty": errno.EBADR,
    "PropertyReadOnly": errno.EROFS,
    "UnixProcessIdUnknown": errno.ESRCH,
    "InconsistentMessage": errno.EBADMSG,
    "InteractiveAuthorizationRequired": errno.EACCES,
}
_OF_SYSTEMD = {
    "NoSuchUnit": errno.ENOENT,
    "NoUnitForPID": errno.ESRCH,
    "UnitExists": errno.EEXIST,
    "LoadFailed": errno.EIO,
    "BadUnitSetting": errno.ENOEXEC,
    "JobFailed": errno.EREMOTEIO,
    "NoSuchJob": errno.ENOENT,
    "OnlyByDependency": errno.EINVAL,
    "TransactionJobsConflicting": errno.EDEADLK,
    "TransactionOrderIsCyclic": errno.EDEADLK,
    "TransactionIsDestructive": errno.EDEADLK,
    "UnitMasked": errno.ERFKILL,
    "NoIsolation": errno.EPERM,
    "ShuttingDown": errno.ECANCELED,
    "ScopeNotRunning": errno.EHOSTDOWN,
    "NoSuchProcess": errno.ESRCH,
}
_NUMBERS = {f"{BUS}.Error.{name}": number for name, number in _OF_THE_BUS.items()} | {
    f"{SYSTEMD1}.{name}": number for name, number in _OF_SYSTEMD.items()
}
_SYSTEM = "System.Error."


def error_number(name: str) -> int:
    """The errno that the error of this name stands for; EIO for names that say nothing to us."""
    if name.startswith(_SYSTEM):
        number = getattr(errno, name.removeprefix(_SYSTEM), None)
        return number if isinstance(number, int) else errno.EIO
    return _NUMBERS.get(name, errno.EIO)


def reduced(refused: Refused) -> OSError:
    """An error of a peer as no more than its number, as systemd passes on some of those of PID 1."""
    number = error_number(str(refused.name))
    return OSError(number, os.strerror(number))
