"""Trees with all that a file system can have in them, and what there is to compare of two."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

from tests.service.linux_storage.volumes import sh

ACCESS = "system.posix_acl_access"
#: user::rw- user:1000:r-- group::r-- mask::r-- other::---, as the kernel stores it (posix_acl_xattr.h)
ACL = bytes.fromhex(
    "02000000 01000600ffffffff 02000400e8030000 04000400ffffffff 10000400ffffffff 20000000ffffffff"
)


def make_odd_tree(root: Path, depth: int = 1000) -> None:
    """Fill a directory with one of each kind of thing."""
    (root / "file").write_bytes(b"text" * 1000)
    (root / "file").chmod(0o4751)
    os.chown(root / "file", 1234, 4321)
    os.utime(root / "file", ns=(10**18 + 7, 10**18 + 9))
    (root / "empty").touch()
    (root / "large").write_bytes(os.urandom(5_000_000))
    with (root / "sparse").open("wb") as sparse:
        sparse.truncate(50_000_000)
        sparse.seek(20_000_000)
        sparse.write(b"island")
    (root / "linked").write_text("twice")
    (root / "below").mkdir(mode=0o711)
    os.link(root / "linked", root / "below/linked")
    (root / "link").symlink_to("/etc/passwd")
    os.chown(root / "link", 7, 8, follow_symlinks=False)
    os.mkfifo(root / "pipe", 0o620)
    os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 200))
    with socket.socket(socket.AF_UNIX) as bound:
        fd = os.open(root, os.O_PATH)
        bound.bind(f"/proc/self/fd/{fd}/socket")
        os.close(fd)
    os.setxattr(root / "file", "user.colour", b"blue")
    os.setxattr(root / "file", "trusted.shade", b"dark")
    os.setxattr(
        root / "empty", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000")
    )
    os.setxattr(root / "below", "user.of", b"a folder")
    os.setxattr(root / "large", ACCESS, ACL)
    (root / ("n" * 255)).write_text("a long name")
    os.mkdir(os.fsencode(root) + b"/\xff\xfe")
    os.utime(root / "below", ns=(10**18, 10**18))
    deep(root / "deep", depth)


def deep(path: Path, depth: int) -> None:
    """Make a directory with many levels below it."""
    path.mkdir()
    fd = os.open(path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("level", dir_fd=fd)
        below = os.open("level", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("end", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


def tree_facts(root: Path) -> dict[str, Any]:
    """Everything about everything in a tree, but for inode numbers, times of change and what is very deep."""
    found: dict[str, Any] = {}
    links: dict[int, str] = {}
    for folder, folders, files in os.walk(root):
        if len(Path(folder).relative_to(root).parts) > 20:
            folders.clear()
        for name in [".", *folders, *files]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            where = os.path.relpath(path, root)
            facts: list[Any] = [stat.filemode(status.st_mode), status.st_uid, status.st_gid, status.st_rdev]
            facts.append(status.st_mtime_ns)
            if not stat.S_ISDIR(status.st_mode):
                facts.append(links.setdefault(status.st_ino, where))
            if stat.S_ISREG(status.st_mode):
                facts += [status.st_size, Path(path).read_bytes()]
            if stat.S_ISLNK(status.st_mode):
                facts.append(os.readlink(path))
            else:
                names = sorted(os.listxattr(path))
                facts.append({one: os.getxattr(path, one) for one in names if one != "user.crtime_usec"})
            found[where] = facts
    return found


def depth_of(path: Path) -> int:
    """How many levels are below a directory, one in each."""
    return int(sh("sh", "-c", 'find "$1" -type d | wc -l', "sh", path)) - 1
