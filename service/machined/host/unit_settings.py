"""What may be set of a unit while it runs (systemd.resource-control(5), SetUnitProperties)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from machined.contract import BUS, ErrorName
from machined.host.errors import Refused
from machined.wire import Variant

UNLIMITED = 2**64 - 1
"""What stands for "no limit" and "not set" (UINT64_MAX)."""
MAX_WEIGHT = 10_000


class Settings(NamedTuple):
    """Limits of a unit's control group; `UNLIMITED` where there is none."""

    memory_min: int = 0
    """Bytes."""
    memory_low: int = 0
    """Bytes."""
    memory_high: int = UNLIMITED
    """Bytes."""
    memory_max: int = UNLIMITED
    """Bytes."""
    memory_swap_max: int = UNLIMITED
    """Bytes."""
    tasks_max: int = UNLIMITED
    cpu_quota_per_second: int = UNLIMITED
    """Microseconds of CPU time in each second."""
    cpu_weight: int = UNLIMITED
    """1 to 10000, 0 for idle."""
    io_weight: int = UNLIMITED
    """1 to 10000."""
    is_cpu_counted: bool = True
    is_memory_counted: bool = True
    are_tasks_counted: bool = True
    is_io_counted: bool = False


class Setting(NamedTuple):
    """A property that may be set."""

    field: str
    """Its attribute of `Settings`."""
    signature: str
    lowest: int = 0
    highest: int = UNLIMITED


SETTINGS = {
    "MemoryMin": Setting("memory_min", "t"),
    "MemoryLow": Setting("memory_low", "t"),
    "MemoryHigh": Setting("memory_high", "t", 1),
    "MemoryMax": Setting("memory_max", "t", 1),
    "MemorySwapMax": Setting("memory_swap_max", "t"),
    "TasksMax": Setting("tasks_max", "t", 1),
    "CPUQuotaPerSecUSec": Setting("cpu_quota_per_second", "t", 1),
    "CPUWeight": Setting("cpu_weight", "t", 0, MAX_WEIGHT),
    "IOWeight": Setting("io_weight", "t", 1, MAX_WEIGHT),
    "CPUAccounting": Setting("is_cpu_counted", "b"),
    "MemoryAccounting": Setting("is_memory_counted", "b"),
    "TasksAccounting": Setting("are_tasks_counted", "b"),
    "IOAccounting": Setting("is_io_counted", "b"),
}
"""By the names they have on the bus."""


def changed_settings(settings: Settings, properties: Iterable[tuple[str, Variant]]) -> Settings:
    """The settings after a change; all of it is in order, or none is made.

    Args:
        settings: Those before.
        properties: What is to be changed, by its name on the bus.

    Raises:
        Refused: PropertyReadOnly for a name not in `SETTINGS`, `System.Error.ENXIO` for another type,
            InvalidArgs for a value out of range.
    """
    values: dict[str, Any] = {}
    for name, value in properties:
        setting = SETTINGS.get(name)
        if setting is None:
            raise read_only(name)
        require_signature(value, setting.signature)
        if not setting.lowest <= value.value <= setting.highest and value.value != UNLIMITED:
            sentence = f"Value specified in {name} is out of range"
            if name == "CPUQuotaPerSecUSec":
                sentence = f"{name}= value out of range"
            raise Refused(ErrorName.INVALID_ARGS, sentence)
        values[setting.field] = value.value
    return settings._replace(**values)


def require_signature(value: Variant, signature: str) -> None:
    """Return if a value is of the type that its property has.

    Raises:
        Refused: `System.Error.ENXIO`, which is what systemd says of it.
    """
    if value.signature != signature:
        raise Refused("System.Error.ENXIO", "Failed to set unit properties: Unexpected message contents")


def read_only(name: str) -> Refused:
    """The answer to who sets a property that there is not, or that cannot be set."""
    return Refused(f"{BUS}.Error.PropertyReadOnly", f"Cannot set property {name}, or unknown property.")
