"""The words of the protocol: bus names, object paths and their escaping, names of machines and errors.

Nothing here talks to a bus. Sources: org.freedesktop.machine1(5), org.freedesktop.systemd1(5),
sd_bus_path_encode(3), machine-id(5), systemd.unit(5).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

MACHINE1 = "org.freedesktop.machine1"
"""The bus name of the service."""
MANAGER_PATH = "/org/freedesktop/machine1"
MANAGER_INTERFACE = f"{MACHINE1}.Manager"
MACHINE_INTERFACE = f"{MACHINE1}.Machine"
IMAGE_INTERFACE = f"{MACHINE1}.Image"

SYSTEMD1 = "org.freedesktop.systemd1"
"""The bus name of PID 1."""
SYSTEMD1_PATH = "/org/freedesktop/systemd1"
SYSTEMD1_MANAGER_INTERFACE = f"{SYSTEMD1}.Manager"
SYSTEMD1_UNIT_INTERFACE = f"{SYSTEMD1}.Unit"

OPERATIONS_INTERFACE = "io.machinedeck.Operations1"
"""An interface of our own: how far copies, clones and removals are, and their end."""
OPERATIONS_PATH = "/io/machinedeck/Operations1"

BUS = "org.freedesktop.DBus"
"""The bus's own name, and the name of its interface."""
PROPERTIES_INTERFACE = f"{BUS}.Properties"

HOST_MACHINE = ".host"
"""The name under which the service lists the host itself, as a machine and as an image."""

POLKIT = MACHINE1
"""What the actions of polkit(8) begin with."""
MANAGE_MACHINES = f"{POLKIT}.manage-machines"
MANAGE_IMAGES = f"{POLKIT}.manage-images"

VSOCK_CID_ANY = 2**32 - 1
"""The address on vsock(7) of a machine that told none (VMADDR_CID_ANY)."""

UNKNOWN_SIZE = 2**64 - 1
"""What the service answers for a size or limit it cannot tell, or that is not set (UINT64_MAX)."""

IMAGE_FOLDERS = (
    "/etc/machines",
    "/run/machines",
    "/var/lib/machines",
    "/var/lib/container",
    "/usr/local/lib/machines",
    "/usr/lib/machines",
)
"""Where images are looked for; the first hit of a name wins (machinectl(1), "Files and Directories")."""


class ErrorName(StrEnum):
    """Names of D-Bus errors that callers tell apart."""

    FAILED = f"{BUS}.Error.Failed"
    ACCESS_DENIED = f"{BUS}.Error.AccessDenied"
    AUTHORIZATION_REQUIRED = f"{BUS}.Error.InteractiveAuthorizationRequired"
    INVALID_ARGS = f"{BUS}.Error.InvalidArgs"
    NO_REPLY = f"{BUS}.Error.NoReply"
    NOT_SUPPORTED = f"{BUS}.Error.NotSupported"
    FILE_NOT_FOUND = f"{BUS}.Error.FileNotFound"
    NAME_HAS_NO_OWNER = f"{BUS}.Error.NameHasNoOwner"
    SERVICE_UNKNOWN = f"{BUS}.Error.ServiceUnknown"
    UNKNOWN_OBJECT = f"{BUS}.Error.UnknownObject"
    UNKNOWN_METHOD = f"{BUS}.Error.UnknownMethod"
    NO_SUCH_MACHINE = f"{MACHINE1}.NoSuchMachine"
    NO_SUCH_IMAGE = f"{MACHINE1}.NoSuchImage"
    MACHINE_EXISTS = f"{MACHINE1}.MachineExists"
    NO_PRIVATE_NETWORKING = f"{MACHINE1}.NoPrivateNetworking"
    NO_MACHINE_FOR_PID = f"{MACHINE1}.NoMachineForPID"
    NO_SUCH_USER_MAPPING = f"{MACHINE1}.NoSuchUserMapping"
    NO_SUCH_GROUP_MAPPING = f"{MACHINE1}.NoSuchGroupMapping"
    NO_SUCH_OPERATION = f"{OPERATIONS_INTERFACE}.NoSuchOperation"
    LIMITS_EXCEEDED = f"{BUS}.Error.LimitsExceeded"
    JOB_FAILED = f"{SYSTEMD1}.JobFailed"
    NO_SUCH_UNIT = f"{SYSTEMD1}.NoSuchUnit"
    UNIT_MASKED = f"{SYSTEMD1}.UnitMasked"
    LOAD_FAILED = f"{SYSTEMD1}.LoadFailed"


_TO_ESCAPE = re.compile(rb"^[0-9]|[^A-Za-z0-9]")


def escape_label(label: str) -> str:
    """Escape any string into one element of an object path, as sd_bus_path_encode(3) does.

    Bytes other than ASCII letters and digits become `_` and two hex digits, a digit in first place
    too; the empty string becomes a lone `_`.
    """
    if not label:
        return "_"
    # Lists of thousands of images have it done for each of them
    return _TO_ESCAPE.sub(lambda found: b"_%02x" % found[0][0], label.encode()).decode()


def unescape_label(label: str) -> str:
    """Undo `escape_label`; an escape that is not well-formed stays as it stands.

    Raises:
        UnicodeDecodeError: The escapes do not make UTF-8.
    """
    if label == "_":
        return ""
    raw = re.sub(rb"_([0-9a-fA-F]{2})", lambda match: bytes([int(match[1], 16)]), label.encode())
    return raw.decode()


@lru_cache(maxsize=4096)  # lists of all machines are asked for all the time, and half of their cost was this
def machine_path(name: str) -> str:
    """The object path of the machine `name`."""
    return f"{MANAGER_PATH}/machine/{escape_label(name)}"


def image_path(name: str) -> str:
    """The object path of the image `name`."""
    return f"{MANAGER_PATH}/image/{escape_label(name)}"


_MACHINE_NAME = re.compile(r"(?!-)[A-Za-z0-9-]+(?<!-)(\.(?!-)[A-Za-z0-9-]+(?<!-))*")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

MAX_IMAGE_NAME = 255
"""Bytes in the name of an image, at most: that of a file (NAME_MAX)."""


def is_machine_name(name: str) -> bool:
    """Whether `name` may be registered: labels of letters, digits, inner dashes, with dots; 1 to 64 bytes."""
    return len(name) <= 64 and _MACHINE_NAME.fullmatch(name) is not None


def is_image_name(name: str) -> bool:
    """Whether an image can have this name: one of a file, without control characters, not a lock's.

    A name that begins with a dot is fine: lists leave such images out unless all are asked for.
    """
    if not name or name in {".", ".."} or name.startswith(".#") or "/" in name:
        return False
    if _CONTROL.search(name):
        return False
    try:
        return len(name.encode()) <= MAX_IMAGE_NAME
    except UnicodeEncodeError:
        return False


def escape_unit_name(name: str) -> str:
    r"""Escape any string into a part of a unit's name (systemd.unit(5), "String Escaping for Unit Names").

    `/` becomes `-`; whatever is not a letter, digit, `:`, `_` or `.`, and a leading dot, becomes `\xHH`.
    """
    letters = []
    for position, byte in enumerate(name.encode()):
        character = chr(byte)
        plain = byte < 128 and (
            character.isalnum() or character in ":_" or (character == "." and position > 0)
        )
        letters.append("-" if character == "/" else character if plain else f"\\x{byte:02x}")
    return "".join(letters)


def nspawn_unit(name: str) -> str:
    """The unit that starts the image `name` as a container (systemd-nspawn(1), machinectl(1) `start`).

    Raises:
        ValueError: `name` cannot be a machine's name, so no unit can be named after it.
    """
    if not is_machine_name(name):
        raise ValueError(
            f"{name!r} cannot be the name of a machine: use letters, digits, dots and inner dashes"
        )
    return f"systemd-nspawn@{name}.service"
