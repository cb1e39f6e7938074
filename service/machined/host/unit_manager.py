"""The service manager as `org.freedesktop.systemd1` shows it: what a host without systemd answers itself.

`Units` is what the machines need of any service manager; this is what clients of the bus need of one that
we stand in for. What it tells is in `unit_status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from machined.host.unit_status import (
    FileChange,
    Job,
    JobType,
    ManagerCounts,
    ManagerFacts,
    UnitProcess,
    UnitStatus,
)
from machined.host.units import Units
from machined.wire import Variant


class ManagerListener(Protocol):
    """Who wants to know what a `UnitListener` is not told. Called within the event loop, never awaited."""

    def on_reloading(self, is_active: bool) -> None:
        """All unit files are read again: it begins, or it has ended."""

    def on_unit_files_changed(self) -> None:
        """Units were enabled, disabled or masked."""

    def on_failed_units_changed(self) -> None:
        """More or fewer units have failed."""


class UnitManager(Units, Protocol):
    """A service manager that we serve ourselves. Who may do what is the caller's matter.

    All raise `Refused` with the names and words of systemd: NoSuchUnit for a unit that is not loaded,
    InvalidArgs for a name that is none.
    """

    def watch(self, listener: ManagerListener) -> None:
        """Tell a listener of everything from now on."""

    def facts(self) -> ManagerFacts:
        """What the manager says of itself."""

    def counts(self) -> ManagerCounts:
        """What the manager counts."""

    def loaded(self) -> list[UnitStatus]:
        """All units that are loaded."""

    def find(self, unit: str) -> UnitStatus | None:
        """A unit that is loaded; `None` for any other."""

    def load(self, unit: str) -> UnitStatus:
        """A unit, loaded or not; one that there is no file of is `not-found`."""

    def unit_of(self, pid: int) -> str:
        """The loaded unit that a process is in.

        Raises:
            Refused: NoUnitForPID.
        """

    def unit_of_invocation(self, invocation: bytes) -> str:
        """The unit of an invocation id; "" for none."""

    def processes(self, unit: str) -> list[UnitProcess]:
        """The processes of a unit, for a slice those of all units in it (GetUnitProcesses)."""

    def jobs(self) -> list[Job]:
        """All jobs."""

    async def enqueue(self, unit: str, type: JobType, mode: str) -> Job:
        """Have a job done.

        Raises:
            Refused: UnitMasked, JobTypeNotApplicable, TransactionIsDestructive, NoIsolation, InvalidArgs.
        """

    async def start_transient(
        self, unit: str, mode: str, properties: Sequence[tuple[str, Variant]], owner: str
    ) -> Job:
        """Make a transient scope and start it; with `AddRef` it is referenced by `owner`.

        Raises:
            Refused: UnitExists, PropertyReadOnly, InvalidArgs, UnixProcessIdUnknown, FileNotFound.
        """

    async def cancel_job(self, job_id: int) -> None:
        """Give up a job; what it began goes on. Refused with NoSuchJob."""

    async def reset_failed(self, unit: str = "") -> None:
        """Forget that a unit has failed; without a name that any has."""

    async def set_properties(
        self, unit: str, is_runtime: bool, properties: Sequence[tuple[str, Variant]]
    ) -> None:
        """Change limits of a unit, loaded or not, until the next boot or for good.

        Raises:
            Refused: What `changed_settings` raises; NoSuchUnit and UnitMasked.
        """

    async def ref_unit(self, unit: str, owner: str) -> None:
        """Keep a unit loaded until `owner` gives up the reference."""

    async def release_unit(self, unit: str, owner: str) -> None:
        """Give up one reference of `owner`. Refused with NotReferenced where it has none."""

    def forget_owner(self, owner: str) -> None:
        """Give up all references of who has left the bus."""

    def file_state(self, unit: str) -> str:
        """`enabled`, `enabled-runtime`, `disabled`, `static`, `masked`, `masked-runtime` or `transient`.

        Raises:
            OSError: ENOENT without a file, EINVAL for what is no name.
        """

    async def enable_files(
        self, units: Sequence[str], is_runtime: bool, forces: bool
    ) -> tuple[bool, list[FileChange]]:
        """Enable units; whether any of them can be, and what was changed.

        Raises:
            Refused: NoSuchUnit, UnitMasked, InvalidArgs.
        """

    async def disable_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Disable units; what was changed."""

    async def mask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it impossible to start units; what was changed."""

    async def unmask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it possible again; what was changed."""

    def unit_files(self) -> list[tuple[str, str]]:
        """The paths of all unit files with their states."""

    async def reload(self) -> None:
        """Read all unit files again."""
