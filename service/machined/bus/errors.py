"""What went wrong, as the error that goes back to the caller."""

from __future__ import annotations

import errno
import logging
import os

from machined.contract import BUS, ErrorName
from machined.host.errors import Refused
from machined.wire import CallError, CallTimeout, ConnectionLost

logger = logging.getLogger(__name__)

_NAMES = {
    errno.ENOMEM: "NoMemory",
    errno.EPERM: "AccessDenied",
    errno.EACCES: "AccessDenied",
    errno.EINVAL: "InvalidArgs",
    errno.ESRCH: "UnixProcessIdUnknown",
    errno.ENOENT: "FileNotFound",
    errno.EEXIST: "FileExists",
    errno.ETIMEDOUT: "Timeout",
    errno.ETIME: "Timeout",
    errno.EIO: "IOError",
    errno.ENETRESET: "Disconnected",
    errno.ECONNABORTED: "Disconnected",
    errno.ECONNRESET: "Disconnected",
    errno.EOPNOTSUPP: "NotSupported",
    errno.EADDRNOTAVAIL: "BadAddress",
    errno.ENOBUFS: "LimitsExceeded",
    errno.EADDRINUSE: "AddressInUse",
    errno.EBADMSG: "InconsistentMessage",
}
_SYMBOLS = {**errno.errorcode, errno.EAGAIN: "EAGAIN", errno.EDEADLK: "EDEADLK"}
"""Where two symbols share a number, Python and systemd do not choose the same one."""


def error_name(number: int) -> str:
    """The name of the D-Bus error that stands for an errno (sd-bus-errors(3)).

    Those without a standard name become `System.Error.` and the symbol; a number that no symbol belongs to
    becomes the general failure.
    """
    if name := _NAMES.get(number):
        return f"{BUS}.Error.{name}"
    if symbol := _SYMBOLS.get(number):
        return f"System.Error.{symbol}"
    return str(ErrorName.FAILED)


def error_reply(error: Exception, what: str) -> CallError:
    """The reply that tells a caller of `error`.

    Args:
        error: What a handler raised. What it does not raise on purpose goes to our log with its traceback,
            and the caller hears a plain sentence.
        what: The method or property, for the log and the sentence.
    """
    if isinstance(error, CallError):
        return error
    if isinstance(error, Refused):
        return CallError(str(error.name), error.message)
    if isinstance(error, OSError) and error.errno:
        # Without the file's name, which is nothing to the caller; a sentence stands in place of strerror(3)
        return CallError(error_name(error.errno), error.strerror or os.strerror(error.errno))
    if isinstance(error, CallTimeout):
        return CallError(error_name(errno.ETIMEDOUT), "Who was asked for this gave no answer in time.")
    if isinstance(error, ConnectionLost):
        return CallError(error_name(errno.ECONNRESET), "The connection to the message bus has ended.")
    logger.error("%s failed", what, exc_info=error)
    return CallError(ErrorName.FAILED, f"{what} failed because of an error in the service.")
