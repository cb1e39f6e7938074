"""A real systemd host to test on: Debian with systemd as process 1, in one systemd-nspawn container.

In it systemd-machined, dbus-daemon, polkitd, systemd-nspawn, machinectl, busctl and nss-mymachines work as on
a server: machines in it get user namespaces, veth links with addresses, and units with control groups. There
is no udev in it, and its units count nothing where the kernel's controllers are on cgroup version 1.

Nothing of a host shows outside of it but its processes, its control group and its folder in the cache: its
mounts are made in a mount namespace of its own and go with its last process.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import groups
from tests.lab.container import Bind, Container
from tests.lab.place import LabError, cache, locked, remove
from tests.lab.roots import SUITES, root_tree

#: The unit that commands run in, so that they are in a group that the host's own systemd knows.
EXEC_UNIT = "lab-exec.service"

#: Where a host has, read-only, the tree it was made from.
TREE = "/opt/lab-tree"

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_numbers = itertools.count(1)


class LabHost:
    """A systemd host; use it as a context manager, or call boot and down."""

    def __init__(
        self, suite: str, *, binds: Sequence[Bind] = (), pool: str | None = None, pool_type: str = "btrfs"
    ) -> None:
        """Describe the host; nothing is made yet.

        Args:
            suite: the Debian release: "bookworm" for systemd 252, "trixie" for 257.
            binds: folders of this machine to show in it.
            pool: the size of a disk to have at its /var/lib/machines (as in "2G"); else a plain folder is.
            pool_type: the disk's file system, "btrfs" or "ext4".
        """
        self.suite = suite
        self.version = SUITES[suite]
        self.name = f"{suite}-{os.getpid()}-{next(_numbers)}"
        self.home = hosts() / self.name
        self._binds = [Bind(root_tree(suite), TREE), *binds]
        self.pool = pool
        self._pool_type = pool_type
        self._lock = -1
        self._join = ""
        # systemd 257 refuses to boot on version 1 of control groups.
        self._container = Container(self.name, self.home, root_tree(suite), unified=self.version > 252)

    def __enter__(self) -> Self:
        self.boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def leader(self) -> int:
        """Its process 1, as this machine counts."""
        if not self._container.leader:
            raise LabError(f"{self.name} is not up")
        return self._container.leader

    @property
    def root(self) -> Path:
        """Its / as seen from outside, with all that is mounted in it."""
        return Path(f"/proc/{self.leader}/root")

    @property
    def machines(self) -> Path:
        """Its /var/lib/machines as seen from outside."""
        return self.root / "var/lib/machines"

    def boot(self) -> None:
        """Boot it and wait until its default target is reached; whatever fails, nothing stays behind."""
        try:
            with locked(hosts().with_suffix(".lock")):
                self.home.mkdir(parents=True)
                self._lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                self._container.prepare(f"lab-{self.suite}", self.pool, self._pool_type)
            self._container.start(self._binds)
            self._settle()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End it and remove everything it had. A second time this does nothing."""
        with locked(hosts().with_suffix(".lock")):
            self._container.stop()
            remove(self.home)
        self._join = ""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def run(
        self,
        *command: str | Path,
        user: str | None = None,
        stdin: str = "",
        check: bool = True,
        timeout: float = 60,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it to its end.

        Raises:
            LabError: it ended with an error (unless check is false), or did not end in time.
        """
        try:
            done = subprocess.run(
                [*self.words(*command, user=user, **environment)],
                input=stdin,
                capture_output=True,
                text=True,
                errors="backslashreplace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = f"{error.stdout!r} {error.stderr!r}"
            raise LabError(f"{self.name}: {command} did not end within {timeout} s: {said}") from error
        if check and done.returncode:
            said = done.stdout + done.stderr
            raise LabError(f"{self.name}: {command} ended with {done.returncode}: {said}")
        return done

    def ask(self, *command: str | Path, user: str | None = None, timeout: float = 60) -> str:
        """Run a command in it and return what it printed, without white space around."""
        return self.run(*command, user=user, timeout=timeout).stdout.strip()

    @contextlib.contextmanager
    def running(self, *command: str | Path, user: str | None = None) -> Iterator[subprocess.Popen[str]]:
        """Have a command run in it with pipes at its input and output; it is killed at the end."""
        words = [*self.words(*command, user=user)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def words(self, *command: str | Path, user: str | None = None, **environment: str) -> Iterator[str]:
        """The words that run a command in it, as root or as another of its users."""
        home = "/root" if user is None else f"/home/{user}"
        settings = {"PATH": PATH, "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb"} | environment
        yield from ("nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid")
        yield from ("env", "-i", f"PATH={PATH}", f"GROUPS_TO_JOIN={self._join}", *groups.JOIN)
        yield from ("nsenter", "--cgroup=/proc/1/ns/cgroup")
        yield from ("env", "-i", *(f"{name}={value}" for name, value in settings.items()))
        # nsenter's child outlives it else.
        yield from ("setpriv", "--pdeathsig=KILL")
        if user is not None:
            yield from (f"--reuid={user}", f"--regid={user}", "--init-groups")
        yield "--"
        yield from (str(word) for word in command)

    def add_user(self, name: str) -> None:
        """Add a user with a home folder and bash to it."""
        self.ask("useradd", "--create-home", "--shell=/bin/bash", name)

    def _settle(self) -> None:
        self.run("systemctl", "is-system-running", "--wait", check=False)
        self.ask(
            "systemd-run", "--quiet", f"--unit={EXEC_UNIT}", "--property=Delegate=yes", "sleep", "infinity"
        )
        group = self.ask("systemctl", "show", "--value", "--property=ControlGroup", EXEC_UNIT)
        trees = [Path("/sys/fs/cgroup") / tree for tree in ("", "systemd", "unified")]
        inner = [f"{tree}{group}" for tree in trees]
        self._join = " ".join(path for path in inner if (self.root / path[1:] / "cgroup.procs").exists())


def hosts() -> Path:
    """The folder of the hosts' folders."""
    return cache() / "hosts"


def sweep() -> list[str]:
    """Remove what hosts left whose test run was killed; their processes went with it. Returns their names."""
    swept = []
    with locked(hosts().with_suffix(".lock")):
        for home in sorted(hosts().glob("*")):
            with (home / "lock").open("a") as lock, contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                groups.drop([parent / home.name for parent in groups.parents()])
                remove(home)
                swept.append(home.name)
    return swept
