"""What a scenario says is there at the start, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from machined.contract import UNKNOWN_SIZE
from machined.host.inside import Address
from machined.host.storage import ImageType

INITS = ("systemd", "openrc", "program", "none")
"""What the first process of a system is: an init, a single program, or nothing that could be started."""

NETWORKS = ("veth", "host")
"""A network of its own behind a pair of interfaces, or the host's."""


class System(NamedTuple):
    """What an installation of an operating system brings: a template for images."""

    init: str
    has_bus: bool
    files: str
    processes: str


NO_SYSTEM = System("none", has_bus=False, files="", processes="")
"""What an image is made from that nothing was installed in."""


class HostEntry(NamedTuple):
    """The host itself."""

    hostname: str
    system: str
    uptime: float
    """Seconds since it was booted."""
    size: int
    """Bytes that its own files take."""
    age: float
    """Seconds since it was installed."""
    has_vsock: bool
    pool_overhead: int
    pool_limit: int
    addresses: Sequence[Address]
    files: str
    processes: str


class ImageEntry(NamedTuple):
    """An image, and how its machine is when it runs."""

    name: str
    path: str
    type: ImageType
    system: str = ""
    is_read_only: bool = False
    age: float = 0
    """Seconds since it was made; 0 where nobody knows."""
    changed: float = 0
    """Seconds since it was changed."""
    size: int = 0
    """Bytes of its own, beside those of what it is a snapshot of."""
    snapshot_of: str = ""
    """Another image, earlier in the scenario; "" for none."""
    limit: int = UNKNOWN_SIZE
    limit_exclusive: int = UNKNOWN_SIZE
    is_quota_known: bool = True
    network: str = "veth"
    addresses: Sequence[Address] = ()
    user_shift: int = 0
    hostname: str = ""
    boot: float = 0
    """Seconds that a start takes; 0 for one or two."""
    shutdown: float = 2
    """Seconds that an orderly end takes."""
    fails: str = ""
    """What is logged when it fails soon after each start; "" where it does not."""
    files: str = ""
    processes: str = ""
    log: str = ""
    chatter: str = ""
    """What is logged again and again, with the seconds between."""


class RunningEntry(NamedTuple):
    """A container that runs at the start."""

    image: str
    since: float
    """Seconds."""
    state: str
    """`running`, `opening` or `closing`."""


class VmEntry(NamedTuple):
    """A virtual machine that runs at the start."""

    name: str
    service: str
    unit: str
    image: str
    since: float
    command: str
    memory: int
    load: float
    vsock_cid: int
    ssh_address: str
    ssh_private_key_path: str
    log: str


class Happening(NamedTuple):
    """What the director does with a container again and again."""

    image: str
    runs: float
    """Seconds that it runs, about."""
    rests: float
    """Seconds between, about."""
