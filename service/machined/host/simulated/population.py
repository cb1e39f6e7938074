"""Putting into an estate what its scenario says is there at the start."""

from __future__ import annotations

from machined.contract import nspawn_unit
from machined.host.simulated import booting
from machined.host.simulated.blocks import grow_tree, read_log, read_processes
from machined.host.simulated.entries import HostEntry, ImageEntry, RunningEntry, VmEntry
from machined.host.simulated.estate import Estate
from machined.host.simulated.folders import LazyFolder
from machined.host.simulated.images import Extent, SimulatedImage
from machined.host.simulated.journal import Entry
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.processes import Process
from machined.host.simulated.system_files import device_folder, proc_folder
from machined.host.simulated.tree import Node, Tree
from machined.host.storage import ImageType

SECOND = 1_000_000
"""In microseconds."""


def populate(estate: Estate) -> None:
    """Put everything in its place: the host's files and processes, images, machines, and what they logged."""
    scenario = estate.scenario
    _populate_host(estate, scenario.host)
    for entry in scenario.images:
        estate.add_image(_image(estate, entry))
    for running in scenario.machines:
        _restore(estate, running)
    for vm in scenario.vms:
        _restore_vm(estate, vm)
    _write_logs(estate)


def _populate_host(estate: Estate, entry: HostEntry) -> None:
    system = estate.scenario.systems[entry.system]
    names = {"hostname": entry.hostname, "machine_id": host_id(estate).hex()}
    booted = estate.clock.realtime() // SECOND - int(entry.uptime)
    root = estate.host_tree.root.children
    root["proc"] = proc_folder(estate.processes, estate.clock, None)
    root["dev"] = device_folder()
    for block in (system.files, entry.files):
        grow_tree(estate.host_tree, block, names, booted)
    estate.host_tree.make_folders("/var/lib/machines").mode = 0o40700
    estate.host_tree.make_folders("/run/systemd/system")
    init = Process(1, "/sbin/init", parent=0, unit="init.scope", started=1, memory=14 * 1024**2)
    estate.processes.spawn(init)
    for line in read_processes(entry.processes):
        unit, _, command = line.command.partition(" ")
        process = Process(0, command, user=line.user, unit=unit, memory=line.memory, load=line.load)
        process.started = 12 * SECOND
        estate.processes.spawn(process)


def host_id(estate: Estate) -> bytes:
    """The machine id of the host, 16 bytes."""
    raw = bytearray(estate.chance("id .host").randbytes(16))
    raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
    return bytes(raw)


def _image(estate: Estate, entry: ImageEntry) -> SimulatedImage:
    now = estate.clock.realtime()
    created = now - int(entry.age * SECOND) if entry.age else 0
    modified = now - int(entry.changed * SECOND) if entry.changed else 0

    def content() -> dict[str, Node]:
        names = {"hostname": entry.hostname, "machine_id": booting.machine_id(estate, entry).hex()}
        names |= {"name": entry.name}
        grown = Tree()
        for block in (estate.system_of(entry).files, entry.files):
            grow_tree(grown, block, names, created // SECOND)
        return grown.root.children

    capacity = entry.limit
    if entry.type in {ImageType.RAW, ImageType.BLOCK}:
        capacity = min(entry.limit, max(entry.size * 2, 4 * 1024**3))
    source = estate.images.get(entry.snapshot_of)
    extents = [*(source.share() if source else []), Extent(entry.size)]
    root = LazyFolder(content)
    root.mtime = created // SECOND
    return SimulatedImage(
        entry.name,
        entry.path,
        entry.type,
        Tree(root),
        entry,
        entry.is_read_only,
        created,
        modified,
        extents,
        capacity,
        entry.limit_exclusive,
        entry.is_quota_known,
    )


def _restore(estate: Estate, running: RunningEntry) -> None:
    """Have a container run that was started long ago."""
    image = estate.images[running.image]
    entry = image.entry
    if entry is None:
        return
    machine = booting.container(estate, image, entry, nspawn_unit(entry.name))
    _backdate(machine, running.since)
    if running.state == "opening":
        estate.run(booting.bring_up(estate, machine, entry))
        return
    lines = booting.process_lines(estate, entry)[1:]
    for process in booting.offspring(machine, lines, estate.chance(f"boot {entry.name}")):
        process.started = machine.timestamp_monotonic + SECOND
        estate.processes.spawn(process)
    booting.settle(estate, machine)


def _restore_vm(estate: Estate, entry: VmEntry) -> None:
    machine = booting.virtual_machine(estate, entry)
    _backdate(machine, entry.since)


def _backdate(machine: SimulatedMachine, since: float) -> None:
    machine.timestamp -= int(since * SECOND)
    machine.timestamp_monotonic -= int(since * SECOND)
    machine.leader.started = machine.timestamp_monotonic


def _write_logs(estate: Estate) -> None:
    """Write into the journal what everything logged before the start, oldest first."""
    now = estate.clock.realtime()
    logs = [(entry.name, nspawn_unit(entry.name), entry.log) for entry in estate.scenario.images if entry.log]
    logs += [(vm.name, vm.unit, vm.log) for vm in estate.scenario.vms]
    entries = []
    for name, unit, log in logs:
        pids = {process.name: process.inner_pid for process in estate.processes.of_machine(name)}
        for line in read_log(log):
            at, pid = now - int(line.ago * SECOND), pids.get(line.identifier, 0)
            entries.append(Entry(at, unit, line.identifier, pid, line.message))
    for said in sorted(entries):
        estate.journal.add(said)
