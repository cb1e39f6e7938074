"""The service manager of the simulated host: units, jobs and what starting and stopping does.

`SimulatedUnits` is where to begin. Words, order and errors follow systemd 257 as seen on a real host.
"""

from machined.host.simulated.units.manager import SimulatedUnits

__all__ = ["SimulatedUnits"]
