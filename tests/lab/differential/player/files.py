"""Trees of files, and how they are written down."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

TIME = 1_000_000_000
"""When everything was last written, in seconds: what a copy keeps is not the time of the test."""
KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "disk",
}


def grow(top: Path) -> None:
    """Make a tree with one of everything in it."""
    top.mkdir(mode=0o750)
    (top / "plain").write_text("plain\n")
    (top / "plain").chmod(0o640)
    os.chown(top / "plain", 1000, 1001)
    os.setxattr(top / "plain", "user.lab", b"kept?")
    (top / "setuid").write_text("x")
    os.chown(top / "setuid", 1000, 1000)
    (top / "setuid").chmod(0o6755)
    with (top / "holed").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"end")
    (top / "empty").touch()
    (top / "first").write_text("linked\n")
    os.link(top / "first", top / "second")
    (top / "link").symlink_to("plain")
    (top / "dangling").symlink_to("/no/such")
    os.mkfifo(top / "fifo", 0o600)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(top / "socket"))
    os.mknod(top / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (top / "folder/deep/er").mkdir(parents=True)
    (top / "folder/deep/er/file").write_text("deep\n")
    (top / "folder").chmod(0o1777)
    os.chown(top / "folder/deep", 2000, 2000)
    os.setxattr(top / "folder/deep", "user.lab", b"folder")
    age(top)


def age(top: Path) -> None:
    """Give everything in a tree one time of the past."""
    for folder, folders, files in os.walk(top, topdown=False):
        for name in (*files, *folders):
            os.utime(Path(folder) / name, (TIME, TIME), follow_symlinks=False)
    os.utime(top, (TIME, TIME), follow_symlinks=False)


def told(top: Path) -> list[str]:
    """A line for each thing in a tree, in the order of names; nothing where there is none."""
    if not top.is_symlink() and not top.exists():
        return []
    lines = [line(top, ".")]
    if top.is_dir() and not top.is_symlink():
        for folder, folders, files in sorted(os.walk(top)):
            for name in sorted((*files, *folders)):
                path = Path(folder) / name
                lines.append(line(path, str(path.relative_to(top))))
    return lines


def line(path: Path, name: str) -> str:
    """A thing in words, by the name it is to have there."""
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    words = [name, KINDS[kind]]
    if kind != stat.S_IFLNK:
        words.append(f"{stat.S_IMODE(status.st_mode):o}")
    words.append(f"{status.st_uid}:{status.st_gid}")
    words.append("old" if int(status.st_mtime) == TIME else "new")
    if kind == stat.S_IFLNK:
        words.append(f"-> {path.readlink()}")
    if kind == stat.S_IFREG:
        words.append(f"{status.st_size} bytes")
        words += [f"{status.st_nlink} links"] if status.st_nlink > 1 else []
        words += ["with holes"] if status.st_blocks * 512 < status.st_size else []
        words += [repr(path.read_text(errors="backslashreplace"))] if status.st_size < 100 else []
    if kind in {stat.S_IFCHR, stat.S_IFBLK}:
        words.append(f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}")
    for key in sorted(os.listxattr(path, follow_symlinks=False)):
        words.append(f"{key}={os.getxattr(path, key, follow_symlinks=False)!r}")
    return " ".join(words)
