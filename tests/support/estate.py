"""An estate that exists only in memory, and a console on it: `just demo`."""

from __future__ import annotations

import os

from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.model.image import Pool
from machinedeck.model.machine import State
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import read_options
from tests.support.fake_host import FEDORA, NOW, FakeHost, image, machine


def estate() -> FakeHost:
    """A host with a bit of everything."""
    running = [
        machine(
            "db-1", os=FEDORA, addresses=("10.0.0.3", "fe80::1"), timestamp=int((NOW - 86400 * 12) * 1e6)
        ),
        machine("mail", state=State.OPENING, os=None, addresses=None, timestamp=int((NOW - 4) * 1e6)),
        machine("vm-7", kind="vm", service="libvirt-qemu", os=None, addresses=None),
        machine("web-1"),
    ]
    stored = [
        image("archive", type="raw", is_read_only=True, usage=953 * 1024**2),
        image("build-9"),
        image("db-1", type="subvolume", usage=5 * 1024**3),
        image("web-1"),
        image(".hidden"),
    ]
    return FakeHost(
        running={one.name: one for one in running},
        stored={one.name: one for one in stored},
        space=Pool("/var/lib/machines", 7 * 1024**3, 20 * 1024**3),
    )


def main() -> None:
    """Show the console on it."""
    MachinedeckApp(Follower(estate(), Store()), read_options(os.environ), clock=lambda: NOW).run()


if __name__ == "__main__":
    main()
