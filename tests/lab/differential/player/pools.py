"""The pool on a file system of its own, and images of every type."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.differential.player import files
from tests.lab.differential.player.playing import Play, holds
from tests.lab.differential.player.stage import StageError, fresh, tool
from tests.lab.differential.player.trees import Trees, is_subvolume, set_immutable, set_sealed

POOL = Path("/var/lib/machines")
OTHERS = (
    "/etc/machines",
    "/run/machines",
    "/var/lib/container",
    "/usr/local/lib/machines",
    "/usr/lib/machines",
)
SETTINGS = ("/etc/systemd/nspawn", "/run/systemd/nspawn")
VENDOR = Path("/usr/lib/machines")
BLANK = "/var/tmp/blank.ext4"
"""An empty ext4, which is made outside: a small host has no tool for that."""
DISK = "/var/tmp/pool"
SIZE = "256M"
MADE = 1_000_000_000_000_000
"""When images were made, in microseconds since the epoch, by what systemd-importd leaves with them."""
CRTIME = "user.crtime_usec"
RAW = 1 << 18
UNLIMITED = (1 << 64) - 1
LOCKS = Path("/run/systemd/nspawn/locks")


class Pool:
    """The pool, on `ext4`, `btrfs`, or `quota`: a btrfs that counts.

    Attributes:
        kind: Which of them.
    """

    def __init__(self, kind: str, play: Play) -> None:
        self.kind = kind
        self._play = play
        self._is_open = False
        for number in range(64):  # the folder of devices shows those that were there at the boot
            if not os.path.exists(f"/dev/loop{number}"):
                os.mknod(f"/dev/loop{number}", stat.S_IFBLK | 0o660, os.makedev(7, number))

    @property
    def is_btrfs(self) -> bool:
        return self.kind != "ext4"

    def open(self) -> None:
        """Have a new one, with nothing in it nor in any other folder of images."""
        self.close()
        if self.is_btrfs:
            Path(DISK).unlink(missing_ok=True)
            tool("truncate", f"--size={SIZE}", DISK)
            tool("mkfs.btrfs", "--quiet", DISK)
        else:
            tool("cp", "--sparse=always", BLANK, DISK)
        tool("mount", "-o", "loop", DISK, str(POOL))
        self._is_open = True
        if self.kind == "quota":  # with the pool as a subvolume, as systemd-importd makes it
            tool("btrfs", "subvolume", "create", str(POOL / "pool"))
            tool("btrfs", "quota", "enable", str(POOL))
            tool("btrfs", "quota", "rescan", "-w", str(POOL))
            tool("umount", str(POOL))
            tool("mount", "-o", "loop,subvol=pool", DISK, str(POOL))
        shutil.rmtree(POOL / "lost+found", ignore_errors=True)
        for folder in (*OTHERS, *SETTINGS):
            fresh(Path(folder))
        self._play.trees = Trees([POOL, *map(Path, (*OTHERS, *SETTINGS))])

    def close(self) -> None:
        """Take it away."""
        self._play.trees = None
        if self._is_open:
            # A look that the service took at it may end after its answer
            if not holds(lambda: _is_unmounted(POOL)):
                raise StageError(f"{POOL} stays in use")
            self._is_open = False
        for folder in (*OTHERS, *SETTINGS):
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Have nothing in it any more, nor in any other folder of images."""
        for path in POOL.iterdir():
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            else:
                for top in (path, *path.glob("nested")):
                    if self.is_btrfs and is_subvolume(top):
                        set_sealed(top, False)
                set_immutable(path, False)
                shutil.rmtree(path)
        for folder in (*OTHERS, *SETTINGS):
            fresh(Path(folder))
        self.seen()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Have its file system be read-only meanwhile."""
        tool("mount", "-o", "remount,ro", str(POOL))
        yield
        tool("mount", "-o", "remount,rw", str(POOL))

    def seen(self) -> None:
        """Take what was made as it is, and have it on the disk: usage is what is there."""
        tool("sync", "--file-system", str(POOL))
        if self._play.trees:
            self._play.trees.skip()

    def directory(self, name: str, where: Path = POOL) -> Path:
        """An image that is a folder."""
        top = where / name
        top.mkdir(mode=0o750)
        os.chown(top, 0, 7)
        fill(top, name)
        return top

    def subvolume(self, name: str, where: Path = POOL) -> Path:
        """An image that is a subvolume, with another one in it."""
        tool("btrfs", "subvolume", "create", str(where / name))
        fill(where / name, name)
        tool("btrfs", "subvolume", "create", str(where / name / "nested"))
        (where / name / "nested/file").write_text("nested\n")
        files.age(where / name)
        return where / name

    def disk(self, name: str, where: Path = POOL) -> Path:
        """An image that is a file, of a disk."""
        path = where / f"{name}.raw"
        path.write_bytes(b"disk" * (RAW // 4))
        path.chmod(0o640)
        os.setxattr(path, CRTIME, struct.pack("<Q", MADE))
        files.age(path)
        return path

    def tree(self, name: str, where: Path = POOL) -> Path:
        """A subvolume where there can be one, else a folder."""
        return self.subvolume(name, where) if self.is_btrfs else self.directory(name, where)

    def attach(self, name: str) -> str:
        """An image that is a link to a block device; returns that."""
        path = Path("/var/tmp/attached")
        path.write_bytes(bytes(RAW))
        device = tool("losetup", "--find", "--show", str(path))
        (POOL / name).symlink_to(device)
        return device

    def detach(self, device: str) -> None:
        """Take away what was attached."""
        tool("losetup", "--detach", device)

    def seal(self, top: Path, is_wanted: bool = True) -> None:
        """Mark an image read-only, by what its type has for it."""
        if top.is_file():
            top.chmod(0o440 if is_wanted else 0o640)
        elif self.is_btrfs and is_subvolume(top):
            set_sealed(top, is_wanted)
        else:
            set_immutable(top, is_wanted)


def _is_unmounted(folder: Path) -> bool:
    return subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0


def fill(top: Path, name: str) -> None:
    """Put into an image what its members tell, and one of everything that can be in a tree."""
    for folder in ("etc", "usr/lib", "folder/deep"):
        (top / folder).mkdir(parents=True)
    (top / "etc/hostname").write_text(f"# its name\n{name.lstrip('.')}-host\n")
    (top / "etc/machine-id").write_text(f"{name.encode().hex():0<32.32}\n")
    (top / "etc/machine-info").write_text("CHASSIS=container\nICON_NAME=lab\n")
    (top / "usr/lib/os-release").write_text(f'ID=lab\nNAME="Lab {name}"\n')
    (top / "etc/os-release").symlink_to("../usr/lib/os-release")
    (top / "setuid").write_text("x")
    os.chown(top / "setuid", 1000, 1001)
    (top / "setuid").chmod(0o6755)
    os.setxattr(top / "setuid", "user.lab", b"kept?")
    (top / "first").write_text("linked\n")
    os.link(top / "first", top / "folder/second")
    (top / "dangling").symlink_to("/no/such")
    os.mkfifo(top / "fifo", 0o600)
    os.mknod(top / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (top / "folder").chmod(0o1777)
    os.setxattr(top / "folder/deep", "user.lab", b"folder")
    os.setxattr(top, "user.lab", b"top")
    os.setxattr(top, CRTIME, struct.pack("<Q", MADE))
    files.age(top)


@contextmanager
def locked(path: Path, *, is_shared: bool = False) -> Iterator[None]:
    """Hold a lock as systemd-nspawn does, on a file that is there meanwhile (fcntl(2), F_OFD_SETLK)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    kind = fcntl.F_RDLCK if is_shared else fcntl.F_WRLCK
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(fd)


def locks(path: Path) -> tuple[Path, Path]:
    """The two lock files of an image: next to it, and among those of systemd-nspawn."""
    status = path.stat()
    name = f"inode-{status.st_dev}:{status.st_ino}"
    if stat.S_ISBLK(status.st_mode):
        name = f"block-{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return path.parent / f".#{path.name}.lck", LOCKS / name
