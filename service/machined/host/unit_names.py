"""Names of units and modes of jobs, and what is wrong with those that are none (systemd.unit(5))."""

from __future__ import annotations

import re

from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused

ROOT_SLICE = "-.slice"

JOB_MODES = (
    "fail",
    "replace",
    "replace-irreversibly",
    "isolate",
    "flush",
    "ignore-dependencies",
    "ignore-requirements",
    "triggering",
    "restart-dependencies",
)
"""What becomes of jobs in the way of a new one (systemctl(1), `--job-mode=`; StartUnit in
org.freedesktop.systemd1(5))."""

MAX_SIGNAL = 64
_WHOM = ("main", "control", "all")
_MAX_LENGTH = 255
_TYPES = (
    "service",
    "socket",
    "target",
    "device",
    "mount",
    "automount",
    "swap",
    "timer",
    "path",
    "slice",
    "scope",
)
_NAME = re.compile(rf"(?!@)[A-Za-z0-9:_.\\@-]+\.(?:{'|'.join(_TYPES)})")


def is_unit_name(name: str) -> bool:
    """Whether a unit may be named so; a template, which lacks the name of an instance, counts as well."""
    return len(name) <= _MAX_LENGTH and _NAME.fullmatch(name) is not None


def unit_type(name: str) -> str:
    """The type of a unit: the suffix of its name."""
    return name.rpartition(".")[2]


def is_template(name: str) -> bool:
    """Whether this is the name of a template, `foo@.service`."""
    return name.partition("@")[2] == f".{unit_type(name)}"


def template_of(name: str) -> str:
    """The template of an instance: `foo@.service` for `foo@bar.service`; "" for what is no instance."""
    prefix, at, _ = name.partition("@")
    return f"{prefix}@.{unit_type(name)}" if at else ""


def instance_of(name: str) -> str:
    """What stands between `@` and the suffix; "" where there is nothing."""
    return name.partition("@")[2].removesuffix(f".{unit_type(name)}")


def require_unit_name(name: str) -> None:
    """Return if a unit, not a template, may be named so.

    Raises:
        Refused: InvalidArgs.
    """
    if not is_unit_name(name):
        raise Refused(ErrorName.INVALID_ARGS, f"Unit name {name} is not valid.")
    if is_template(name):
        raise Refused(ErrorName.INVALID_ARGS, f"Unit name {name} is missing the instance name.")


def require_mode(mode: str) -> None:
    """Return if this is a mode of jobs.

    Raises:
        Refused: InvalidArgs.
    """
    if mode not in JOB_MODES:
        raise Refused(ErrorName.INVALID_ARGS, f"Job mode {mode} invalid")


def require_target(whom: str, signal: int) -> None:
    """Return if this says which processes, and is a signal.

    Raises:
        Refused: InvalidArgs.
    """
    if whom.removesuffix("-fail") not in _WHOM:
        raise Refused(ErrorName.INVALID_ARGS, f"Invalid whom argument: {whom}")
    if not 1 <= signal <= MAX_SIGNAL:
        raise Refused(ErrorName.INVALID_ARGS, "Signal number out of range.")


def slice_group(slice_name: str) -> str:
    """The control group of a slice: `/a.slice/a-b.slice` for `a-b.slice` (systemd.slice(5))."""
    if slice_name == ROOT_SLICE:
        return ""
    parts = slice_name.removesuffix(".slice").split("-")
    steps = ("-".join(parts[: count + 1]) for count in range(len(parts)))
    return "".join(f"/{step}.slice" for step in steps)


def parent_slice(slice_name: str) -> str:
    """The slice that a slice is in: `a.slice` for `a-b.slice`; "" for the root."""
    if slice_name == ROOT_SLICE:
        return ""
    head, dash, _ = slice_name.removesuffix(".slice").rpartition("-")
    return f"{head}.slice" if dash else ROOT_SLICE


def not_loaded(name: str) -> Refused:
    """The answer to who asks for a unit that is not loaded."""
    return Refused(ErrorName.NO_SUCH_UNIT, f"Unit {name} not loaded.")


def not_found(name: str) -> Refused:
    """The answer to who wants to change a unit that there is no file of."""
    return Refused(ErrorName.NO_SUCH_UNIT, f"Unit {name} not found.")


def masked(name: str) -> Refused:
    """The answer to who wants to change a unit that is masked."""
    return Refused(ErrorName.UNIT_MASKED, f"Unit {name} is masked.")


def no_such_process(sentence: str) -> Refused:
    """The answer to who sends a signal to nobody."""
    return Refused(f"{SYSTEMD1}.NoSuchProcess", sentence)


def no_such_job(job_id: int) -> Refused:
    """The answer to who asks for a job that is not there."""
    return Refused(f"{SYSTEMD1}.NoSuchJob", f"Job {job_id} does not exist.")
