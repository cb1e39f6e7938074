"""Copies by systemd's own service, as its processes tell of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from machinedeck.model.operation import Operation
from machinedeck.sources.copy_work import COPY, FIRST, SEARCH_SECONDS, SERVICE, CopyWork
from machinedeck.sources.long_work import Looks


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Processes: the leaders of two machines, and something else."""
    for pid, name in (("10", "systemd"), ("20", "systemd"), ("30", "bash")):
        process(tmp_path, pid, name, pid)
    (tmp_path / "self").symlink_to("30")
    return tmp_path


def process(proc: Path, pid: str, name: str, mounts: str, *, children: str = "", written: int = 0) -> None:
    folder = proc / pid
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "task" / pid).mkdir(parents=True)
    (folder / "ns").mkdir()
    os.symlink(f"mnt:[{mounts}]", folder / "ns/mnt")
    (folder / "comm").write_text(f"{name}\n")
    (folder / "task" / pid / "children").write_text(children)
    (folder / "io").write_text(f"rchar: 1\nwchar: {written}\nsyscr: 1\n")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def copying(id: int, machine: str, done: int) -> Operation:
    return Operation(id, "copy", machine, done, 0, is_estimated=True)


def test_a_copy_is_told_by_the_machine_it_has_entered(proc: Path) -> None:
    process(proc, "5", SERVICE, "1", children="6 7 8 ")
    process(proc, "6", COPY, "20", written=1000)
    process(proc, "7", COPY, "1", written=1)  # it has entered none yet
    process(proc, "8", "(sd-openpt)", "10")
    work = CopyWork(lambda: {"web": 10, "db": 20}, proc)
    assert work.look() == [copying(FIRST - 1, "db", 1000)]
    process(proc, "6", COPY, "20", written=3000)
    process(proc, "7", COPY, "10", written=5)
    assert work.look() == [copying(FIRST - 1, "db", 3000), copying(FIRST - 2, "web", 5)]
    process(proc, "5", SERVICE, "1", children="7 ")
    shutil.rmtree(proc / "6")
    assert work.look() == [copying(FIRST - 2, "web", 5)]
    process(proc, "5", SERVICE, "1")
    assert work.look() == []
    assert Looks(work, work).look() == []


def test_the_service_is_searched_for_now_and_then(proc: Path) -> None:
    clock = Clock()
    work = CopyWork(lambda: {"web": 10}, proc, clock)
    assert work.look() == []
    process(proc, "5", SERVICE, "1", children="6 ")
    process(proc, "6", COPY, "10", written=1)
    clock.now = SEARCH_SECONDS / 2
    assert work.look() == [], "not all processes are looked at each time"
    clock.now = SEARCH_SECONDS + 1
    assert len(work.look()) == 1
    shutil.rmtree(proc / "5")  # it is restarted
    process(proc, "9", SERVICE, "1", children="6 ")
    assert len(work.look()) == 1


def test_where_no_machine_runs_nothing_is_looked_at(tmp_path: Path) -> None:
    assert CopyWork(dict, tmp_path / "missing").look() == []


def test_what_is_not_ours_to_know_is_left_out(proc: Path) -> None:
    process(proc, "5", SERVICE, "1", children="6 ")
    process(proc, "6", COPY, "10")
    (proc / "6/ns/mnt").unlink()
    (proc / "10/ns/mnt").unlink()
    assert CopyWork(lambda: {"web": 10}, proc).look() == []
