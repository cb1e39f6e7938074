"""A call of a C client through the local bus to our service, beside dbus-daemon and a C service."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.bench.rows import Measure
from tests.bench.sdbus import SdBus, c_service
from tests.support.daemon import private_daemon
from tests.support.demo_service import demo_service

CALLS = 1000
PASSES = 9
C_SERVICE = "org.example.Service"
MACHINE1 = "org.freedesktop.machine1"
MANAGER = "/org/freedesktop/machine1"
PEER = "org.freedesktop.DBus.Peer"


def measure() -> list[Measure]:
    """Passes in turn, medians of all."""
    reference, ping, lookup, listing = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        daemon_folder = Path(folder, "daemon")
        demo_folder = Path(folder, "demo")
        daemon_folder.mkdir()
        demo_folder.mkdir(mode=0o700)
        with (
            private_daemon(daemon_folder) as address,
            c_service(address, C_SERVICE),
            demo_service(demo_folder) as demo,
            SdBus(address) as daemon_client,
            SdBus(demo.address) as client,
        ):
            for _ in range(PASSES):
                reference.append(daemon_client.microseconds(CALLS, C_SERVICE, "/", PEER, "Ping"))
                ping.append(client.microseconds(CALLS, MACHINE1, MANAGER, PEER, "Ping"))
                manager = (MACHINE1, MANAGER, f"{MACHINE1}.Manager")
                lookup.append(client.microseconds(CALLS, *manager, "GetMachine", ".host"))
                listing.append(client.microseconds(CALLS // 10, *manager, "ListMachines"))
    base = statistics.median(reference)
    what = "C service, dbus-daemon"
    return [
        Measure("bus", "empty call to our service", statistics.median(ping), "us", what, base, "<= 3"),
        Measure("bus", "GetMachine", statistics.median(lookup), "us", what, base, ""),
        Measure("bus", "ListMachines of the demo", statistics.median(listing), "us", what, base, ""),
    ]
