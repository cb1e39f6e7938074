"""Machines of the kernel's own stuff: a process in namespaces and a root of its own, with nothing booted."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from machined.host.inside import Place
from machined.host.linux.processes import LinuxPin
from tests.lab.place import wait_until

SHIFT = 524288
"""Where the ids of machines with a user namespace begin."""

FOLDERS = ("usr", "etc", "proc", "dev/pts", "tmp", "run", "root", "home/ada", "var/lib", "old")

#: Becomes the first process of a machine: $1 is the root, which this host's /usr is shown in.
BECOME = """
set -e
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$PWD"
mount --bind -o ro /usr usr
mount -t proc proc proc
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -sf pts/ptmx dev/ptmx
: >dev/null
mount --bind /dev/null dev/null
: >run/ready
if [ -n "$2" ]; then . "$2"; fi
pivot_root . old
cd /
umount -l old
exec sleep infinity
"""


class Guest:
    """A machine that is one sleeping process."""

    def __init__(self, name: str, root: Path, leader: int, process: subprocess.Popen[bytes]) -> None:
        self._pin = LinuxPin(leader, os.pidfd_open(leader))
        self.place = Place(name, leader, process=self._pin)
        self.path = root
        """Its root as the host has it, without what is mounted in it."""
        self._process = process

    @property
    def root(self) -> Path:
        """Its root with all that is mounted in it."""
        return Path(f"/proc/{self.place.leader}/root")

    def run(self, *command: str) -> str:
        """Run a command in it, and return what it printed."""
        words = ["nsenter", f"--target={self.place.leader}", "--all", "--root", "--wd=/"]
        return subprocess.run([*words, *command], check=True, capture_output=True, text=True).stdout

    def end(self) -> None:
        """End it, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.place.leader, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not Path(f"/proc/{self.place.leader}").exists(), "the leader is gone")

    def release(self) -> None:
        """Hold on to its leader no more."""
        self._pin.release()


@contextlib.contextmanager
def guest(
    name: str = "guest",
    *,
    users: bool = False,
    namespaces: tuple[str, ...] = ("mount", "net", "uts", "ipc"),
    before: str = "",
    denies_groups: bool = False,
) -> Iterator[Guest]:
    """Have a machine.

    Args:
        name: Its name.
        users: Whether it has a user namespace.
        namespaces: Which others but that of processes it has.
        before: Shell script that it runs in its new root, as yet below the old one, before it begins.
        denies_groups: Whether nobody in its user namespace may set groups (user_namespaces(7)).
    """
    folder = Path(tempfile.mkdtemp(prefix="machine-"))
    folder.chmod(0o755)  # those of pytest's own are closed to other users, and so to a user namespace
    root = folder / name
    for one in FOLDERS:
        (root / one).mkdir(parents=True)
    for one in ("bin", "sbin", "lib", "lib64"):
        (root / one).symlink_to(f"usr/{one}")
    (root / "etc/os-release").write_text('ID=tiny\nNAME="A tiny one"\n')
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nada:x:1001:\nadm:x:4:bob,ada\nother:x:5:bob\n")
    script = folder / f"{name}.sh"
    script.write_text(before)
    kinds = [f"--{kind}" for kind in namespaces]
    if users:
        kinds += ["--user", "--keep-caps"]
        _own(root)
    words = ["unshare", "--fork", "--pid", "--kill-child", *kinds]
    become = BECOME if "mount" in namespaces else "exec sleep infinity"
    groups = "--keep-groups" if denies_groups else "--clear-groups"
    begin = f"read -r go; exec setpriv --reuid=0 --regid=0 {groups} sh -c '{become}' sh $0 $1"
    process = subprocess.Popen([*words, "sh", "-c", begin, root, script], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: process.poll() is not None or _has_child(process.pid), "it is begun")
        leader = _child(process.pid)
        if denies_groups:
            Path(f"/proc/{leader}/setgroups").write_text("deny")
        if users:
            for kind in ("uid", "gid"):
                Path(f"/proc/{leader}/{kind}_map").write_text(f"0 {SHIFT} 65536\n")
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        wait_until(lambda: process.poll() is not None or _is_ready(leader), "the machine is there")
        assert process.poll() is None
        one = Guest(name, root, leader, process)
        try:
            yield one
        finally:
            one.release()
    finally:
        # That of a user namespace would outlive unshare: who changes the user is not killed with the parent
        if _has_child(process.pid):
            os.kill(_child(process.pid), signal.SIGKILL)
        process.kill()
        process.wait()
        subprocess.run(["rm", "-rf", folder], check=True)


def _own(root: Path) -> None:
    """Give a tree to the root of a user namespace."""
    for top, folders, files in os.walk(root):
        for path in (top, *(os.path.join(top, one) for one in (*folders, *files))):
            os.chown(path, SHIFT, SHIFT, follow_symlinks=False)


def _has_child(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text())
    except FileNotFoundError:
        return False


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _is_ready(leader: int) -> bool:
    """Whether a machine sleeps in its own root."""
    try:
        name = Path(f"/proc/{leader}/comm").read_text()
        return name == "sleep\n"  # which it becomes last
    except OSError:
        return False  # it has ended, or is in no root yet


def sh(folder: Path, script: str) -> None:
    """Run a shell script of the host in a folder."""
    subprocess.run(["sh", "-ec", script], cwd=folder, check=True)


def said(path: str | Path) -> str:
    """What is in a small file, of /proc as a rule."""
    return Path(path).read_text()
