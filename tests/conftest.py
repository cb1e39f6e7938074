"""What every test shares: the check that nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.support.proof import Proof


def open_fds() -> dict[int, str]:
    """The open file descriptors of this process and what they lead to."""
    found = {}
    for entry in os.listdir("/proc/self/fd"):
        try:
            found[int(entry)] = os.readlink(f"/proc/self/fd/{entry}")
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return found


def children() -> set[int]:
    """The process ids of our children, zombies included."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended meanwhile
            found.update(map(int, (task / "children").read_text().split()))
    return found


def mounts() -> list[str]:
    """The mounts of this mount namespace; loop devices show by theirs."""
    return sorted(
        line.split(" - ")[0].split(" ", 4)[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
    )


def cgroups() -> set[str]:
    """The control groups right below the roots, but for those of lab hosts, which outlive a test."""
    roots = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup")]
    trees = [root for root in roots if (root / "cgroup.procs").exists()]
    found = (path for tree in trees for path in tree.iterdir() if path.is_dir())
    return {str(path) for path in found if path.name != "machinedeck-lab"}


Count = Callable[[], set[str]]


@pytest.fixture(scope="session")
def counts(pytestconfig: pytest.Config) -> dict[str, Count]:
    """What a test could leave behind, by kind."""
    found: dict[str, Count] = {
        # pytest puts the first three back before it tells of an interrupt.
        "descriptors": lambda: {f"{fd} -> {to}" for fd, to in open_fds().items() if fd > 2},
        "children": lambda: {str(pid) for pid in children()},
        "mounts": lambda: set(mounts()),
    }
    return found if pytestconfig.getoption("--beside") else found | {"control groups": cgroups}


@pytest.fixture(autouse=True)
def nothing_left(counts: dict[str, Count], request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a descriptor, child process, mount or control group behind."""
    before = {kind: count() for kind, count in counts.items()}
    yield
    if request.session.exitstatus == pytest.ExitCode.INTERRUPTED:
        return  # it was cut off anywhere
    deadline = time.monotonic() + 20
    while left := {kind: new for kind, count in counts.items() if (new := count() - before[kind])}:
        assert time.monotonic() < deadline, f"the test left behind: {left}"
        gc.collect()
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def no_task_left_by_coroutines(request: pytest.FixtureRequest) -> None:
    """Have the tasks counted around every test that has an event loop."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("no_task_left")


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task of the event loop running."""
    before = asyncio.all_tasks()
    yield
    deadline = time.monotonic() + 20
    while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
        assert time.monotonic() < deadline, f"the test left tasks: {left}"
        await asyncio.sleep(0.01)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", metavar="FILE", help="write the list of promises and how they stand")
    parser.addoption("--promises", metavar="FILE", help="write notes for the list of several runs")
    told = "other tests run at the same time: control groups that come may be theirs, and are not looked for"
    parser.addoption("--beside", action="store_true", help=told)
    parser.addoption("--release", metavar="NAME", help="run those tests of the lab that are this release's")


def pytest_configure(config: pytest.Config) -> None:
    document, notes = config.getoption("--proof"), config.getoption("--promises")
    if document or notes:
        proof = Proof(document=document and Path(document), notes=notes and Path(notes))
        config.pluginmanager.register(proof, "proof")
