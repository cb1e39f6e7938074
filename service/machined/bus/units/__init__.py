"""The service manager on the bus: `org.freedesktop.systemd1`, for hosts whose own one we stand in for.

Members, their types and errors are those of systemd 257 (org.freedesktop.systemd1(5)), as far as clients of
machines need them. `UnitService` is where to begin.
"""

from machined.bus.units.service import UnitService

__all__ = ["UnitService"]
