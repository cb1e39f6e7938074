"""Nodes of a tree that cost nothing until they are looked at, and files that are larger than they are."""

from __future__ import annotations

import stat
from collections.abc import Callable

from machined.host.simulated.tree import Node


class LazyFolder(Node):
    """A folder whose content is made when it is first looked at.

    Args:
        make: Makes the content.
        mode: Permissions.
        is_fresh: Whether the content is made anew at each look, as in proc(5).
    """

    __slots__ = ("_content", "_is_fresh", "_make")

    def __init__(
        self, make: Callable[[], dict[str, Node]], mode: int = 0o755, *, is_fresh: bool = False
    ) -> None:
        self._make = make
        self._is_fresh = is_fresh
        self._content: dict[str, Node] | None = None
        super().__init__(stat.S_IFDIR | mode)
        self._content = None

    @property
    def children(self) -> dict[str, Node]:
        """What the folder holds."""
        if self._content is None or self._is_fresh:
            self._content = self._make()
        return self._content

    @children.setter
    def children(self, children: dict[str, Node]) -> None:
        self._content = children


class LargeFile(Node):
    """A file that is said to be large and holds nothing.

    Args:
        length: How many bytes it has for whoever asks for its size.
        mode: Permissions.
    """

    __slots__ = ("_length",)

    def __init__(self, length: int, mode: int = 0o644) -> None:
        super().__init__(stat.S_IFREG | mode)
        self._length = length

    def copy(self) -> Node:
        """A copy that is said to be as large."""
        copied = LargeFile(self._length)
        copied.mode, copied.uid, copied.gid, copied.mtime = self.mode, self.uid, self.gid, self.mtime
        return copied

    def size(self) -> int:
        """Bytes it is said to have."""
        return max(self._length, len(self.read()))


def view(node: Node) -> Node:
    """The same folder under another node, so that it can be mounted twice; a file is itself."""
    if not node.is_folder:
        return node
    return Node(node.mode, node.uid, node.gid, node.mtime, children=node.children)
