"""Images and machines for lab hosts: bootable ones, and cheap ones for tests that only need a name."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import uuid
from collections.abc import Iterator

from tests.lab.host import TREE, LabHost
from tests.lab.place import run, wait_until
from tests.lab.roots import root_tree

MANAGER = ("org.freedesktop.machine1", "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager")


def add_image(host: LabHost, name: str) -> None:
    """Put a bootable image, the release that the host runs, into its /var/lib/machines (about 1.5 s).

    It is a folder, or a subvolume where the host has a btrfs pool. Booted, it brings its network link up.
    """
    if host.pool:
        host.ask("btrfs", "subvolume", "create", f"/var/lib/machines/{name}")
    image = host.machines / name
    run("cp", "--archive", "--no-target-directory", root_tree(host.suite), image)
    (image / "etc/hostname").write_text(f"{name}\n")
    (image / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")


def add_small_image(host: LabHost, name: str, **os_release: str) -> None:
    """Put an image that no one boots into its /var/lib/machines: an os-release and an empty tree."""
    image = host.machines / name
    for folder in ("etc", "usr/lib"):
        (image / folder).mkdir(parents=True)
    fields = {"ID": "lab", "NAME": "Lab", "PRETTY_NAME": f"Lab {name}"} | os_release
    (image / "usr/lib/os-release").write_text("".join(f'{key}="{value}"\n' for key, value in fields.items()))


def start_machine(host: LabHost, name: str, *, addresses: bool = False, timeout: float = 120) -> None:
    """Boot an image as `machinectl start` does, until its systemd is up and, if asked, it has an address."""
    host.ask("systemctl", "start", f"systemd-nspawn@{name}.service", timeout=timeout)
    await_machine(host, name, timeout=timeout)
    if addresses:
        wait_until(lambda: bool(machine_addresses(host, name)), f"{name} has an address", timeout)


def await_machine(host: LabHost, name: str, timeout: float = 120) -> None:
    """Wait until the systemd in a machine has reached its default target."""

    def up() -> bool:  # systemctl's own --wait fails as long as there is no bus in the machine
        state = host.run("systemctl", f"--machine={name}", "is-system-running", check=False, timeout=timeout)
        return state.stdout.strip() in {"running", "degraded"}

    wait_until(up, f"{name} is up", timeout)


def run_in_machine(host: LabHost, name: str, *command: str) -> str:
    """Run a command in a booted machine and return what it printed, without white space around."""
    return host.ask("systemd-run", "--quiet", f"--machine={name}", "--pipe", "--wait", "--collect", *command)


def machine_property(host: LabHost, name: str, key: str) -> str:
    """A property of a machine, as machined tells it."""
    return host.ask("machinectl", "show", f"--property={key}", "--value", name)


def machine_names(host: LabHost) -> list[str]:
    """The machines that machined lists."""
    lines = host.ask("machinectl", "list", "--no-legend", "--no-pager").splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("No machines")]


def machine_addresses(host: LabHost, name: str) -> list[str]:
    """The addresses of a machine, as machined tells them; none where it has no network of its own."""
    said = host.run("busctl", "--json=short", "call", *MANAGER, "GetMachineAddresses", "s", name, check=False)
    if said.returncode:
        return []
    return [str(ipaddress.ip_address(bytes(octets))) for _, octets in json.loads(said.stdout)["data"][0]]


@contextlib.contextmanager
def sleeper(host: LabHost, name: str, *, machine_class: str = "container") -> Iterator[int]:
    """Have a machine that is one sleeping process in a unit of its own; gives that process (some 30 ms)."""
    unit = f"lab-sleeper-{name}.service"
    host.ask("systemd-run", "--quiet", "--collect", f"--unit={unit}", "sleep", "infinity")
    try:
        leader = host.ask("systemctl", "show", "--value", "--property=MainPID", unit)
        identity = [str(byte) for byte in uuid.uuid4().bytes]
        words = ["sayssus", name, "16", *identity, "lab", machine_class, leader, ""]
        host.ask("busctl", "call", *MANAGER, "RegisterMachine", *words)
        yield int(leader)
    finally:
        host.run("systemctl", "stop", unit, check=False, timeout=120)
        wait_until(lambda: name not in machine_names(host), f"{name} is no longer listed")


#: A layer in memory over the tree that the host itself was made from, in the unit's own mount namespace.
LAYERED = f"""
mkdir -p /run/lab/$1
mount -t tmpfs -o mode=755 tmpfs /run/lab/$1
cd /run/lab/$1
mkdir --mode=755 upper work root
mount -t overlay -o lowerdir={TREE},upperdir=upper,workdir=work overlay root
echo $1 >root/etc/hostname
systemd-id128 new >root/etc/machine-id
shift
exec systemd-nspawn "$@"
"""


@contextlib.contextmanager
def layered(
    host: LabHost, name: str, *, boot: bool = False, scope: bool = False, network: bool = False
) -> Iterator[None]:
    """Have a container without an image of its own, in a unit of its own (some 50 ms, 300 ms with boot).

    With boot it runs systemd and has a network link, else it is one sleeping process, with network in a
    network of its own. With scope it is in a scope that machined made for it, else in the unit of
    systemd-nspawn.
    """
    unit = f"lab-layered-{name}.service"
    run_in = ["systemd-run", "--quiet", "--collect", f"--unit={unit}", "--slice=machine"]
    # As in systemd-nspawn@.service: the machine's systemd would take a SIGTERM of its own for "start again".
    run_in += ["--property=Delegate=yes", "--property=PrivateMounts=yes", "--property=KillMode=mixed"]
    words = ["--quiet", f"--machine={name}", f"--directory=/run/lab/{name}/root"]
    words += [] if scope else ["--keep-unit"]
    words += ["--private-network"] if network else []
    words += ["--network-veth", "--boot"] if boot else ["--as-pid2", "sleep", "infinity"]
    host.ask(*run_in, "sh", "-ec", LAYERED, "sh", name, *words)
    try:
        wait_until(lambda: name in machine_names(host), f"{name} is listed")
        if boot:
            await_machine(host, name)
        yield
    finally:
        host.run("systemctl", "stop", unit, check=False, timeout=120)
        wait_until(lambda: name not in machine_names(host), f"{name} is no longer listed")
