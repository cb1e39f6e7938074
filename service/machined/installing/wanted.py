"""What is to be where, once the service is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from machined.contract import MACHINE1
from machined.installing.contents import Contents
from machined.installing.errors import Declined
from machined.installing.manifest import Manifest
from machined.installing.tree import Tree

UNIT = "systemd-machined.service"
"""The unit's name, systemd-machined's own: everything that refers to it means ours from then on."""
SOCKET = "systemd-machined.socket"
"""What starts systemd-machined for varlink from systemd 258 on; our service takes no sockets from it."""
ALIAS = f"dbus-{MACHINE1}.service"
"""The name by which the message bus starts the unit."""

UNIT_FOLDER = "/etc/systemd/system"
"""Where an administrator's units are; they go before those of packages (systemd.unit(5))."""
PACKAGED_UNIT_FOLDERS = (
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
MASK = "/dev/null"
"""Where the link of a masked unit leads (systemctl(1), `mask`)."""

BUS_POLICY = f"/etc/dbus-1/system.d/{MACHINE1}.conf"
"""Read behind the packages' policies, and so the last word (dbus-daemon(1))."""
ACTIVATION = f"/usr/local/share/dbus-1/system-services/{MACHINE1}.service"
_ACTIONS = "/usr/share/polkit-1/actions"
"""The one folder that every polkit reads; /etc/polkit-1/actions came with version 124."""
ACTIONS = f"{_ACTIONS}/{MACHINE1}.policy"
ACTIONS_BESIDE = f"{_ACTIONS}/io.machinedeck.machine1.policy"
"""Where the actions go if systemd's package has its own: a package's file is never replaced."""


def assets_folder() -> Path:
    """The folder of the files to install: in an installed package, else in the checkout."""
    here = Path(__file__)
    installed = here.parents[1] / "assets"
    return installed if installed.is_dir() else here.parents[3] / "assets"


def asset(name: str) -> bytes:
    """One of the files to install."""
    return (assets_folder() / name).read_bytes()


def wanted_files(tree: Tree, manifest: Manifest, python: str) -> dict[str, Contents]:
    """What is to be where in `tree`.

    Args:
        tree: Where it is to be.
        manifest: What of it is there already.
        python: The interpreter that is to run the service, an absolute path.

    Raises:
        Declined: No unit can name the interpreter.
    """
    files = {
        f"{UNIT_FOLDER}/{UNIT}": Contents(unit_text(python)),
        f"{UNIT_FOLDER}/{ALIAS}": Contents(link=UNIT),
        BUS_POLICY: Contents(asset(f"{MACHINE1}.conf")),
        ACTIVATION: Contents(asset(f"{MACHINE1}.service")),
        _actions_path(tree, manifest): Contents(asset(f"{MACHINE1}.policy")),
    }
    if find_unit(tree, SOCKET, manifest) is not None:
        files[f"{UNIT_FOLDER}/{SOCKET}"] = Contents(link=MASK)
    return files


def unit_text(python: str) -> bytes:
    """The unit, for an interpreter. Raises Declined if no unit can name it."""
    return asset(UNIT).replace(b"@PYTHON@", quoted(python).encode())


def quoted(path: str) -> str:
    """A path as the first word of ExecStart= (systemd.service(5), "Command Lines"; systemd.syntax(7)).

    Raises:
        Declined: It has characters in it that no unit can hold.
    """
    if not path.startswith("/") or not path.isprintable() or set(path) & set("\"'\\"):
        raise Declined(
            f"{path!r} cannot be named in a unit: install machinedeck in a folder with a plainer name"
        )
    escaped = path.replace("%", "%%")
    return escaped if re.fullmatch(r"[-\w/.+@%]+", path, re.ASCII) else f'"{escaped}"'


def find_unit(tree: Tree, unit: str, manifest: Manifest) -> str | None:
    """The path of a unit file called `unit` that is none of ours, masked or not; None if there is none."""
    return next((path for path, is_mask in _unit_files(tree, unit, manifest) if not is_mask), None)


def is_loadable(tree: Tree, unit: str, manifest: Manifest) -> bool:
    """Whether systemd finds a `unit` to load where nothing of what `manifest` lists is there."""
    return not next(_unit_files(tree, unit, manifest), ("", True))[1]


def _unit_files(tree: Tree, unit: str, manifest: Manifest) -> Iterator[tuple[str, bool]]:
    """The files called `unit`, the one that counts first, each with whether it masks the unit."""
    for folder in (UNIT_FOLDER, *PACKAGED_UNIT_FOLDERS):
        path = f"{folder}/{unit}"
        found = tree.read(path)
        entry = manifest.entries.get(path)
        if entry is not None and entry.is_ours(found):
            found = entry.before
        if found is not None:
            yield path, found.link == MASK or (found.link is None and not found.data)


def _actions_path(tree: Tree, manifest: Manifest) -> str:
    found = tree.read(ACTIONS)
    entry = manifest.entries.get(ACTIONS)
    return ACTIONS if found is None or (entry and entry.is_ours(found)) else ACTIONS_BESIDE
