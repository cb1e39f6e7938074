"""Unit files of the simulated host: which there are, and which are enabled or masked.

What is enabled and masked are links among the host's files, as on a real host (systemctl(1), "Unit File
Commands"): its shell shows them, and may change them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

from machined.contract import SYSTEMD1, ErrorName
from machined.host.errors import Refused
from machined.host.simulated.tree import Tree, link
from machined.host.simulated.units.vendor import FOLDER, VENDOR_UNITS, VendorUnit
from machined.host.unit_names import is_template, is_unit_name, template_of
from machined.host.unit_status import FileChange

PERSISTENT, RUNTIME = "/etc/systemd/system", "/run/systemd/system"
"""Where links are for good, and until the next boot."""
NOWHERE = "/dev/null"
"""Where the link of a masked unit leads."""


class UnitFiles:
    """The unit files.

    Args:
        tree: The files of the host.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.vendor: dict[str, VendorUnit] = dict(VENDOR_UNITS)

    def find(self, unit: str) -> VendorUnit | None:
        """What the file of a unit or of its template says; `None` without one."""
        return self.vendor.get(unit) or self.vendor.get(template_of(unit))

    def path(self, unit: str) -> str:
        """Where the file of a unit is; "" for one that has none."""
        found = self.find(unit)
        name = unit if unit in self.vendor else template_of(unit)
        return f"{FOLDER}/{name}" if found and found.has_file else ""

    def is_masked(self, unit: str) -> bool:
        """Whether it can be started by nobody."""
        return any(self._target(f"{folder}/{unit}") == NOWHERE for folder in (PERSISTENT, RUNTIME))

    def is_wanted(self, unit: str) -> bool:
        """Whether a target that is up wants it, so that it stays loaded."""
        return any(self._target(path) is not None for path in self._wants(unit))

    def wanted(self) -> list[str]:
        """All units that targets want."""
        folders = [
            f"{root}/{unit.installs_into}.wants"
            for root in (PERSISTENT, RUNTIME)
            for unit in self.vendor.values()
            if unit.installs_into
        ]
        found = [
            name
            for path in dict.fromkeys(folders)
            if self._tree.has(path)
            for name in self._tree.listing(path)
        ]
        return [name for name in dict.fromkeys(found) if self.find(name)]

    def state(self, unit: str) -> str:
        """What `UnitManager.file_state` tells. OSError EINVAL for no name, ENOENT without a file."""
        if not is_unit_name(unit):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        for folder, state in ((PERSISTENT, "masked"), (RUNTIME, "masked-runtime")):
            if self._target(f"{folder}/{unit}") == NOWHERE:
                return state
        found = self.find(unit)
        if found is None or not found.has_file:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not found.installs_into:
            return "static"
        for path, state in zip(self._wants(unit), ("enabled", "enabled-runtime"), strict=True):
            if self._target(path) is not None:
                return state
        return "disabled"

    def all(self) -> list[tuple[str, str]]:
        """The paths of all files with their states."""
        names = [name for name, unit in self.vendor.items() if unit.has_file]
        return [(self.path(name), self.state(name)) for name in sorted(names)]

    def enable(self, units: Sequence[str], is_runtime: bool) -> tuple[bool, list[FileChange]]:
        """Have targets want units. See `UnitManager.enable_files`."""
        names = [unit.rpartition("/")[2] for unit in units]
        found = [(name, self._required(name)) for name in names]
        changes = []
        for name, unit in found:
            path = self._wants(name)[is_runtime] if unit.installs_into else ""
            if path and self._target(path) is None:
                changes.append(self._add(path, self.path(name)))
        return any(unit.installs_into for _, unit in found), changes

    def disable(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Have no target want units. See `UnitManager.disable_files`."""
        for name in units:
            if not is_unit_name(name):
                raise Refused(f"{SYSTEMD1}.BadUnitSetting", f"Invalid unit name {name}")
            if self.find(name) is None and not self.is_masked(name):
                raise Refused(ErrorName.NO_SUCH_UNIT, f"Unit {name} does not exist")
        paths = [self._wants(name)[is_runtime] for name in units if self.find(name)]
        return [self._remove(path) for path in paths if self._target(path) is not None]

    def mask(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Put links to nowhere in the place of unit files."""
        paths = self._own_paths(units, is_runtime)
        return [self._add(path, NOWHERE) for path in paths if self._target(path) != NOWHERE]

    def unmask(self, units: Sequence[str], is_runtime: bool) -> list[FileChange]:
        """Take these links away."""
        paths = self._own_paths(units, is_runtime)
        return [self._remove(path) for path in paths if self._target(path) == NOWHERE]

    def _own_paths(self, units: Sequence[str], is_runtime: bool) -> list[str]:
        for name in units:
            if not is_unit_name(name):
                raise Refused(ErrorName.INVALID_ARGS, f"Invalid unit name {name}")
        return [f"{RUNTIME if is_runtime else PERSISTENT}/{name}" for name in units]

    def _required(self, name: str) -> VendorUnit:
        """What the file of a unit says that is to be enabled."""
        if not is_unit_name(name):
            raise Refused(ErrorName.INVALID_ARGS, f"File {name}: {os.strerror(errno.EINVAL)}")
        for folder in (PERSISTENT, RUNTIME):
            if self._target(f"{folder}/{name}") == NOWHERE:
                raise Refused(ErrorName.UNIT_MASKED, f"Unit {folder}/{name} is masked")
        found = self.find(name)
        if found is None or not found.has_file:
            raise Refused(ErrorName.NO_SUCH_UNIT, f"Unit {name} does not exist")
        if is_template(name):
            raise Refused(
                f"{SYSTEMD1}.BadUnitSetting",
                f"Refusing to operate on template unit {name} when destination unit "
                f"{found.installs_into} is a non-template unit",
            )
        return found

    def _wants(self, unit: str) -> tuple[str, str]:
        found = self.find(unit)
        target = found.installs_into if found else ""
        return f"{PERSISTENT}/{target}.wants/{unit}", f"{RUNTIME}/{target}.wants/{unit}"

    def _target(self, path: str) -> str | None:
        """Where the link at `path` leads; `None` where there is none."""
        try:
            node = self._tree.node(path, follows=False)
        except OSError:
            return None
        return node.target if node.is_link else None

    def _add(self, path: str, target: str) -> FileChange:
        self._tree.make_folders(path.rpartition("/")[0])
        self._tree.add(path, link(target))
        return FileChange("symlink", path, target)

    def _remove(self, path: str) -> FileChange:
        self._tree.remove(path)
        return FileChange("unlink", path, "")
