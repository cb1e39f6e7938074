"""Copies between trees, by the rules of machinectl(1) `copy-to` and `copy-from`."""

from __future__ import annotations

import errno

from machined.host.simulated.tree import Node, Tree, fault


def put(copied: Node, target: Tree, path: str, *, replaces: bool) -> None:
    """Put a node and all below it, which nobody else has, at a place.

    Folders that are there are merged into and keep what they are. A file that is in the way stays,
    silently within a folder; where files are to be replaced, the copy takes its place.

    Raises:
        OSError: ENOENT, no folder for it; EEXIST, something is in the way of what is copied itself;
            ENOTDIR or EISDIR, a file and a folder meet that are to replace each other; EADDRNOTAVAIL,
            the place has no name; EROFS, it is read-only.
    """
    check_copy(copied, target, path, replaces=replaces)
    if target.has(path) and copied.is_folder:
        _merge(target.node(path), copied, replaces=replaces)
        return
    parent, name = target.parent(path)
    parent.children[name] = copied


def check_copy(copied: Node, target: Tree, path: str, *, replaces: bool) -> None:
    """See that `put` can be done; it raises the same."""
    parent, name = target.parent(path)
    if not name:
        raise fault(errno.EADDRNOTAVAIL, path)
    if target.is_read_only(path):
        raise fault(errno.EROFS, path)
    there = target.child(parent, name)
    if there is None or (there.is_folder and copied.is_folder):
        return
    if not replaces:
        raise fault(errno.EEXIST, path)
    if there.is_folder or copied.is_folder:
        raise fault(errno.EISDIR if there.is_folder else errno.ENOTDIR, path)


def own(node: Node, uid: int, gid: int) -> None:
    """Give a node and all below it to a user and group."""
    node.uid, node.gid = uid, gid
    for child in node.children.values():
        own(child, uid, gid)


def _merge(there: Node, copied: Node, *, replaces: bool) -> None:
    """Put what is in a folder into one that is there."""
    for name, child in copied.children.items():
        other = there.children.get(name)
        if other is None:
            there.children[name] = child
        elif other.is_folder and child.is_folder:
            _merge(other, child, replaces=replaces)
        elif replaces and not other.is_folder and not child.is_folder:
            there.children[name] = child
