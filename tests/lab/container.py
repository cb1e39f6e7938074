"""The container of a lab host: one systemd-nspawn, with mounts that no other process sees."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import groups
from tests.lab.place import LabError, run, wait_until


@dataclass(frozen=True)
class Bind:
    """A folder of this machine that shows in a lab host."""

    source: Path
    target: str
    writable: bool = False


#: Run in a mount namespace of its own, which systemd-nspawn then starts from. /run is covered because
#: systemd-nspawn leaves files below /run/systemd/nspawn.
BOOT = """
for group in $GROUPS_OF_HOST; do echo $$ >"$group/cgroup.procs"; done
mount -t tmpfs -o mode=755 tmpfs /run
cd "$HOME_OF_HOST"
mount -t overlay -o "lowerdir=$ROOT_TREE,upperdir=upper,workdir=work" overlay root
if [ -f pool.disk ]; then mount -o loop pool.disk machines; fi
exec "$@"
"""


#: What makes the file system of a pool, by its type; nothing of it is left to be done in the background.
MAKERS = {
    "btrfs": ("mkfs.btrfs", "--quiet"),
    "ext4": ("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
}


class Container:
    """A container from its start to its end. What it keeps below its folder is left to whoever made that."""

    def __init__(self, name: str, home: Path, tree: Path, *, unified: bool) -> None:
        """Name it, with the folder for its files, the tree below its root, and whether it wants cgroup v2."""
        self.name = name
        self.leader = 0
        self._home = home
        self._tree = tree
        self._unified = unified
        self._groups: list[Path] = []
        self._nspawn: subprocess.Popen[bytes] | None = None

    def prepare(self, hostname: str, pool: str | None, pool_type: str) -> None:
        """Make the folders, the pool's file and the control groups."""
        for folder in ("root", "upper/etc", "work", "machines"):
            (self._home / folder).mkdir(parents=True)
        for folder in (".", "etc"):  # an upper layer's folder covers the mode of the lower one's
            (self._home / "upper" / folder).chmod((self._tree / folder).stat().st_mode & 0o7777)
        (self._home / "machines").chmod(0o700)
        (self._home / "upper/etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
        (self._home / "upper/etc/hostname").write_text(f"{hostname}\n")
        if pool is not None:
            run("truncate", f"--size={pool}", self._home / "pool.disk")
            run(*MAKERS[pool_type], self._home / "pool.disk")
        self._groups = groups.make(self.name)

    def start(self, binds: Sequence[Bind], timeout: float = 60) -> None:
        """Boot it and wait until its systemd says that its default target is reached."""
        environment = dict(
            os.environ,
            GROUPS_OF_HOST=" ".join(str(group) for group in self._groups),
            HOME_OF_HOST=str(self._home),
            ROOT_TREE=str(self._tree),
            NOTIFY_SOCKET=f"@machinedeck-lab-{self.name}",
        )
        if self._unified:
            environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
        # The host goes when this process goes, however that ends.
        command = ["setpriv", "--pdeathsig=TERM", "unshare", "--mount", "--propagation=private"]
        command += ["sh", "-ec", BOOT, "sh", *self._words(binds)]
        with self._notifications() as told, (self._home / "console.log").open("wb") as console:
            self._nspawn = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            self._await_boot(told, self._nspawn, timeout)

    def stop(self) -> None:
        """End all its processes by ending the first; there is nothing in it that is worth a shutdown."""
        if self._nspawn is not None:
            self._end(self._nspawn)
        self._nspawn = None
        self.leader = 0
        groups.drop(self._groups)
        self._groups = []

    @property
    def pid(self) -> int | None:
        """The process of systemd-nspawn itself."""
        return self._nspawn.pid if self._nspawn else None

    def _words(self, binds: Sequence[Bind]) -> Iterator[str]:
        yield from (
            "systemd-nspawn",
            f"--directory={self._home}/root",
            "--boot",
            f"--machine=lab-{self.name}",
        )
        yield from ("--register=no", "--keep-unit", "--private-network", "--notify-ready=yes")
        yield from ("--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only")
        # Machines in it mount, and make user namespaces and loop devices.
        yield from ("--capability=all", "--system-call-filter=@mount @keyring bpf")
        for device in (Path("/dev/loop-control"), Path("/dev/fuse"), *Path("/dev").glob("loop[0-9]*")):
            if device.exists():
                yield f"--bind={device}"
        yield f"--bind={self._home}/machines:/var/lib/machines"
        for bind in binds:
            yield f"--bind{'' if bind.writable else '-ro'}={bind.source}:{bind.target}"

    @contextlib.contextmanager
    def _notifications(self) -> Iterator[socket.socket]:
        """The socket on which systemd-nspawn tells its leader, then the end of the boot: sd_notify(3)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
            told.bind(f"\0machinedeck-lab-{self.name}")
            told.settimeout(0.2)
            yield told

    def _await_boot(self, told: socket.socket, nspawn: subprocess.Popen[bytes], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        ready = False
        while not ready:
            if nspawn.poll() is not None or time.monotonic() > deadline:
                log = (self._home / "console.log").read_text(errors="backslashreplace")
                raise LabError(f"{self.name} did not boot: {log[-2000:]}")
            try:
                lines = told.recv(4096).decode().splitlines()
            except TimeoutError:
                continue
            for line in lines:
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self.leader = int(line.partition("=")[2])
            ready = "READY=1" in lines

    def _end(self, nspawn: subprocess.Popen[bytes]) -> None:
        if self.leader:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(self.leader, signal.SIGKILL)
        else:
            nspawn.kill()
        try:
            nspawn.wait(timeout=20)
        except subprocess.TimeoutExpired:
            nspawn.kill()
            nspawn.wait()
        wait_until(lambda: not any(groups.members(group) for group in self._groups), f"{self.name} ended", 20)
