"""Fixtures: an empty tree, one of a host with systemd-machined, and the installer for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from machined.installing.installation import Installation, Task
from machined.installing.wanted import SOCKET, UNIT

PYTHON = "/opt/machinedeck/bin/python"
PACKAGED = f"usr/lib/systemd/system/{UNIT}"

Snapshot = dict[str, tuple[str, int, int]]


def snapshot(root: Path) -> Snapshot:
    """All that is in a tree: kind and contents, permissions, and when files were changed."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            found[str(path.relative_to(root))] = (f"-> {path.readlink()}", 0, 0)
        elif path.is_dir():
            found[str(path.relative_to(root))] = ("folder", status.st_mode, 0)
        else:
            found[str(path.relative_to(root))] = (path.read_text(), status.st_mode, status.st_mtime_ns)
    return found


class Installer:
    """Installs into a tree, with an interpreter that is beyond doubt, and keeps what was printed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []

    def run(self, word: str, **options: bool) -> list[str]:
        """Install or uninstall; the lines of this run."""
        self.lines = []
        task = Task(self.root, PYTHON, **options)
        getattr(Installation(task, self.lines.append, lambda _python: []), word)()
        return self.lines


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    root = tmp_path / "tree"
    root.mkdir()
    return Installer(root)


@pytest.fixture
def host(installer: Installer) -> Installer:
    """A tree with the unit, policy and activation of systemd-machined in it."""
    files = {
        PACKAGED: "[Service]\nExecStart=/usr/lib/systemd/systemd-machined\n",
        "usr/share/dbus-1/system.d/org.freedesktop.machine1.conf": "<busconfig/>\n",
        "usr/share/polkit-1/actions/org.freedesktop.machine1.policy": "<policyconfig/>\n",
        f"etc/systemd/system/{UNIT}.d/mine.conf": "[Service]\nNice=5\n",
    }
    for name, text in files.items():
        path = installer.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return installer


@pytest.fixture
def add_socket(host: Installer) -> Callable[[], None]:
    """Have the unit in it by which newer versions of systemd start systemd-machined."""

    def add() -> None:
        (host.root / PACKAGED).with_name(SOCKET).write_text("[Socket]\n")

    return add
