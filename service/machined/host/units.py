"""Units as the machines need them: scopes that are made, units that are stopped, signalled and watched."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from machined.wire import Variant


class ScopeRequest(NamedTuple):
    """A scope to be made for a machine (systemd.scope(5))."""

    unit: str
    """Its name, with the suffix."""
    description: str
    leader: int
    """The process that is moved into it."""
    properties: list[tuple[str, Variant]]
    """What the caller of CreateMachine asked for besides; later ones override what comes before."""
    pidfd: int = -1
    """A descriptor of the leader (pidfd_open(2)), which stays the caller's; -1 where there is none."""


class UnitListener(Protocol):
    """Who wants to know what becomes of units. Called within the event loop, never awaited."""

    def on_job_new(self, job_id: int, job: str, unit: str) -> None:
        """A job was queued; `job` is its object path."""

    def on_job_removed(self, job_id: int, job: str, unit: str, result: str) -> None:
        """A job ended: `done`, `canceled`, `timeout`, `failed`, `dependency` or `skipped`."""

    def on_unit_new(self, unit: str) -> None:
        """A unit was loaded."""

    def on_unit_removed(self, unit: str) -> None:
        """A unit was unloaded."""

    def on_unit_changed(self, unit: str, interface: str, changed: dict[str, Any]) -> None:
        """Properties of a unit changed; values are `Variant`s by name."""

    def on_reloading(self, is_active: bool) -> None:
        """The service manager reads its units anew; once it has, what was told of before may be otherwise."""


class Units(Protocol):
    """The service manager, as far as machines need it.

    Errors of the manager come as `Refused` with the name it gave them, for example
    `org.freedesktop.systemd1.NoSuchUnit`.
    """

    def listen(self, listener: UnitListener) -> None:
        """Tell a listener of everything from now on."""

    async def start_scope(self, request: ScopeRequest) -> str:
        """Make a transient scope; the object path of its start job (StartTransientUnit)."""

    async def start_unit(self, unit: str, mode: str) -> str:
        """Start a unit; the object path of the job."""

    async def stop_unit(self, unit: str, mode: str) -> str:
        """Stop a unit; the object path of the job."""

    async def kill_unit(self, unit: str, whom: str, signal: int) -> None:
        """Send a signal to processes of a unit: `all`, `main`, `control` (KillUnit)."""

    async def is_active(self, unit: str) -> bool:
        """Whether a unit is neither inactive nor failed; one that is not loaded is not active."""

    async def is_job_pending(self, job: str) -> bool:
        """Whether a job is still there."""

    async def job_of(self, unit: str) -> str:
        """The object path of the job that a unit has; "" where it has none, or is not loaded."""

    async def unref_unit(self, unit: str) -> None:
        """Give up the reference that `start_scope` took (UnrefUnit)."""
