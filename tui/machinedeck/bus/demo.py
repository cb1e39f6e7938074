"""The made-up host: our service on a simulated host, over the same wire as a real one."""

from __future__ import annotations

from machinedeck.bus.child import Child, demo_command
from machinedeck.bus.host import BusHost
from machinedeck.bus.own_service import OwnService


def demo_host(seed: int, child: Child | None = None, *, is_read_only: bool = False) -> BusHost:
    """A host that is made up.

    Args:
        seed: What it is drawn from: the same number gives the same host.
        child: Its service, if it was started already, with the same seed.
        is_read_only: Whether it is only looked at.
    """
    service = OwnService(demo_command(seed), child)
    return BusHost(
        service, name="made-up estate", mode=f"seed {seed}", is_demo=True, is_read_only=is_read_only
    )
