"""What is looked at before a job is queued; errors in the words of systemd."""

from __future__ import annotations

from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused
from machined.host.simulated.units.unit import SimulatedUnit
from machined.host.unit_names import (
    JOB_MODES,
    is_template,
    is_unit_name,
    masked,
    not_found,
    not_loaded,
    unit_type,
)
from machined.host.unit_status import JobType


def check_mode(type: JobType, mode: str) -> None:
    """Return if a job of this type may be queued so.

    Raises:
        Refused: InvalidArgs, or NoIsolation: no unit here may be isolated.
    """
    if mode == "triggering" and type is not JobType.STOP:
        raise Refused(ErrorName.INVALID_ARGS, "--job-mode=triggering is only valid for stop.")
    if mode == "isolate" and type is not JobType.START:
        raise Refused(ErrorName.INVALID_ARGS, "Isolate is only valid for start.")
    if mode == "isolate":
        raise Refused(f"{SYSTEMD1}.NoIsolation", "Operation refused, unit may not be isolated.")


def check_loadable(unit: SimulatedUnit) -> None:
    """Return if there is a file to load a unit from.

    Raises:
        Refused: NoSuchUnit, UnitMasked.
    """
    if unit.load_state == "not-found":
        raise not_found(unit.name)
    if unit.load_state == "masked":
        raise masked(unit.name)


def check_job(unit: SimulatedUnit, type: JobType) -> None:
    """Return if a job of this type can be done to a unit.

    Raises:
        Refused: NoSuchUnit, UnitMasked, JobTypeNotApplicable.
    """
    if type is not JobType.STOP:
        check_loadable(unit)
    elif unit.load_state == "not-found" and unit.is_at_rest:
        raise not_loaded(unit.name)
    if not _is_applicable(unit, type):
        raise Refused(
            f"{SYSTEMD1}.JobTypeNotApplicable", f"Job type {type} is not applicable for unit {unit.name}."
        )


def _is_applicable(unit: SimulatedUnit, type: JobType) -> bool:
    match type:
        case JobType.START:
            return True
        case JobType.STOP:
            return not unit.is_perpetual
        case JobType.RELOAD:
            return False  # none of the units here can read its settings again
        case _:
            return not unit.is_perpetual and unit.type != "scope"


def check_transient(name: str, mode: str) -> None:
    """Return if a transient unit may be named so.

    Raises:
        Refused: InvalidArgs, or NotSupported for what is no scope.
    """
    if not is_unit_name(name):
        raise Refused(ErrorName.INVALID_ARGS, "Invalid unit name or type.")
    if is_template(name):
        raise Refused(ErrorName.INVALID_ARGS, f"Unit name {name} is missing the instance name.")
    type = unit_type(name)
    if type not in {"service", "scope", "slice", "mount", "automount", "timer", "socket", "path"}:
        raise Refused(ErrorName.INVALID_ARGS, f"Unit type {type} does not support transient units.")
    if mode not in JOB_MODES:
        raise Refused(ErrorName.INVALID_ARGS, f"Job mode {mode} is invalid.")
    if type != "scope":
        raise Refused(ErrorName.NOT_SUPPORTED, "The simulated host makes transient scopes only.")
