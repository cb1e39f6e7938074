"""What a registration must be like, in the order in which it is looked at."""

from __future__ import annotations

import errno
import os

from machined.contract import HOST_MACHINE, ErrorName, is_machine_name
from machined.host.errors import Refused
from machined.host.improvements import Improvements
from machined.machines.machine import CONTAINER, VM, Registration

ID_BYTES = 16
INT_MAX = 2**31 - 1
"""What a pid can be at most; arguments are wider."""
INIT = 1
"""The pid of the host's own service manager, which leads no machine."""


def check_registration(registration: Registration) -> None:
    """See that a registration can be taken, as far as that needs no look at the host.

    Raises:
        Refused: InvalidArgs, it cannot.
    """
    wrong = _wrong(registration)
    if wrong is not None:
        raise Refused(ErrorName.INVALID_ARGS, wrong)


def not_supported(sentence: str, improvements: Improvements) -> Exception:
    """The error NotSupported: with a sentence, or with no more than strerror(3) has to say."""
    if improvements.explains_what_is_not_supported:
        return Refused(ErrorName.NOT_SUPPORTED, sentence)
    return OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


def _wrong(registration: Registration) -> str | None:
    name = registration.name
    if name == HOST_MACHINE or not is_machine_name(name):
        return "Invalid machine name"
    if len(registration.id) not in {0, ID_BYTES}:
        return "Invalid machine ID parameter"
    for ifindex in registration.ifindices:
        if ifindex <= 0:
            return f"Invalid network interface index {ifindex}"
    if registration.machine_class not in {"", CONTAINER, VM}:
        return "Invalid machine class parameter"
    if registration.leader == INIT:
        return "Invalid leader PID"
    root = registration.root_directory
    return None if not root or root.startswith("/") else "Root directory must be empty or an absolute path"
