"""What machines use: rates, trees of processes, and where the kernel counts."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from machinedeck.core.status import Link, Status
from machinedeck.core.store import Store
from machinedeck.core.usage import FIRST_SECONDS, IN_TURN, SAMPLE_SECONDS, Sampler
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine, State
from machinedeck.model.usage import Counted, Process, Usage, tree
from machinedeck.sources.usage import counters, groups, local
from machinedeck.sources.usage.counters import Counters, summed
from machinedeck.sources.usage.groups import find_trees, folders_of, pids_below
from machinedeck.sources.usage.local import LocalUsage
from machinedeck.sources.usage.processes import read_process, read_processes, send_signal
from machinedeck.sources.usage.whole_host import count_host
from tests.support.demo_service import wait_until
from tests.support.fake_host import machine


class Source:
    """Counts what a test says."""

    def __init__(self) -> None:
        self.counted: dict[str, Counted | None] = {}

    async def count(self, machine: Machine) -> Counted | None:
        if machine.name not in self.counted:
            raise Failure(Kind.NOT_THERE, "It ended.")
        return self.counted[machine.name]

    async def processes(self, machine: Machine) -> list[Process]:
        return []

    def keep(self, names: set[str]) -> None:
        self.counted = {name: counted for name, counted in self.counted.items() if name in names}


async def test_the_host_itself_is_counted_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  100 10 40 9000 70 5 5 40 30 0\ncpu0 1 1 1 1\n")
    (tmp_path / "meminfo").write_text("MemTotal:  1000 kB\nMemFree:  1 kB\nMemAvailable:  600 kB\n")
    (tmp_path / "loadavg").write_text("0.10 0.20 0.30 2/345 6789\n")
    busy = 100 + 10 + 40 + 5 + 5 + 40
    assert count_host(tmp_path) == Counted(busy * 10**9 // os.sysconf("SC_CLK_TCK"), 400 * 1024, 345)
    usage = LocalUsage()
    itself = machine(".host", kind="host", unit="-.slice", leader=1)
    real = await usage.count(itself)
    assert real is not None
    assert min(real.cpu or 0, real.memory or 0, real.tasks or 0) > 0
    assert not real.is_summed
    usage.close()


async def test_the_host_is_looked_at_beside_its_machines() -> None:
    store, source, now = Store(), Source(), [10.0]
    store.set_machines([machine("web"), machine(".host", kind="host")])
    sampler = Sampler(store, source, lambda: now[0])
    source.counted = {"web": Counted(1, 2, 3), ".host": Counted(10**9, 1 << 30, 200)}
    await sampler.look()
    now[0] += 2
    source.counted[".host"] = Counted(2 * 10**9, 1 << 30, 200)
    await sampler.look()
    assert store.usage[".host"] == Usage(50.0, 1 << 30, 200, False)


@pytest.mark.parametrize(
    ("machines", "pause"),
    [([], SAMPLE_SECONDS), ([machine("new", state=State.UNKNOWN)], FIRST_SECONDS),
     ([machine("web")], SAMPLE_SECONDS)],
    ids=["none", "not looked at yet", "one"],
)  # fmt: skip
async def test_the_host_alone_is_counted_no_more_often_than_machines(
    machines: list[Machine], pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, source, slept = Store(), Source(), list[float]()

    async def note(seconds: float) -> None:
        slept.append(seconds)
        raise asyncio.CancelledError

    store.set_status(Status(Link.UP))
    store.set_machines([*machines, machine(".host", kind="host")])
    source.counted = {"web": Counted(1, 2, 3), ".host": Counted(10**9, 1 << 30, 200)}
    monkeypatch.setattr(asyncio, "sleep", note)
    with pytest.raises(asyncio.CancelledError):
        await Sampler(store, source, lambda: 10.0).run()
    assert ".host" in store.usage
    assert slept == [pause]


async def test_a_share_needs_two_looks_at_the_same_run() -> None:
    store, source, now = Store(), Source(), [10.0]
    store.set_machines([machine("web"), machine("gone"), machine("off", state=State.STOPPED)])
    sampler = Sampler(store, source, lambda: now[0])
    source.counted["web"] = Counted(1_000_000_000, 4096, 3)
    await sampler.look()
    assert store.usage == {"web": Usage(None, 4096, 3, False)}
    now[0] += 2
    source.counted["web"] = Counted(2_000_000_000, 8192, 3, is_summed=True)
    await sampler.look()
    assert store.usage == {"web": Usage(50.0, 8192, 3, True)}
    now[0] += 2
    source.counted["web"] = Counted(1, 8192, 3)
    await sampler.look()
    assert store.usage["web"].cpu == 0, "a process that ended takes its time along"
    store.update_machine(machine("web", timestamp_monotonic=7))
    await sampler.look()
    assert store.usage["web"].cpu is None, "another run of it"
    source.counted["web"] = None
    await sampler.look()
    assert store.usage == {}


async def test_of_very_many_those_that_are_seen_are_looked_at_each_time_and_others_in_turn() -> None:
    store, source, looked = Store(), Source(), []
    names = [f"m{number:04}" for number in range(1000)]
    store.set_machines([machine(name) for name in names])
    count = source.count

    async def count_and_note(machine: Machine) -> Counted | None:
        looked.append(machine.name)
        return await count(machine)

    source.count = count_and_note  # type: ignore[method-assign]
    source.counted = dict.fromkeys(names, Counted(0, 4096, 3))
    sampler = Sampler(store, source, lambda: 10.0, seen=lambda: ["m0500", "m0501"])
    await sampler.look()
    assert len(store.usage) == len(looked) == 1000, "the first look is at all"
    looked.clear()
    await sampler.look()
    assert looked[:2] == ["m0500", "m0501"]
    assert len(looked) == 2 + IN_TURN
    for _ in range(9):
        await sampler.look()
    assert set(looked) == set(names)
    del source.counted["m0007"]
    store.remove_machine("m0009")
    while "m0007" in store.usage:
        await sampler.look()
    assert set(store.usage) == set(names) - {"m0007", "m0009"}


def _process(pid: int, parent: int) -> Process:
    return Process(pid, parent, "x", 0, "S", 1, 1, 1, 1)


def test_processes_stand_below_their_parents() -> None:
    shuffled = [_process(30, 10), _process(11, 10), _process(10, 1), _process(12, 11), _process(40, 2)]
    assert [(branch.process.pid, branch.depth) for branch in tree(shuffled)] == [
        (10, 0),
        (11, 1),
        (12, 2),
        (30, 1),
        (40, 0),
    ]


MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_a_units_folders_are_found_by_its_leader() -> None:
    trees = find_trees(MOUNTS)
    assert trees == {
        "cpuacct": Path("/sys/fs/cgroup/cpu,cpuacct"),
        "memory": Path("/sys/fs/cgroup/mem ory"),
        "": Path("/sys/fs/cgroup/unified"),
    }
    unit = "systemd-nspawn@web.service"
    said = (
        f"8:cpu,cpuacct:/machine.slice/{unit}/payload\n4:memory:/machine.slice\n0::/machine.slice/{unit}/a\n"
    )
    assert folders_of(unit, said, trees) == {
        "cpuacct": Path(f"/sys/fs/cgroup/cpu,cpuacct/machine.slice/{unit}"),
        "": Path(f"/sys/fs/cgroup/unified/machine.slice/{unit}"),
    }


def test_counters_are_read_again_and_again_and_end_with_their_group(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 5\nuser_usec 3\n")
    (tmp_path / "memory.current").write_text("4096\n")
    (tmp_path / "pids.current").write_text("2\n")
    counters = Counters({"": tmp_path})
    assert counters.read() == Counted(5000, 4096, 2)
    (tmp_path / "memory.current").write_text("8192\n")
    assert counters.read() == Counted(5000, 8192, 2)
    counters.close()


def test_what_no_group_counts_is_summed_up(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 5\n")
    below = tmp_path / "payload"
    below.mkdir()
    (below / "cgroup.procs").write_text(f"{os.getpid()}\n0\n")
    assert list(pids_below(tmp_path)) == [os.getpid()]
    counters = Counters({"": tmp_path})
    assert counters.read() == Counted(5000)
    assert counters.processes_folder == tmp_path
    counted = summed(counters.read(), tmp_path)
    counters.close()
    assert counted.is_summed
    assert counted.cpu == 5000
    assert counted.memory
    assert counted.memory > 1 << 20
    assert counted.tasks
    assert list(pids_below(tmp_path / "gone")) == []


async def test_what_a_machine_makes_very_many_of_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty thousand groups took the event loop five seconds, every two seconds."""
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    for at in range(20):
        (tmp_path / f"group-{at}").mkdir()
        (tmp_path / f"group-{at}/cgroup.procs").write_text("1\n")
    monkeypatch.setattr(groups, "MOST_GROUPS", 10)
    assert list(pids_below(tmp_path)) == [os.getpid(), *[1] * 9]
    threads: set[str] = set()

    def read(pids: Iterable[int], *, has_commands: bool) -> list[Process]:
        threads.add(threading.current_thread().name)
        return read_processes(pids, has_commands=has_commands)

    for module in (counters, local):
        monkeypatch.setattr(module, "read_processes", read)
    monkeypatch.setattr(local.LocalUsage, "_counters", lambda *_: Counters({"": tmp_path}))
    usage = local.LocalUsage()
    counted = await usage.count(machine("web"))
    assert counted is not None
    assert counted.is_summed
    assert {process.pid for process in await usage.processes(machine("web"))} == {1, os.getpid()}
    assert threads == {"apart"}


def test_a_signal_reaches_the_process_that_was_meant_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            wait_until(lambda: _command(child.pid) == "sleep 60", "it has begun")
            process = read_process(child.pid)
            assert process is not None
            with pytest.raises(ProcessLookupError):
                send_signal(process._replace(started=1), signal.SIGTERM)
            assert child.poll() is None
            send_signal(process, signal.SIGTERM)
            assert child.wait(10) == -signal.SIGTERM
        finally:
            child.kill()
    assert read_process(child.pid) is None


def _command(pid: int) -> str:
    process = read_process(pid)
    return "" if process is None else process.command
