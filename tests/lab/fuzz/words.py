"""What random calls to a real host are made of: words that it knows, and nothing that would end it.

A call may end any process and change any file that it names. So numbers are pids of sleepers that are there
for that, or can be no pid; signals are those that do not stop for good; and no path is the root folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from machined.contract import (
    IMAGE_INTERFACE,
    MACHINE_INTERFACE,
    MANAGER_INTERFACE,
    MANAGER_PATH,
    OPERATIONS_INTERFACE,
    OPERATIONS_PATH,
    image_path,
    machine_path,
)
from machined.wire import Variant
from tests.lab.fuzz.callers import Call
from tests.service.fuzz.answers import Method
from tests.service.fuzz.arguments import RANGES, TEXTS, Vocabulary, arguments_each

LOG_INTERFACE = "org.freedesktop.LogControl1"
LOG_PATH = "/org/freedesktop/LogControl1"
MACHINES = ("box", "mapped", "kvm", "thin")
"""A container, one with a user namespace, a virtual machine, and a container that shares all of the host."""
IMAGES = ("small", "volume")
SPARE = (4_999_001, 4_999_002, 4_999_003)
"""Stand for the pids of processes that may become a machine's leader."""

FILES = (
    "/srv/source",
    "/srv/source/deep/file",
    "/srv/source/link",
    "/srv/source/fifo",
    "/srv/source/inner",
    "/srv/out",
    "/srv/out/further",
    "/etc/hostname",
    "/proc/version",
    "/srv/../srv/source",
    "relative",
)
PROPERTIES = ("MemoryMax", "TasksMax", "PIDs", "Description", "After", "RuntimeMaxUSec", "Delegate")
INTERFACES = (MANAGER_INTERFACE, MACHINE_INTERFACE, IMAGE_INTERFACE, LOG_INTERFACE, OPERATIONS_INTERFACE)
WORDS: Mapping[str, Sequence[str]] = {
    "name": (*MACHINES, *IMAGES, ".host", "new", "newer", "a/b"),
    "coming": (*(f"guest-{number}" for number in range(6)), "new", "newer", *MACHINES),
    "id": (*MACHINES, ".host", "new"),
    "new_name": (*IMAGES, "copied", ".hidden", "new", ".."),
    "source": FILES,
    "destination": (*FILES, *(f"/srv/out-{number}" for number in range(9)), "/tmp/x", ""),
    "user": ("root", "", "nobody-of-that-name"),
    "path": ("", "/bin/true", "/bin/sh", "/srv", "relative"),
    "environment": ("A=b", "TERM=dumb", "A"),
    "whom": ("leader", "all", ""),
    "class": ("container", "vm", ""),
    "mode": ("hidden", "all"),
    "root_directory": ("", "/srv/box", "/no/such"),
    "scope_properties": PROPERTIES,
    "interface_name": INTERFACES,
    "property_name": ("Name", "Unit", "State", "PoolPath", "LogLevel", "LogTarget", "Usage"),
    "value": ("debug", "info"),
}
"""What is often said for arguments of a name; those of images have none."""

EVERYTHING = tuple(dict.fromkeys(word for words in WORDS.values() for word in words))
OF_KINDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "log": {"interface_name": (LOG_INTERFACE,), "property_name": ("LogLevel", "LogTarget")},
    "machine": {"interface_name": (MACHINE_INTERFACE,), "property_name": ("Name", "Unit", "State", "Leader")},
    "image": {"interface_name": (IMAGE_INTERFACE,), "property_name": ("Name", "Usage", "Limit", "Path")},
}
"""What is said instead to objects of a kind."""

NUMBERS = (0, 1, *SPARE, 2**31 - 1, 2**32 - 1)
COUNTED: Mapping[str, Sequence[int]] = {
    "signal": (18, 9, 10, 15, 18, 64, 0, 65),
    "leader": (*SPARE, 0, 1, 2**31 - 1, 2**32 - 1),
    "pid": (*SPARE, 0, 1),
    "uid_outer": (524_288, 525_288, 600_000, 1000),
    "gid_outer": (524_288, 525_288, 600_000, 1000),
    "flags": (0, 0, 1, 2),
    "ifindices": (1, 2, 3, 0),
}
"""What numbers are often said for arguments of a name."""

RANGES_OF: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "leader": {"u": (SPARE[0], SPARE[-1])},
    "flags": {"t": (0, 3)},
}
"""What other numbers are from, where most would be refused at once."""

NO_PIDS = {"u": (5_000_000, 2**32 - 1), "i": (65, 2**31 - 1)}
"""A pid is at most 4,194,304 (proc_sys_kernel(5), `pid_max`), a signal at most 64."""

PATHS = ("/", machine_path("box"), machine_path(".host"), image_path("small"), MANAGER_PATH, "/a/b")
UNKNOWN = TEXTS.filter(lambda text: not text.startswith("/") or bool(text.strip("/.")))
"""Texts, but for those that are the root folder, as all of a host takes long to copy."""

PLACES: Mapping[str, Sequence[str]] = {
    "manager": [MANAGER_PATH],
    "machine": [machine_path(name) for name in (*MACHINES, ".host", "new")],
    "image": [image_path(name) for name in (*IMAGES, "copied", ".host")],
    "log": [LOG_PATH],
    "operations": [OPERATIONS_PATH],
}
"""Where members are called, each at its own kind of object."""


def values_of(kind: str, method: Method) -> st.SearchStrategy[Sequence[Any]]:
    """Arguments for a member of a kind of object."""
    return arguments_each(method.takes, [_known(kind, method, name) for name in method.names])


def _known(kind: str, method: Method, name: str) -> Vocabulary:
    """What is said for an argument: most often a word that is meant for that."""
    key = name
    if not name or (name == "name" and "Image" in method.name):
        key = "new_name"
    elif name == "name" and method.name.startswith(("Create", "Register")):
        key = "coming"
    words = OF_KINDS.get(kind, {}).get(key) or WORDS.get(key, EVERYTHING)
    words = (*words * (9 * len(EVERYTHING) // len(words)), *EVERYTHING)
    if method.name == "CloneImage":  # a copy of the host would be a copy of all
        words = tuple(word for word in words if word != ".host")
    texts = st.one_of(*[st.sampled_from(words)] * 3, UNKNOWN)
    ranges = {**RANGES, **NO_PIDS, **RANGES_OF.get(name, {})}
    numbers = COUNTED.get(name, NUMBERS)
    return Vocabulary(words, numbers, (0, 1, *SPARE), PATHS, ranges, texts)


def paths_of(method: Method, paths: Sequence[str]) -> Sequence[str]:
    """The objects of which a member is asked."""
    return [path for path in paths if path != image_path(".host")] if method.name == "Clone" else paths


def with_pids(call: Call, pids: Mapping[int, int]) -> Call:
    """A call with the pids of processes that are there now."""
    return call._replace(values=[_with(value, pids) for value in call.values])


def _with(value: Any, pids: Mapping[int, int]) -> Any:
    if isinstance(value, Variant):
        return Variant(value.signature, _with(value.value, pids))
    if isinstance(value, list | tuple):
        return [_with(item, pids) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return pids.get(value, value)
    return value
