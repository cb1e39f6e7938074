"""The machines that the scenario asks about, cheap ones: sleeping processes, and containers around them."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.differential.player.client import Client
from tests.lab.differential.player.playing import MANAGER, Pid, Play, holds
from tests.lab.differential.player.watching import SERVICE, STATES

SRV = Path("/srv")
TREE = Path("/opt/lab-tree")
SHIFT = 524288
"""The first user id of the container with a user namespace."""
#: Lines of uid_map and gid_map (user_namespaces(7)), such as no container manager writes.
MAPS = {
    "holed": ("0 700000 1000\n2000 800000 10\n", "0 710000 65536\n"),
    "short": ("0 900000 1000\n", "0 900000 1000\n"),
    "apart": ("0 1000000 65536\n", "0 1100000 65536\n"),
    "upper": ("1 1200000 65536\n", "1 1200000 65536\n"),
    "empty": ("", ""),
}
LINGERING = ("root", "daemon", "bin")
"""Users whose service managers run from the start: to start one takes a login a second."""
READY = "touch /ready; exec sleep infinity"


class StageError(RuntimeError):
    """A machine could not be set up; the message holds what was said."""


def tool(*words: str, check: bool = True) -> str:
    """Run a tool and return what it printed, without white space around."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise StageError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def identity(name: str) -> bytes:
    """An id for a machine, the same in each run."""
    return name.encode().ljust(16, b"\1")


class Stage:
    """Sets machines up and takes them down; what that makes the service say is written down as a look."""

    def __init__(self, play: Play, stop: str, start: str) -> None:
        """With the shell commands that stop and start the service."""
        self.play = play
        self._stop, self._start = stop, start
        self._containers: dict[str, Pid] = {}
        tool("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(SRV))

    def have(self, name: str) -> Pid:
        """The leader of a container that several topics use; it is started the first time.

        There are `box`, with a network of its own; `mapped`, in a user namespace; `bare`, without an
        os-release and in the host's network; `boot`, with a systemd of its own.
        """
        if name not in self._containers:
            if name == "box":
                leader = self.container(name, "--private-network")
            elif name == "mapped":
                users = (f"--private-users={SHIFT}:65536", "--private-users-ownership=chown")
                leader = self.container(name, *users, os_release=None)
            elif name == "bare":
                leader = self.container(name, os_release=None)
            else:
                leader = self.booted(name)
            self._containers[name] = leader
        return self._containers[name]

    def unit(self, name: str, *command: str, properties: Sequence[str] = ()) -> Pid:
        """Start a process in a unit of its own, sleeping if nothing else is said; returns it."""
        words = [f"--property={one}" for one in ("Type=exec", *properties)]
        run = ("systemd-run", "--quiet", "--collect", f"--unit=lab-{name}.service", *words)
        tool(*run, *(command or ("sleep", "infinity")))
        pid = int(tool("systemctl", "show", "--value", "--property=MainPID", f"lab-{name}.service"))
        self.play.names.pids[pid] = f"leader of {name}"
        return Pid(pid)

    def register(
        self, name: str, leader: int, kind: str = "container", root: str = "", links: Sequence[int] = ()
    ) -> None:
        """Register a machine by hand, without writing down more than that it is there."""
        words = (name, identity(name), "lab", kind, leader, root, list(links))
        ask(self.play.root, "RegisterMachineWithNetwork", "sayssusai", *words)
        self.play.look(f"{name} is registered, class {kind}")

    def sleeper(self, name: str, kind: str = "container", *command: str) -> Pid:
        """A machine that is one sleeping process."""
        leader = self.unit(name, *command)
        self.register(name, leader, kind)
        return leader

    def odd(self, name: str) -> Pid:
        """A machine that is one process in a user namespace of its own, with one of MAPS."""
        leader = self.unit(name, "unshare", "--user", "sleep", "infinity")
        holds(lambda: Path(f"/proc/{leader}/comm").read_text() == "sleep\n")
        for file, lines in zip(("uid_map", "gid_map"), MAPS[name], strict=True):
            if lines:
                Path(f"/proc/{leader}/{file}").write_text(lines)
        self.register(name, leader)
        return leader

    def stop(self, name: str, unit: str = "") -> None:
        """Stop a machine's unit, until the service says that it is gone.

        Whether the service asks for the unit to be stopped too depends on when it looks.
        """
        tool("systemctl", "stop", unit or f"lab-{name}.service", check=False)
        self.play.look(f"{name} is stopped", until=self.gone(name), leaving_out="StopUnit")

    def gone(self, name: str) -> Callable[[], bool]:
        """A condition: a machine has no file and the service knows it no more, of which it has told then."""
        return lambda: not listed(name) and not self.knows(name)

    def knows(self, name: str) -> bool:
        """Whether there is a machine by what the service says, which comes after it has told all others."""
        try:
            ask(self.play.root, "GetMachine", "s", name)
        except RuntimeError:
            return False
        return True

    def restart(self, meanwhile: Callable[[], object]) -> None:
        """Stop the service, do something, and start it; written down is what it says then, sorted."""
        tool("sh", "-c", self._stop)
        meanwhile()
        self.play.look("the service is stopped")
        tool("sh", "-c", self._start)
        ask(self.play.root, "ListMachines", "")
        self.play.look("the service is started again", in_order=False)

    def tree(self, name: str, os_release: str | None = "") -> Path:
        """A root folder with a shell, and with an os-release unless that is None."""
        root = SRV / name
        for folder in ("etc", "usr", "tmp", "root", "srv"):
            (root / folder).mkdir(parents=True)
        for link in ("bin", "sbin", "lib", "lib64"):
            if Path(f"/usr/{link}").exists():
                (root / link).symlink_to(f"usr/{link}")
                (root / "usr" / link).mkdir()
        if os_release is not None:
            (root / "etc/os-release").write_text(os_release or f'ID=lab\nNAME="Lab {name}"\n')
        return root

    def container(self, name: str, *options: str, os_release: str | None = "", keep_unit: bool = True) -> Pid:
        """A container by systemd-nspawn around a sleeping process; returns its leader."""
        root = self.tree(name, os_release)
        binds = [
            f"--bind-ro={path}" for path in ("/usr/bin", "/usr/lib64", *glob.glob("/usr/lib/*-linux-gnu"))
        ]
        words = ["systemd-nspawn", "--quiet", f"--machine={name}", f"--directory={root}"]
        words += [f"--uuid={identity(name).hex()}", *(bind for bind in binds if Path(bind[10:]).exists())]
        words += [*options, *(["--keep-unit"] if keep_unit else []), "--as-pid2", "sh", "-c", READY]
        return self._spawned(name, words, (root / "ready").exists)

    def booted(self, name: str) -> Pid:
        """A container with a systemd and a bus of its own, still booting; see `up`."""
        home = SRV / f"{name}-layers"
        for folder in ("upper", "work", "root"):
            (home / folder).mkdir(parents=True)
        layers = f"lowerdir={TREE},upperdir={home}/upper,workdir={home}/work"
        tool("mount", "-t", "overlay", "-o", layers, "overlay", f"{home}/root")
        (home / "root/etc/hostname").write_text(f"{name}\n")
        linger = home / "root/var/lib/systemd/linger"
        linger.mkdir(parents=True, exist_ok=True)
        for user in LINGERING:
            (linger / user).touch()
        words = ["systemd-nspawn", "--quiet", f"--machine={name}", f"--directory={home}/root", "--keep-unit"]
        words += [f"--uuid={identity(name).hex()}", "--private-network", "--boot"]
        return self._spawned(name, words, lambda: True)

    def up(self, name: str) -> None:
        """Wait until the systemd in a booted container is up."""

        def is_up() -> bool:
            state = tool("systemctl", f"--machine={name}", "is-system-running", check=False)
            return state in {"running", "degraded"}

        if not holds(is_up, 60):
            raise StageError(
                f"{name} is not up: {tool('systemctl', '--machine', name, 'status', check=False)}"
            )
        _managers(f"--machine={name}")

    def lingering(self) -> None:
        """Have the host's users' service managers run too."""
        tool("loginctl", "enable-linger", *LINGERING)
        _managers()

    def _spawned(self, name: str, words: Sequence[str], is_ready: Callable[[], bool]) -> Pid:
        unit = ["Delegate=yes", "KillMode=mixed", "Slice=machine.slice"]
        spawner = self.unit(name, *words, properties=unit)
        self.play.names.pids[spawner] = f"nspawn of {name}"
        if not holds(lambda: listed(name) and is_ready() and leader_of(spawner) > 0 and self.knows(name)):
            raise StageError(f"{name} did not start: {tool('journalctl', '-u', f'lab-{name}.service')}")
        leader = Pid(leader_of(spawner))
        self.play.names.pids[leader] = f"leader of {name}"
        self.play.look(f"container {name} is started")
        return leader


def _managers(*where: str) -> None:
    """Wait for the service managers of users."""
    words = ("systemctl", *where, "is-active", *(f"user@{uid}.service" for uid in (0, 1, 2)))
    holds(lambda: tool(*words, check=False).splitlines() == ["active"] * 3)


def listed(name: str) -> bool:
    """Whether there is a machine, by its file."""
    return (STATES / name).exists()


def leader_of(spawner: int) -> int:
    """The first process of a container, 0 if there is none yet."""
    children = "".join(path.read_text() for path in Path(f"/proc/{spawner}/task").glob("*/children"))
    for pid in children.split():
        status = Path(f"/proc/{pid}/status").read_text()
        if "\t1\n" in next(line + "\n" for line in status.splitlines() if line.startswith("NSpid:")):
            return int(pid)
    return 0


def unit_groups(unit: str) -> list[str]:
    """The control groups of a unit, in each tree that systemd uses."""
    group = tool("systemctl", "show", "--value", "--property=ControlGroup", unit)
    trees = [f"/sys/fs/cgroup{tree}{group}" for tree in ("", "/systemd", "/unified")]
    return [path for path in trees if os.path.exists(f"{path}/cgroup.procs")]


def unit_processes(unit: str) -> list[int]:
    """The processes of a unit."""
    return [int(pid) for pid in Path(f"{unit_groups(unit)[-1]}/cgroup.procs").read_text().split()]


def ask(client: Client, member: str, signature: str, *values: object) -> list[object]:
    """Call a member of the Manager without writing it down."""
    return client.ask(SERVICE, MANAGER, f"{SERVICE}.Manager", member, signature, *values)


def fresh(path: Path) -> Path:
    """A folder that is empty now."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
