"""The scenario of a simulated host: what is there at the start. Read from `demo.toml` and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from machined.contract import IMAGE_FOLDERS, UNKNOWN_SIZE, is_machine_name
from machined.host.simulated.blocks import grow_tree, read_log, read_processes
from machined.host.simulated.entries import (
    INITS,
    NETWORKS,
    NO_SYSTEM,
    Happening,
    HostEntry,
    ImageEntry,
    RunningEntry,
    System,
    VmEntry,
)
from machined.host.simulated.fields import ScenarioError, Table
from machined.host.simulated.tree import Tree
from machined.host.storage import ImageType

__all__ = ["Scenario", "ScenarioError", "demo_file", "read_scenario"]


class Scenario(NamedTuple):
    """All that is there at the start."""

    host: HostEntry
    systems: dict[str, System]
    images: list[ImageEntry]
    machines: list[RunningEntry]
    vms: list[VmEntry]
    failed: list[str]
    """Images whose unit failed before the start."""
    happenings: list[Happening]

    def check_blocks(self) -> None:
        """Read the blocks too, which else are read when they are needed.

        Raises:
            ScenarioError: One of them cannot be understood.
        """
        blocks: list[tuple[str, str, str]] = [("host", self.host.files, self.host.processes)]
        blocks += [(name, system.files, system.processes) for name, system in self.systems.items()]
        blocks += [(image.name, image.files, image.processes) for image in self.images]
        logs = [(image.name, image.log + "\n" + image.chatter) for image in self.images]
        logs += [(vm.name, vm.log) for vm in self.vms]
        name = ""
        try:
            for name, files, processes in blocks:  # noqa: B007
                grow_tree(Tree(), files, {}, 0)
                read_processes(processes)
            for name, log in logs:  # noqa: B007
                read_log(log)
        except ValueError as error:
            raise ScenarioError(f"{name}: {error}") from error


def demo_file() -> Path:
    """The scenario that comes with the program: in an installed package, else in the checkout."""
    here = Path(__file__)
    installed = here.parents[2] / "assets" / "demo.toml"
    return installed if installed.exists() else here.parents[4] / "assets" / "demo.toml"


def read_scenario(path: Path | None = None) -> Scenario:
    """Read a scenario.

    Args:
        path: Its file; unless given, the one that comes with the program.

    Raises:
        ScenarioError: It cannot be understood; the message says where.
        OSError: The file cannot be read.
    """
    try:
        fields = tomllib.loads((path or demo_file()).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path or demo_file()}: {error}") from error
    top = Table("", fields)
    scenario = Scenario(
        _host(top.table("host")),
        _systems(top.named_tables("systems")),
        [_image(table) for table in top.tables("images")],
        [_running(table) for table in top.tables("machines")],
        [_vm(table) for table in top.tables("vms")],
        top.texts("failed"),
        [_happening(table) for table in top.tables("happenings")],
    )
    top.end()
    _check_names(scenario)
    if path is not None:
        scenario.check_blocks()
    return scenario


def _host(table: Table) -> HostEntry:
    entry = HostEntry(
        hostname=table.text("hostname"),
        system=table.text("system"),
        uptime=table.duration("uptime"),
        size=table.size("size"),
        age=table.duration("age"),
        has_vsock=table.flag("vsock"),
        pool_overhead=table.size("pool_overhead", 0),
        pool_limit=table.size("pool_limit", UNKNOWN_SIZE),
        addresses=table.addresses("addresses"),
        files=table.text("files", ""),
        processes=table.text("processes", ""),
    )
    table.end()
    return entry


def _systems(tables: dict[str, Table]) -> dict[str, System]:
    systems: dict[str, System] = {}
    for name, table in tables.items():
        like = table.text("like", "")
        if like and like not in systems:
            raise table.error("like", f"is {like!r}, and there is no such system before it")
        base = systems.get(like, NO_SYSTEM)
        systems[name] = System(
            table.choice("init", INITS),
            table.flag("bus"),
            base.files + table.text("files", ""),
            table.text("processes", base.processes),
        )
        table.end()
    return systems


def _image(table: Table) -> ImageEntry:
    name = table.text("name")
    kind = ImageType(table.choice("type", tuple(ImageType)))
    suffix = ".raw" if kind is ImageType.RAW else ""
    where = table.choice("folder", IMAGE_FOLDERS, "/var/lib/machines")
    entry = ImageEntry(
        name=name,
        path=f"{where}/{name}{suffix}",
        type=kind,
        system=table.text("system", ""),
        is_read_only=table.flag("read_only"),
        age=(age := table.duration("age", 0)),
        changed=table.duration("changed", age),
        size=table.size("size"),
        snapshot_of=table.text("snapshot_of", ""),
        limit=table.size("limit", UNKNOWN_SIZE),
        limit_exclusive=table.size("limit_exclusive", UNKNOWN_SIZE),
        is_quota_known=not table.flag("no_quota"),
        network=table.choice("network", NETWORKS, "veth"),
        addresses=table.addresses("addresses"),
        user_shift=table.number("user_shift", 0),
        hostname=table.text("hostname", name),
        boot=table.duration("boot", 0),
        shutdown=table.duration("shutdown", 2),
        fails=table.text("fails", ""),
        files=table.text("files", ""),
        processes=table.text("processes", ""),
        log=table.text("log", ""),
        chatter=table.text("chatter", ""),
    )
    if entry.user_shift % 65536:
        raise table.error("user_shift", "is no multiple of 65536")
    table.end()
    return entry


def _running(table: Table) -> RunningEntry:
    state = table.choice("state", ("running", "opening", "closing"), "running")
    entry = RunningEntry(table.text("name"), table.duration("since"), state)
    table.end()
    return entry


def _vm(table: Table) -> VmEntry:
    entry = VmEntry(
        name=table.text("name"),
        service=table.text("service"),
        unit=table.text("unit"),
        image=table.text("image", ""),
        since=table.duration("since"),
        command=table.text("command"),
        memory=table.size("memory"),
        load=table.number("load") / 100,
        vsock_cid=table.number("vsock_cid", 2**32 - 1),
        ssh_address=table.text("ssh_address", ""),
        ssh_private_key_path=table.text("ssh_private_key_path", ""),
        log=table.text("log", ""),
    )
    table.end()
    return entry


def _happening(table: Table) -> Happening:
    entry = Happening(table.text("name"), table.duration("runs"), table.duration("rests"))
    table.end()
    return entry


def _check_names(scenario: Scenario) -> None:
    """See that what refers to something finds it, and that no name is there twice."""
    images = [image.name for image in scenario.images]
    machines = [entry.image for entry in scenario.machines] + [vm.name for vm in scenario.vms]
    for kind, names in (("images", images), ("machines", machines)):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ScenarioError(f"{kind}: {', '.join(sorted(twice))} is there twice")
    for number, image in enumerate(scenario.images):
        if image.snapshot_of and image.snapshot_of not in images[:number]:
            raise ScenarioError(f"images[{number}] {image.name}: there is no {image.snapshot_of} before it")
    systems = {image.system for image in scenario.images if image.system} | {scenario.host.system}
    if missing := systems - scenario.systems.keys():
        raise ScenarioError(f"systems: there is no {', '.join(sorted(missing))}")
    wanted = {entry.image for entry in scenario.machines} | {one.image for one in scenario.happenings}
    wanted |= set(scenario.failed) | {vm.image for vm in scenario.vms if vm.image}
    if missing := wanted - set(images):
        raise ScenarioError(f"images: there is no {', '.join(sorted(missing))}")
    if bad := [name for name in machines if not is_machine_name(name)]:
        raise ScenarioError(f"machines: {', '.join(bad)} cannot be the name of a machine")
