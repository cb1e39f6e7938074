"""The files of a machine as one of its users may use them."""

from __future__ import annotations

import errno
import stat

from machined.host.clock import Clock
from machined.host.simulated.mounts import MountedTree
from machined.host.simulated.shell.accounts import Account
from machined.host.simulated.tree import Node, Tree, fault, file, folder, link

READ, WRITE, PASS = 4, 2, 1
"""Wishes, as in access(2)."""

FILE_LIMIT = 4 * 1024 * 1024
"""Bytes that a file may have that is written here: all of it is in memory."""
NODE_LIMIT = 20_000
"""Nodes that one copy may make."""
DEPTH_LIMIT = 100
"""Folders within each other."""


class Files:
    """A tree seen with the rights of a user.

    Paths are absolute; all methods raise `OSError` with the errno of the system call of that purpose.
    """

    def __init__(self, tree: Tree, account: Account, clock: Clock) -> None:
        self.tree = tree
        self.account = account
        self._clock = clock

    @property
    def now(self) -> int:
        """Seconds since the epoch."""
        return self._clock.realtime() // 1_000_000

    def may(self, node: Node, wish: int) -> bool:
        """Whether the user may do `wish` with a node (path_resolution(7), "Permissions")."""
        if self.account.is_root:
            return True
        if node.uid == self.account.uid:
            bits = node.mode >> 6
        elif node.gid == self.account.gid:
            bits = node.mode >> 3
        else:
            bits = node.mode
        return bits & wish == wish

    def owns(self, node: Node) -> bool:
        """Whether the user may change a node's mode."""
        return self.account.is_root or node.uid == self.account.uid

    def node(self, path: str, *, follows: bool = True) -> Node:
        """The node at a path."""
        steps = self.tree.steps(path, follows=follows)
        for step in steps[:-1]:
            if not self.may(step, PASS):
                raise fault(errno.EACCES, path)
        if path.endswith("/") and not steps[-1].is_folder:
            raise fault(errno.ENOTDIR, path)
        return steps[-1]

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at a path."""
        try:
            return self.node(path).is_folder
        except OSError:
            return False

    def has(self, path: str) -> bool:
        """Whether there is something at a path, a dangling link included."""
        try:
            self.node(path, follows=False)
        except OSError:
            return False
        return True

    def read(self, path: str) -> bytes:
        """The content of a file."""
        node = self.node(path)
        if node.is_folder:
            raise fault(errno.EISDIR, path)
        if not self.may(node, READ):
            raise fault(errno.EACCES, path)
        return node.read()

    def listing(self, path: str) -> dict[str, Node]:
        """What is in a folder, by name."""
        node = self.node(path)
        if node.is_folder and not self.may(node, READ):
            raise fault(errno.EACCES, path)
        return self.tree.listing(path)

    def enter(self, path: str) -> None:
        """See that a path is a folder that the user may pass (chdir(2))."""
        node = self.node(path)
        if not node.is_folder:
            raise fault(errno.ENOTDIR, path)
        if not self.may(node, PASS):
            raise fault(errno.EACCES, path)

    def open_for_writing(self, path: str, *, appends: bool = False) -> Node:
        """A file to be written, made where it is missing, emptied unless it is appended to."""
        try:
            node = self.node(path)
        except FileNotFoundError:
            return self.add(path, file(b""))
        if node.is_folder:
            raise fault(errno.EISDIR, path)
        if not self.may(node, WRITE):
            raise fault(errno.EACCES, path)
        if callable(node.content):
            raise fault(errno.EACCES, path)
        self._check_writable(path)
        if not appends:
            node.content = b""
        node.mtime = self.now
        return node

    def write(self, path: str, content: bytes) -> None:
        """Write a whole file."""
        node = self.open_for_writing(path)
        self.store(node, content)

    def store(self, node: Node, content: bytes) -> None:
        """Give a node that was opened for writing its content."""
        if len(content) > FILE_LIMIT:
            raise fault(errno.EFBIG, "")
        node.content = content
        node.mtime = self.now

    def touch(self, path: str) -> None:
        """Set a node's time to now; make a file where there is nothing (touch(1))."""
        if not self.is_folder(path):
            self.open_for_writing(path, appends=True)
            return
        node = self.node(path)
        if not self.may(node, WRITE):
            raise fault(errno.EACCES, path)
        self._check_writable(path)
        node.mtime = self.now

    def add(self, path: str, node: Node) -> Node:
        """Put a new node, owned by the user, at a free place."""
        parent = self._writable_parent(path)
        self._check_depth(path, node)
        node.uid, node.gid, node.mtime = self.account.uid, self.account.gid, self.now
        added = self.tree.add(path.rstrip("/"), node)
        parent.mtime = self.now
        return added

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        if self.has(path):
            raise fault(errno.EEXIST, path)
        self.add(path, folder())

    def make_link(self, target: str, path: str) -> None:
        """Make a symbolic link."""
        self.add(path, link(target))

    def remove(self, path: str) -> None:
        """Take a node away with all below it."""
        node = self.node(path, follows=False)
        parent = self._writable_parent(path)
        sticky = parent.mode & stat.S_ISVTX and not (self.owns(node) or self.owns(parent))
        if sticky:
            raise fault(errno.EPERM, path)
        self._check_removable(node, path)
        self.tree.remove(path.rstrip("/"))
        parent.mtime = self.now

    def copy(self, source: str, destination: str) -> None:
        """Copy a file, or a folder with all in it, to a free place or over a file."""
        node = self.node(source)
        self._check_readable(node, source, [NODE_LIMIT])
        if not node.is_folder:
            self.store(self.open_for_writing(destination), node.read())
            return
        if self.is_inside(destination, source):
            raise fault(errno.EINVAL, destination)
        if self.has(destination):
            raise fault(errno.EEXIST, destination)
        copied = self.add(destination, node.copy())
        if not self.account.is_root:
            self._take_over(copied)

    def move(self, source: str, destination: str) -> None:
        """Give a node another place; a file that is there makes room (rename(2))."""
        node = self.node(source, follows=False)
        if node.is_folder and self.is_inside(destination, source):
            raise fault(errno.EINVAL, destination)
        if self.has(destination):
            there = self.node(destination, follows=False)
            if there is node:
                return
            if there.is_folder != node.is_folder:
                raise fault(errno.EISDIR if there.is_folder else errno.ENOTDIR, destination)
            if there.children:
                raise fault(errno.ENOTEMPTY, destination)
            self.remove(destination)
        self._writable_parent(destination)
        self._writable_parent(source)
        self._check_depth(destination, node)
        self.tree.remove(source.rstrip("/"))
        self.tree.add(destination.rstrip("/"), node)

    def is_inside(self, path: str, outer: str) -> bool:
        """Whether `path`, which need not exist, is in the folder `outer` or is it."""
        parent, _, _ = path.rstrip("/").rpartition("/")
        real = self.tree.real_path(path if self.tree.has(path) else parent or "/")
        return f"{real}/".startswith(f"{self.tree.real_path(outer)}/")

    def set_mode(self, path: str, mode: int) -> None:
        """Change the permission bits."""
        node = self.node(path)
        if not self.owns(node):
            raise fault(errno.EPERM, path)
        self._check_writable(path)
        node.mode = stat.S_IFMT(node.mode) | mode

    def set_owner(self, path: str, uid: int, gid: int) -> None:
        """Give a node to a user and a group; -1 leaves one as it is. Only root may (chown(2))."""
        node = self.node(path)
        if not self.account.is_root:
            raise fault(errno.EPERM, path)
        self._check_writable(path)
        node.uid = node.uid if uid < 0 else uid
        node.gid = node.gid if gid < 0 else gid

    def _writable_parent(self, path: str) -> Node:
        """The folder that holds a path, if the user may change what it holds."""
        head, _, name = path.rstrip("/").rpartition("/")
        if not name or name in {".", ".."}:
            raise fault(errno.EBUSY, path)
        parent = self.node(head or "/")
        if not parent.is_folder:
            raise fault(errno.ENOTDIR, path)
        if len(name.encode("utf-8", "replace")) > 255:
            raise fault(errno.ENAMETOOLONG, path)
        if not self.may(parent, WRITE | PASS):
            raise fault(errno.EACCES, path)
        return parent

    def _check_writable(self, path: str) -> None:
        """See that a path does not lie on a read-only mount."""
        if isinstance(self.tree, MountedTree) and self.tree.is_read_only(path):
            raise fault(errno.EROFS, path)

    def _check_depth(self, path: str, node: Node) -> None:
        """See that a node at this place would not be too deep for those who walk the tree."""
        head, _, _ = path.rstrip("/").rpartition("/")
        if len(self.tree.steps(head or "/")) + _height(node) > DEPTH_LIMIT:
            raise fault(errno.ENAMETOOLONG, path)

    def _check_removable(self, node: Node, path: str) -> None:
        """See that the user may empty a folder and those below it."""
        if node.children and not self.may(node, WRITE | PASS):
            raise fault(errno.EACCES, path)
        for name, child in node.children.items():
            self._check_removable(child, f"{path}/{name}")

    def _check_readable(self, node: Node, path: str, left: list[int]) -> None:
        """See that the user may read all of a tree, and that it is not too large."""
        left[0] -= 1
        if left[0] < 0:
            raise fault(errno.ENOSPC, path)
        if not node.is_link and not self.may(node, READ):
            raise fault(errno.EACCES, path)
        for name, child in node.children.items():
            self._check_readable(child, f"{path}/{name}", left)

    def _take_over(self, node: Node) -> None:
        """Make the user the owner of a tree."""
        node.uid, node.gid = self.account.uid, self.account.gid
        for child in node.children.values():
            self._take_over(child)


def _height(node: Node) -> int:
    """How many folders are within each other in a node."""
    return 1 + max(map(_height, node.children.values()), default=0)
