"""What a container or machine manager tells of a machine when it registers it."""

from __future__ import annotations

from typing import NamedTuple


class Registration(NamedTuple):
    """The arguments of CreateMachine and RegisterMachine (org.freedesktop.machine1(5))."""

    name: str
    id: bytes
    """16 bytes, or none."""
    service: str
    """Who made the machine, for example `systemd-nspawn`; "" where it does not say."""
    machine_class: str
    """`container` or `vm`."""
    leader: int
    """The first process, a pid of the host's namespace; 0 for the caller itself."""
    root_directory: str
    """The root folder on the host; "" where there is none, as of images in files."""
    ifindices: list[int]
    """Interfaces of the host that lead to the machine."""
