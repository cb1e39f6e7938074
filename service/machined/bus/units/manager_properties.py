"""The properties of the service manager itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from machined.bus.table import Property
from machined.host.unit_manager import UnitManager
from machined.host.unit_status import ManagerCounts, ManagerFacts, Moment


def _fact(name: str, signature: str, read: Callable[[ManagerFacts], Any]) -> Property:
    return Property(name, signature, lambda manager: read(manager.facts()), "const")


def _moments(name: str, read: Callable[[ManagerFacts], Moment]) -> list[Property]:
    return [
        _fact(f"{name}Timestamp", "t", lambda facts: read(facts).realtime),
        _fact(f"{name}TimestampMonotonic", "t", lambda facts: read(facts).monotonic),
    ]


def _count(name: str, read: Callable[[ManagerCounts], int]) -> Property:
    return Property(name, "u", lambda manager: read(manager.counts()))


def _state(manager: UnitManager) -> str:
    """Whether all is well (systemctl(1), `is-system-running`)."""
    return "degraded" if manager.counts().failed_units else "running"


MANAGER_PROPERTIES = [
    _fact("Version", "s", lambda facts: facts.version),
    _fact("Features", "s", lambda facts: facts.features),
    _fact("Virtualization", "s", lambda facts: facts.virtualization),
    _fact("ConfidentialVirtualization", "s", lambda _facts: ""),
    _fact("Architecture", "s", lambda facts: facts.architecture),
    _fact("Tainted", "s", lambda _facts: ""),
    *_moments("Userspace", lambda facts: facts.userspace_began),
    *_moments("Finish", lambda facts: facts.startup_finished),
    _count("NNames", lambda counts: counts.names),
    Property("NFailedUnits", "u", lambda manager: manager.counts().failed_units, "true"),
    _count("NJobs", lambda counts: counts.jobs),
    _count("NInstalledJobs", lambda counts: counts.installed_jobs),
    _count("NFailedJobs", lambda counts: counts.failed_jobs),
    Property("Progress", "d", lambda _manager: 1.0),
    Property("Environment", "as", lambda manager: list(manager.facts().environment)),
    _fact("UnitPath", "as", lambda facts: list(facts.unit_path)),
    Property("ControlGroup", "s", lambda manager: manager.facts().control_group),
    Property("SystemState", "s", _state),
    Property("DefaultTasksMax", "t", lambda manager: manager.facts().default_tasks_max),
]
"""In the order of introspection."""
