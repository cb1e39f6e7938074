"""Copies of images, and the small files that go with an image."""

from __future__ import annotations

import errno

from machined.host.simulated.entries import ImageEntry
from machined.host.simulated.estate import Estate
from machined.host.simulated.images import Extent, SimulatedImage
from machined.host.simulated.tree import Node, Tree, fault
from machined.host.storage import Image, ImageType

POOL = "/var/lib/machines"

SETTINGS_FOLDERS = ("/etc/systemd/nspawn", "/run/systemd/nspawn")
"""Where `NAME.nspawn` may be besides next to the image (systemd.nspawn(5))."""

BESIDE = (".nspawn", ".roothash")
"""Suffixes of files next to an image that belong to it."""

NEVER_COPIED = ("/dev", "/proc", "/var/lib/machines")
"""What a copy of the host's root leaves out: it stays on one file system."""


def clone_of(estate: Estate, source: SimulatedImage, new_name: str, is_read_only: bool) -> SimulatedImage:
    """A copy of an image, not stored yet.

    Raises:
        OSError: EOPNOTSUPP, it is a block device.
    """
    if source.type is ImageType.BLOCK:
        raise fault(errno.EOPNOTSUPP, source.path)
    is_raw = source.type is ImageType.RAW
    now = estate.clock.realtime()
    path = f"{POOL}/{new_name}{'.raw' if is_raw else ''}"
    kind = ImageType.RAW if is_raw else ImageType.SUBVOLUME
    entry = source.entry
    if source.path == "/":
        entry = ImageEntry(new_name, path, kind, estate.scenario.host.system, hostname=new_name)
    elif entry is not None:
        entry = entry._replace(name=new_name, path=path, type=kind, addresses=(), user_shift=0, fails="")
    return SimulatedImage(
        name=new_name,
        path=path,
        type=kind,
        tree=Tree(_copied_root(source)),
        entry=entry,
        is_read_only=is_read_only,
        created=source.created if is_raw else now,
        modified=now,
        extents=source.share() if source.type is ImageType.SUBVOLUME else [Extent(source.size)],
        limit=source.limit,
        limit_exclusive=source.limit_exclusive,
    )


def side_files(image: Image | SimulatedImage) -> dict[str, str]:
    """The paths of the files that go with an image if they are there, by their suffix and folder."""
    where = image.path.rpartition("/")[0]
    found = {f"{folder}/{image.name}.nspawn": folder for folder in SETTINGS_FOLDERS}
    return found | {f"{where}/{image.name}{suffix}": where for suffix in BESIDE}


def remove_side_files(tree: Tree, image: SimulatedImage) -> None:
    """Remove the files that go with an image."""
    for path in side_files(image):
        if tree.has(path):
            tree.remove(path)


def move_side_files(tree: Tree, image: SimulatedImage, new_name: str) -> None:
    """Rename the files that go with an image; what stands in the way stays, and they do too."""
    for path, where in side_files(image).items():
        target = f"{where}/{new_name}.{path.rpartition('.')[2]}"
        if tree.has(path) and not tree.has(target):
            node = tree.node(path, follows=False)
            tree.remove(path)
            tree.add(target, node)


def copy_side_files(tree: Tree, image: Image, new_name: str) -> None:
    """Copy the files that go with an image; what is there already stays."""
    beside = image.path.rpartition("/")[0]
    for path, where in side_files(image).items():
        target = f"{POOL if where == beside else where}/{new_name}.{path.rpartition('.')[2]}"
        if tree.has(path) and not tree.has(target):
            node = tree.node(path).copy()
            node.mode = (node.mode & ~0o7777) | 0o664
            tree.add(target, node)


def _copied_root(source: SimulatedImage) -> Node:
    return _copied_without(source.tree.root, "") if source.path == "/" else source.tree.root.copy()


def _copied_without(node: Node, path: str) -> Node:
    """A copy of a node and all below it but for `NEVER_COPIED`."""
    if not any(left.startswith(f"{path}/") for left in NEVER_COPIED):
        return node.copy()
    children = {name: f"{path}/{name}" for name in node.children}
    copied = Node(node.mode, node.uid, node.gid, node.mtime)
    copied.children = {
        name: _copied_without(node.children[name], at)
        for name, at in children.items()
        if at not in NEVER_COPIED
    }
    return copied
