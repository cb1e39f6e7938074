"""The tree of a running machine: the root of its image, with other trees mounted on some of its folders."""

from __future__ import annotations

import errno
from collections.abc import Callable

from machined.host.simulated.tree import Content, Node, Tree, fault


class MountedTree(Tree):
    """A tree with mounts. What is mounted never gets into the tree below (mount_namespaces(7)).

    Args:
        root: The root folder, shared with the image.
        is_read_only: Whether the root itself is mounted read-only.
        prepare: Mounts what belongs there, before the first look.
    """

    def __init__(
        self,
        root: Node,
        *,
        is_read_only: bool = False,
        prepare: Callable[[MountedTree], None] | None = None,
    ) -> None:
        super().__init__(root)
        self._prepare = prepare
        self._mounted: dict[Node, Node] = {}
        self._read_only: dict[Node, bool] = {self.root: is_read_only}

    def mount(self, path: str, node: Node, *, is_read_only: bool = False) -> None:
        """Show a node at a path that exists, over what is there."""
        point = self.node(path)
        if point.is_folder != node.is_folder:
            raise fault(errno.ENOTDIR if node.is_folder else errno.EISDIR, path)
        below = next((under for under, upper in self._mounted.items() if upper is point), point)
        self._mounted[below] = node
        self._read_only[node] = is_read_only

    def child(self, parent: Node, name: str) -> Node | None:
        """What a folder holds under a name; where something is mounted on it, that."""
        node = super().child(parent, name)
        return node if node is None else self._mounted.get(node, node)

    def listing(self, path: str) -> dict[str, Node]:
        """The nodes in a folder by name, sorted; where something is mounted on one, that."""
        return {name: self._mounted.get(node, node) for name, node in super().listing(path).items()}

    def is_read_only(self, path: str) -> bool:
        """Whether what is at `path`, or would be, lies on a read-only mount."""
        try:
            chain = self._walk(path, follows=True)
        except FileNotFoundError:
            chain = self._walk(path.rstrip("/").rpartition("/")[0], follows=True)
        return next(self._read_only[node] for _, node in reversed(chain) if node in self._read_only)

    def write(self, path: str, content: Content, *, mtime: int = 0, appends: bool = False) -> Node:
        """Write a file, made where it is missing; EROFS on a read-only mount."""
        self._refuse_read_only(path)
        return super().write(path, content, mtime=mtime, appends=appends)

    def add(self, path: str, node: Node) -> Node:
        """Put a node at a place that is free; EROFS on a read-only mount."""
        self._refuse_read_only(path)
        return super().add(path, node)

    def remove(self, path: str) -> None:
        """Take away a node and all below it; EBUSY where something is mounted, EROFS on a read-only mount."""
        parent, name = self.parent(path)
        if name and parent.children.get(name) in self._mounted:
            raise fault(errno.EBUSY, path)
        self._refuse_read_only(path)
        super().remove(path)

    def _walk(self, path: str, follows: bool) -> list[tuple[str, Node]]:
        if self._prepare is not None:
            prepare, self._prepare = self._prepare, None
            prepare(self)
        return super()._walk(path, follows)

    def _refuse_read_only(self, path: str) -> None:
        if self.is_read_only(path):
            raise fault(errno.EROFS, path)
