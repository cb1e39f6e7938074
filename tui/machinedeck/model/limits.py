"""Limits of what a running machine may use."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """The limits of one unit (systemd.resource-control(5)); `None` leaves one as it is."""

    memory: int | None = None
    """MemoryMax=, bytes; `UNLIMITED` for none."""
    cpu: int | None = None
    """CPUQuota=, microseconds of processor time a second, 1,000,000 for each; `UNLIMITED` for none."""
    tasks: int | None = None
    """TasksMax=, threads; `UNLIMITED` for none."""


UNLIMITED = 2**64 - 1
"""What PID 1 takes and tells where there is no limit (`infinity`)."""
