"""How machines start and end: which processes come, in which order, and what orders their first one takes."""

from __future__ import annotations

import random
import signal as signals
import socket
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from machined.host.inside import Address
from machined.host.simulated.blocks import ProcessLine, read_processes
from machined.host.simulated.entries import ImageEntry, VmEntry
from machined.host.simulated.images import SimulatedImage
from machined.host.simulated.machine_ids import read_machine_id
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.mounts import MountedTree
from machined.host.simulated.processes import Process
from machined.host.simulated.system_files import device_folder, proc_folder
from machined.host.simulated.tree import Node, Tree, folder

if TYPE_CHECKING:
    from machined.host.simulated.estate import Estate

ORDERS = {
    signals.SIGRTMIN + 3: "poweroff",
    signals.SIGRTMIN + 4: "poweroff",
    signals.SIGRTMIN + 5: "reboot",
    signals.SIGINT: "reboot",
}
"""What signals order of the first process of a container (systemd(1), "Signals")."""

PROGRAM_ORDERS = dict.fromkeys((signals.SIGTERM, signals.SIGINT, signals.SIGQUIT), "poweroff")
"""The same where it is a single program."""

HYPERVISOR_ENDS = {signals.SIGTERM, signals.SIGINT, signals.SIGHUP}
"""Signals at which qemu pulls the plug and leaves in peace."""

MOUNT_POINTS = ("proc", "sys", "dev", "run", "tmp")
"""Folders that a container manager mounts something on, made where they are missing."""

LEADER = ProcessLine(0, 8 * 1024**2, 0.0, "root", "/sbin/init")
"""The first process where the scenario names none."""


def container(estate: Estate, image: SimulatedImage, entry: ImageEntry, unit: str) -> SimulatedMachine:
    """A container that has its leader and nothing else yet."""
    system = estate.system_of(entry)
    line = next(iter(process_lines(estate, entry)), LEADER)
    leader = Process(0, line.command, unit=unit, machine=entry.name, inner_pid=1, memory=line.memory)
    machine = SimulatedMachine(
        name=entry.name,
        machine_class="container",
        service="systemd-nspawn",
        leader=leader,
        unit=unit,
        tree=MountedTree(
            image.tree.root,
            is_read_only=image.is_read_only,
            prepare=partial(_mount_system, estate, entry.name, system.has_bus),
        ),
        id=machine_id(estate, entry, image.tree),
        hostname=entry.hostname or entry.name,
        image=entry.name,
        entry=entry,
        init=system.init,
        has_bus=system.has_bus,
        has_private_network=entry.network != "host",
        user_shift=entry.user_shift,
        timestamp=estate.clock.realtime(),
        timestamp_monotonic=estate.clock.monotonic(),
        is_booting=True,
    )
    if machine.has_private_network:
        machine.ifindices.append(estate.next_ifindex())
    leader.on_signal = partial(_on_leader_signal, estate, machine)
    estate.processes.spawn(leader)
    estate.add_machine(machine)
    return machine


def virtual_machine(estate: Estate, entry: VmEntry) -> SimulatedMachine:
    """A virtual machine; its leader is the hypervisor, a process of the host."""
    leader = Process(0, entry.command, unit=entry.unit, memory=entry.memory, load=entry.load)
    machine = SimulatedMachine(
        name=entry.name,
        machine_class="vm",
        service=entry.service,
        leader=leader,
        unit=entry.unit,
        tree=MountedTree(folder()),
        id=_random_id(estate.chance(f"id {entry.name}")),
        hostname=entry.name,
        image=entry.image,
        ifindices=[estate.next_ifindex()],
        timestamp=estate.clock.realtime(),
        timestamp_monotonic=estate.clock.monotonic(),
        vsock_cid=entry.vsock_cid,
        ssh_address=entry.ssh_address,
        ssh_private_key_path=entry.ssh_private_key_path,
    )
    leader.on_signal = partial(_on_hypervisor_signal, machine)
    estate.processes.spawn(leader)
    estate.add_machine(machine)
    machine.on_up()
    return machine


async def bring_up(estate: Estate, machine: SimulatedMachine, entry: ImageEntry) -> None:
    """Start the other processes of a container one after another, in the time that its start takes."""
    chance = estate.chance(f"boot {machine.name} {machine.timestamp_monotonic}")
    if entry.fails:
        await estate.clock.sleep(entry.boot or 0.6)
        estate.log(machine.unit, machine.leader.name, entry.fails, 1)
        machine.reason = "failed"
        estate.processes.end(machine.leader)
        return
    estate.log(machine.unit, machine.leader.name, f"Booting {machine.hostname} in a container.", 1)
    lines = process_lines(estate, entry)[1:]
    pause = (entry.boot or chance.uniform(1, 2)) / (len(lines) + 1)
    for process in offspring(machine, lines, chance):
        await estate.clock.sleep(pause)
        if not machine.is_running or machine.reason:
            return
        estate.processes.spawn(process)
        if process.parent == machine.leader.pid:
            estate.log(machine.unit, machine.leader.name, f"Started {process.name}.", 1)
    await estate.clock.sleep(pause)
    if machine.is_running and not machine.reason:
        settle(estate, machine)
        estate.log(machine.unit, machine.leader.name, "Startup finished.", 1)


def settle(estate: Estate, machine: SimulatedMachine) -> None:
    """Let the network of a container be up, and its start be over."""
    if machine.entry and machine.has_private_network:
        known = list(machine.entry.addresses)
        machine.addresses = known or made_up_addresses(estate.chance(f"net {machine.name}"))
    machine.on_up()


def offspring(
    machine: SimulatedMachine, lines: list[ProcessLine], chance: random.Random
) -> Iterator[Process]:
    """The processes below the leader of a container; each must be spawned before the next is asked for."""
    above = [machine.leader]
    for line in lines:
        del above[max(line.depth, 1) :]
        process = Process(
            0,
            line.command,
            parent=above[-1].pid,
            user=line.user,
            unit=machine.unit,
            machine=machine.name,
            memory=int(line.memory * chance.uniform(0.9, 1.1)),
            load=line.load,
        )
        yield process
        above.append(process)


async def shut_down(estate: Estate, machine: SimulatedMachine, reason: str) -> None:
    """End the processes of a container one after another, its leader last."""
    if machine.reason:
        return
    machine.reason = reason
    others = estate.processes.of_machine(machine.name)[:0:-1]
    pause = (machine.entry.shutdown if machine.entry else 2) / (len(others) + 1)
    name = machine.leader.name
    estate.log(machine.unit, name, f"Received order: {reason}. Stopping all services.", 1)
    for process in others:
        await estate.clock.sleep(pause)
        estate.processes.end(process)
        if process.parent == machine.leader.pid:
            estate.log(machine.unit, name, f"Stopped {process.name}.", 1)
    await estate.clock.sleep(pause)
    if machine.is_running:
        estate.log(machine.unit, name, "All filesystems unmounted. Bye.", 1)
        estate.processes.end(machine.leader)


def machine_id(estate: Estate, entry: ImageEntry, tree: Tree | None = None) -> bytes:
    """The id of a machine: what its `/etc/machine-id` says, or one made up from its name (machine-id(5)).

    Args:
        estate: The estate.
        entry: How the machine runs.
        tree: Its files; not looked at for an image of the scenario, whose id is known.
    """
    is_of_scenario = any(one is entry for one in estate.scenario.images)
    stored = read_machine_id(tree) if tree is not None and not is_of_scenario else b""
    return stored or _random_id(estate.chance(f"id {entry.name}"))


def made_up_addresses(chance: random.Random) -> list[Address]:
    """What a container gets from the host's DHCP, and the address of its link."""
    ours = bytes((10, 43, chance.randrange(256), chance.randrange(2, 255)))
    link = bytes.fromhex("fe80000000000000") + chance.randbytes(8)
    return [Address(int(socket.AF_INET), ours), Address(int(socket.AF_INET6), link)]


def _mount_system(estate: Estate, name: str, has_bus: bool, tree: MountedTree) -> None:
    """Mount what a container manager mounts."""
    nodes: dict[str, Node] = {mount_point: folder() for mount_point in MOUNT_POINTS}
    nodes["proc"] = proc_folder(estate.processes, estate.clock, name)
    nodes["dev"] = device_folder()
    nodes["tmp"].mode |= 0o1777
    for mount_point, node in nodes.items():
        tree.root.children.setdefault(mount_point, folder())
        tree.mount(f"/{mount_point}", node, is_read_only=mount_point in {"proc", "sys"})
    if has_bus:
        tree.make_folders("/run/dbus")
        tree.make_folders("/run/systemd/system")


def process_lines(estate: Estate, entry: ImageEntry) -> list[ProcessLine]:
    """The processes of a container of an image, its leader first."""
    return read_processes(f"{estate.system_of(entry).processes}\n{entry.processes}")


def _random_id(chance: random.Random) -> bytes:
    raw = bytearray(chance.randbytes(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


def _on_leader_signal(estate: Estate, machine: SimulatedMachine, number: int) -> bool:
    """Whether the first process of a container lives on: it ignores what it knows not (pid_namespaces(7))."""
    if number == signals.SIGKILL:
        return False
    orders = ORDERS if machine.init != "program" else ORDERS | PROGRAM_ORDERS
    if reason := orders.get(number):
        estate.run(shut_down(estate, machine, reason))
    elif number == signals.SIGTERM and machine.init == "systemd":
        estate.log(machine.unit, "systemd", "Received SIGTERM, reexecuting.", 1)
    return True


def _on_hypervisor_signal(machine: SimulatedMachine, number: int) -> bool:
    if number in HYPERVISOR_ENDS:
        machine.reason = "poweroff"
    return False
