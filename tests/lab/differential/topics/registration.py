"""Registering and creating: what is checked in which order, what is asked of systemd, what is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.lab.differential.player.client import Caller
from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.playing import EVERYBODY, Pid, Play, holds
from tests.lab.differential.player.stage import Stage, ask, identity, listed, tool, unit_groups

SIGNATURES = {
    "RegisterMachine": "sayssus",
    "RegisterMachineWithNetwork": "sayssusai",
    "CreateMachine": "sayssusa(sv)",
    "CreateMachineWithNetwork": "sayssusaia(sv)",
}
BAD_NAMES = ("", ".host", "a/b", "a b", "-a", "a-", "a..b", ".a", "a.", "a_b", "é", "x" * 65, "a\nb")


def play(play: Play, stage: Stage) -> None:
    """Register what may and what may not be registered."""
    leader = stage.unit("lead")
    for member in SIGNATURES:
        _refused(play, stage, member, leader)
    _taken(play, stage, leader)
    _created(play, stage)
    _with_the_caller(play, stage)
    _started_badly(play, stage)
    tool("systemctl", "stop", "lab-lead.service", check=False)


def _words(member: str, name: str, leader: int, **other: Any) -> tuple[Any, ...]:
    given: dict[str, Any] = {"id": identity(name), "service": "lab", "kind": "container", "root": ""}
    given |= {"links": [], "scope": []} | other
    words: list[Any] = [name, given["id"], given["service"], given["kind"], leader, given["root"]]
    if "Network" in member:
        words.append(given["links"])
    if "Create" in member:
        words.append(given["scope"])
    return tuple(words)


def _try(
    play: Play,
    member: str,
    name: str,
    leader: int,
    why: str = "",
    *,
    who: Sequence[str] | str = EVERYBODY,
    until: Callable[[], bool] | None = None,
    hold: bool = False,
    **other: Any,
) -> None:
    words = _words(member, name, leader, **other)
    play.manager(member, SIGNATURES[member], *words, why=why, who=who, until=until, hold=hold)


def _refused(play: Play, stage: Stage, member: str, leader: Pid) -> None:
    for name in BAD_NAMES:
        _try(play, member, name, leader, "bad name")
    for size in (1, 15, 17, 32):
        _try(play, member, "new", leader, "bad id", id=bytes(size))
    if "Network" in member:
        for links in ([0], [-1], [1, 0]):
            _try(play, member, "new", leader, "bad interface", links=links)
    for kind in ("host", "pod", "Container"):
        _try(play, member, "new", leader, "bad class", kind=kind)
    _try(play, member, "new", 1, "process 1")
    for root in ("relative", ".", "./x"):
        _try(play, member, "new", leader, "relative root", root=root)
    _try(play, member, "new", 2**31 - 1, "no such process", until=stage.gone("new"))
    _try(play, member, "new", leader, "no class", kind="", until=stage.gone("new"))


def _taken(play: Play, stage: Stage, leader: Pid) -> None:
    other = stage.unit("other")
    _try(play, "RegisterMachine", "one", leader, root="/srv/any where/", service='a "service" \\ $x')
    for member in SIGNATURES:
        _try(play, member, "one", other, "name taken")
    tool("systemctl", "stop", "lab-lead.service", "lab-other.service")
    play.look("they are gone", until=stage.gone("one"), leaving_out="StopUnit")
    for member in SIGNATURES:
        leader = stage.unit("lead")
        _try(play, "RegisterMachine", "one", leader, who="root")
        _try(play, member, "two", leader, "leader taken", hold=True)
        _aftermath(play, stage, "one", "lab-lead.service")
    first = stage.unit("pair", "sh", "-c", "sleep infinity & echo $! >/run/lab-second; exec sleep infinity")
    holds(lambda: Path("/run/lab-second").exists())
    second = Pid(int(Path("/run/lab-second").read_text()))
    play.names.pids[second] = "second of pair"
    _try(play, "RegisterMachine", "first", first, who="root")
    _try(play, "RegisterMachine", "second", second, "unit taken", hold=True)
    _aftermath(play, stage, "first", "lab-pair.service")


def _aftermath(play: Play, stage: Stage, name: str, unit: str) -> None:
    """What became of the first machine: systemd-machined stops the unit that the refused one wanted."""

    def is_stopped() -> bool:
        return tool("systemctl", "is-active", unit, check=False) == "inactive"

    if was_stopped := holds(is_stopped, 0.5):
        holds(stage.gone(name), 0.5)
    found = ["its unit was stopped" if was_stopped else "its unit goes on"]
    found += [f"{each} is there" for each in (name, "second", "two") if listed(each)]
    play.look("what became of the first", found)
    for each in (name, "second", "two"):
        if listed(each):
            ask(play.root, "UnregisterMachine", "s", each)
    tool("systemctl", "stop", unit, check=False)
    play.look("all is taken down", leaving_out="")


def _created(play: Play, stage: Stage) -> None:
    leader = stage.unit("lent")
    scope = [
        ("Description", Typed("s", "of the caller's own")),
        ("CPUWeight", Typed("t", 77)),
        ("TimeoutStopUSec", Typed("t", 5_000_000)),
    ]
    _try(
        play,
        "CreateMachineWithNetwork",
        "made-1.x",
        leader,
        root="/srv/made",
        links=[1],
        scope=scope,
        who="root",
    )
    unit = "machine-made\\x2d1.x.scope"
    keys = "Description,CPUWeight,Slice,Delegate,TasksMax,CollectMode,ActiveState,TimeoutStopUSec"
    play.look("the scope", tool("systemctl", "show", f"--property={keys}", unit).splitlines())
    play.look("the leader's group", _group(leader))
    play.manager("GetMachineByPID", "u", leader, who="root")
    _try(play, "CreateMachine", "made-2", leader, "leader taken", who="root")
    play.look("the scope's state", tool("systemctl", "is-active", unit, check=False))
    play.manager("UnregisterMachine", "s", "made-1.x", who="root", until=stage.gone("made-1.x"))
    play.look("the scope's state", tool("systemctl", "is-active", unit, check=False))
    tool("kill", str(leader))
    play.look("the scope goes", until=lambda: _is_absent(unit))
    leader = stage.unit("lent2")
    _try(play, "CreateMachine", "veem", leader, kind="vm", id=bytes(16), who="root")
    unit = "machine-veem.scope"
    play.look("the scope", tool("systemctl", "show", "--property=Description,Slice", unit).splitlines())
    tool("systemctl", "kill", unit)
    play.look("its leader ends", until=stage.gone("veem"), leaving_out="StopUnit")
    play.look("the scope goes", until=lambda: _is_absent(unit))


def _group(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return [line.split(":")[2] for line in lines if line.split(":")[1] in {"", "name=systemd"}]


def _is_absent(unit: str) -> bool:
    return tool("systemctl", "show", "--value", "--property=LoadState", unit) == "not-found"


def _with_the_caller(play: Play, stage: Stage) -> None:
    stage.unit("callers")
    play.add_caller("a process of callers", Caller(None, unit_groups("lab-callers.service")))
    _try(play, "RegisterMachine", "myself", 0, who="a process of callers")
    play.manager("GetMachineByPID", "u", 0, who="a process of callers")
    _try(play, "CreateMachine", "myself2", 0, "leader taken", who="a process of callers")
    play.manager("UnregisterMachine", "s", "myself", who="root", until=stage.gone("myself"))
    _try(play, "CreateMachine", "myself", 0, who="a process of callers")
    play.manager("GetMachineByPID", "u", 0, who="a process of callers")
    play.manager("UnregisterMachine", "s", "myself", who="root", until=stage.gone("myself"))
    tool("systemctl", "stop", "machine-myself.scope", "lab-callers.service", check=False)


def _started_badly(play: Play, stage: Stage) -> None:
    leader = stage.unit("lent3")
    bad: dict[str, list[tuple[str, Typed]]] = {
        "unknown scope property": [("NoSuchProperty", Typed("s", "x"))],
        "scope property of another type": [("CPUWeight", Typed("s", "x"))],
        "scope job failed": [
            ("Requires", Typed("as", ["lab-fails.service"])),
            ("After", Typed("as", ["lab-fails.service"])),
        ],
    }
    unit = Path("/run/systemd/system/lab-fails.service")
    unit.write_text("[Service]\nType=oneshot\nExecStart=/bin/false\n")
    tool("systemctl", "daemon-reload")
    for why, scope in bad.items():
        # Without the property systemd-machined asks again, and then without any of the caller's
        until = stage.gone("new") if "unknown" not in why else None
        _try(play, "CreateMachine", "new", leader, why, scope=scope, who="nobody")
        _try(play, "CreateMachine", "new", leader, why, scope=scope, who="root", until=until)
        play.look("the leader", tool("ps", "-o", "comm=", "-p", str(leader), check=False))
        play.manager("UnregisterMachine", "s", "new", who="root")
        tool("systemctl", "stop", "machine-new.scope", "lab-lent3.service", check=False)
        leader = stage.unit("lent3")
    tool("systemctl", "stop", "lab-lent3.service", check=False)
    leader = stage.unit("lent4")
    tool("systemd-run", "--quiet", "--unit=machine-new.service", "sleep", "infinity")
    other = stage.unit("lent5")
    _try(play, "CreateMachine", "new", leader, who="root")
    play.manager("UnregisterMachine", "s", "new", who="root")
    _try(play, "CreateMachine", "new", other, "scope exists", until=stage.gone("new"))
    _stray(play)
    tool("systemctl", "stop", "machine-new.scope", "machine-new.service", "lab-lent5.service", check=False)


def _stray(play: Play) -> None:
    """A process whose control group is that of no unit."""
    stray = Caller()
    for tree in ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"):
        group = Path(tree) / "machine.slice/stray"
        if (group.parent / "cgroup.procs").exists():
            group.mkdir()
            (group / "cgroup.procs").write_text(str(stray.pid))
    play.add_caller("a stray process", stray)
    _try(play, "RegisterMachine", "stray", 0, "no unit", who="a stray process")
    _try(play, "RegisterMachine", "stray", stray_pid := Pid(stray.pid), "no unit")
    play.manager("GetMachineByPID", "u", stray_pid, why="no machine for the process")
    play.manager("GetMachine", "s", "stray", who="root")
