"""Enabling, masking and reading again of unit files (systemctl(1), "Unit File Commands")."""

from __future__ import annotations

from collections.abc import Sequence

from machined.host.simulated.units.views import UnitViews
from machined.host.unit_status import FileChange


class FileCommands(UnitViews):
    """What is done to unit files."""

    async def enable_files(
        self, units: Sequence[str], is_runtime: bool, forces: bool
    ) -> tuple[bool, list[FileChange]]:
        """Enable units. See `UnitManager.enable_files`."""
        has_install, changes = self.files.enable(units, is_runtime)
        return has_install, self._changed_files(changes)

    async def disable_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Disable units; what was changed."""
        return self._changed_files(self.files.disable(units, is_runtime))

    async def mask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it impossible to start units; what was changed."""
        return self._changed_files(self.files.mask(units, is_runtime))

    async def unmask_files(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Make it possible again; what was changed."""
        return self._changed_files(self.files.unmask(units, is_runtime))

    def _changed_files(self, changes: list[FileChange]) -> list[FileChange]:
        if changes:
            for listener in list(self.roster.manager_listeners):
                listener.on_unit_files_changed()
        return changes

    async def reload(self) -> None:
        """Read all unit files again: every unit goes and comes back, as clients see it."""
        for manager_listener in list(self.roster.manager_listeners):
            manager_listener.on_reloading(True)
        for listener in list(self.roster.listeners):
            for name in list(self.roster.units):
                listener.on_unit_removed(name)
            for name in list(self.roster.units):
                listener.on_unit_new(name)
        self._read_files()
        for manager_listener in list(self.roster.manager_listeners):
            manager_listener.on_reloading(False)

    def _read_files(self) -> None:
        """Load what is enabled now, and drop what nobody wants any more."""
        for name in self.files.wanted():
            if name not in self.roster.units:
                self.roster.add(self.factory.make(name))
        for unit in list(self.roster.units.values()):
            self.roster.collect(unit)
