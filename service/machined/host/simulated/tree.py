"""Files that exist only in memory: the roots of simulated machines and images, and of the host itself."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MAX_LINKS = 40
"""Symbolic links in one path, at most (path_resolution(7))."""

Content = bytes | Callable[[], bytes]
"""What a file holds, or what tells it when the file is read, as in proc(5)."""


@dataclass(slots=True, eq=False)
class Node:
    """A file, folder or symbolic link. `mode` holds the kind too, as in stat(2)."""

    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    """Seconds since the epoch."""
    content: Content = b""
    target: str = ""
    children: dict[str, Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it holds other nodes."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)

    def read(self) -> bytes:
        """What a file holds now."""
        return self.content() if callable(self.content) else self.content

    def copy(self) -> Node:
        """A copy of this node and all below it."""
        below = {name: child.copy() for name, child in self.children.items()}
        return Node(self.mode, self.uid, self.gid, self.mtime, self.content, self.target, below)

    def size(self) -> int:
        """Bytes in this node and all below it."""
        own = len(self.target) if self.is_link else 0 if self.is_folder else len(self.read())
        return own + sum(child.size() for child in self.children.values())


def folder(mode: int = 0o755) -> Node:
    """An empty folder."""
    return Node(stat.S_IFDIR | mode)


def file(content: Content, mode: int = 0o644) -> Node:
    """A file."""
    return Node(stat.S_IFREG | mode, content=content)


def link(target: str) -> Node:
    """A symbolic link."""
    return Node(stat.S_IFLNK | 0o777, target=target)


def fault(number: int, path: str) -> OSError:
    """The error a system call gives for `path`."""
    return OSError(number, os.strerror(number), path)


class Tree:
    """A root folder and what is in it. Paths are absolute; links and `..` never lead out of it.

    All methods raise `OSError` with the errno that the system call of that purpose gives.
    """

    def __init__(self, root: Node | None = None) -> None:
        self.root = root or folder()

    def node(self, path: str, *, follows: bool = True) -> Node:
        """The node at `path`; a link in last place is followed unless told otherwise."""
        return self._walk(path, follows)[-1][1]

    def steps(self, path: str, *, follows: bool = True) -> list[Node]:
        """The nodes on the way to `path`, from the root to the node itself, links resolved."""
        return [node for _, node in self._walk(path, follows)]

    def real_path(self, path: str) -> str:
        """Where `path` leads, without links and dots; it must exist (realpath(3))."""
        return "/" + "/".join(name for name, _ in self._walk(path, follows=True)[1:])

    def has(self, path: str) -> bool:
        """Whether there is something at `path`."""
        try:
            self.node(path)
        except OSError:
            return False
        return True

    def read(self, path: str) -> bytes:
        """The content of a file."""
        node = self.node(path)
        if node.is_folder:
            raise fault(errno.EISDIR, path)
        return node.read()

    def listing(self, path: str) -> dict[str, Node]:
        """The nodes in a folder by name, sorted."""
        node = self.node(path)
        if not node.is_folder:
            raise fault(errno.ENOTDIR, path)
        return dict(sorted(node.children.items()))

    def write(self, path: str, content: Content, *, mtime: int = 0, appends: bool = False) -> Node:
        """Write a file, made where it is missing."""
        try:
            node = self.node(path)
        except FileNotFoundError:
            node = self.add(path, file(b""))
        if node.is_folder:
            raise fault(errno.EISDIR, path)
        if appends and isinstance(content, bytes):
            content = node.read() + content
        node.content = content
        node.mtime = mtime
        return node

    def add(self, path: str, node: Node) -> Node:
        """Put a node at a place that is free."""
        parent, name = self.parent(path)
        if not name or name in parent.children:
            raise fault(errno.EEXIST, path)
        parent.children[name] = node
        return node

    def is_read_only(self, path: str) -> bool:
        """Whether what is at `path`, or would be, lies where nothing can be changed."""
        return False

    def make_folders(self, path: str) -> Node:
        """Make a folder and those above it, as far as they are missing (mkdir -p)."""
        at = ""
        for name in [part for part in path.split("/") if part]:
            at += f"/{name}"
            if not self.has(at):
                self.add(at, folder())
        node = self.node(at or "/")
        if not node.is_folder:
            raise fault(errno.ENOTDIR, path)
        return node

    def remove(self, path: str) -> None:
        """Take away a node and all below it."""
        parent, name = self.parent(path)
        if not name:
            raise fault(errno.EBUSY, path)
        if name not in parent.children:
            raise fault(errno.ENOENT, path)
        del parent.children[name]

    def parent(self, path: str) -> tuple[Node, str]:
        """The folder that holds, or would hold, `path`, and the name in it ("" for the root)."""
        head, _, name = path.rstrip("/").rpartition("/")
        node = self.node(head or "/")
        if not node.is_folder:
            raise fault(errno.ENOTDIR, path)
        return node, name

    def walk(self, path: str = "/") -> Iterator[tuple[str, Node]]:
        """All below `path` with their paths, folders before what they hold."""
        for name, node in self.listing(path).items():
            at = f"{path.rstrip('/')}/{name}"
            yield at, node
            if node.is_folder:
                yield from self.walk(at)

    def child(self, parent: Node, name: str) -> Node | None:
        """What a folder holds under a name; where something is mounted on it, that."""
        return parent.children.get(name)

    def _walk(self, path: str, follows: bool) -> list[tuple[str, Node]]:
        """The nodes from the root to `path`, each with its name."""
        chain = [("", self.root)]
        parts = [part for part in path.split("/") if part][::-1]
        links = 0
        while parts:
            part = parts.pop()
            here = chain[-1][1]
            if not here.is_folder:
                raise fault(errno.ENOTDIR, path)
            if part in {".", ".."}:
                if part == ".." and len(chain) > 1:
                    chain.pop()
                continue
            if (node := self.child(here, part)) is None:
                raise fault(errno.ENOENT, path)
            if not node.is_link or (not parts and not follows):
                chain.append((part, node))
                continue
            links += 1
            if links > MAX_LINKS:
                raise fault(errno.ELOOP, path)
            if node.target.startswith("/"):
                del chain[1:]
            parts += [step for step in node.target.split("/") if step][::-1]
        return chain
