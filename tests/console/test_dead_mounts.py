"""What is below a mount that never answers holds up nothing else, and nobody who leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from asyncinotify import Inotify, Mask, Watch

from machinedeck.apart import Apart, apart
from machinedeck.core.follower import Follower, Local
from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.model.image import Space
from machinedeck.model.usage import Process
from machinedeck.sources import image_folders
from machinedeck.sources.host_paths import HostPaths
from machinedeck.sources.interfaces import interface_name
from machinedeck.sources.machine_paths import paths as machine_paths
from machinedeck.sources.usage import local
from machinedeck.sources.usage.counters import Counters
from machinedeck.sources.usage.processes import read_processes, send_signal
from tests.console.test_leaving import MACHINEDECK, address
from tests.support.dead_mount import dead_mount
from tests.support.fake_host import FakeHost, machine
from tests.support.pty_program import PtyProgram
from tests.support.waiting import until

DEAD = pytest.mark.promise("A dead mount holds up nothing else, and nobody who leaves", where="bare host")
ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="mounts something, which only root can"
)

__all__ = ["address"]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What the mount waits for: it answers when the test has ended."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "apart":
            thread.join(10)


async def test_what_comes_back_and_what_does_not(gate: threading.Event) -> None:
    assert await apart(max, [1, 3, 2], default=0) == 3
    with pytest.raises(ZeroDivisionError):
        await apart(lambda: 1 // 0)
    never = [asyncio.create_task(apart(gate.wait)) for _ in range(100)]
    await asyncio.sleep(0)
    assert await apart(abs, -1) == 1, "however many wait, there is a thread for one more"
    for task in never:
        task.cancel()
    await asyncio.wait(never, timeout=10)
    assert all(task.cancelled() for task in never)


async def test_one_look_at_a_time_and_only_so_long(gate: threading.Event) -> None:
    looks = Apart(0.05)
    with pytest.raises(TimeoutError):
        await looks.look(gate.wait)
    with pytest.raises(TimeoutError, match="has not come back"):
        await looks.look(abs, -1)
    gate.set()
    await until(lambda: not looks.is_out)
    assert await looks.look(abs, -1) == 1


async def test_where_no_thread_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    looks = Apart(5)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(BlockingIOError, match="no thread"):
            await looks.look(abs, -1)
    assert await looks.look(abs, -1) == 1, "the next look is not refused for it"


async def test_a_pool_whose_file_system_never_answers_is_a_pool(
    host: FakeHost, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("machinedeck.core.lists.SPACE_SECONDS", 0.05)
    asked = []

    def space(path: str) -> Space | None:
        asked.append(path)
        gate.wait()
        return None

    follower = Follower(host, Store(), local=Local(host, space, send_signal, interface_name))
    following = follower.start()
    try:
        await until(lambda: Part.POOL in follower.store.read, what="the pool to be read")
        follower.retry()
        await until(lambda: host.calls.count(("pool",)) > 1, what="the pool to be read again")
        await until(lambda: not follower._lists._pool._task or follower._lists._pool._task.done())
        assert len(asked) == 1
    finally:
        following.cancel()
        await asyncio.wait([following])


async def test_a_folder_that_does_not_answer_leaves_the_others_followed(
    tmp_path: Path, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    for folder in (dead, alive):
        folder.mkdir()
    add, changed, watched = Inotify.add_watch, asyncio.Event(), []

    def add_if_alive(inotify: Inotify, path: Path, mask: Mask) -> Watch:
        if path == dead:
            gate.wait()
        watch = add(inotify, path, mask)
        watched.append(path)
        return watch

    monkeypatch.setattr(Inotify, "add_watch", add_if_alive)
    monkeypatch.setattr(image_folders, "PATIENCE_SECONDS", 0.05)
    following = asyncio.create_task(image_folders.follow_image_folders([str(dead), str(alive)], changed.set))
    try:
        await until(lambda: watched == [alive], what="the folder after it to be followed")
        (alive / "new").mkdir()
        await asyncio.wait_for(changed.wait(), 10)
    finally:
        following.cancel()
        await asyncio.wait([following])


async def test_processes_have_their_short_names_where_a_command_line_never_comes(
    tmp_path: Path, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    looks: list[bool] = []

    def read(pids: Iterable[int], *, has_commands: bool = True) -> list[Process]:
        looks.append(has_commands)
        if has_commands:
            gate.wait()
        return read_processes(pids, has_commands=has_commands)

    monkeypatch.setattr(local, "read_processes", read)
    monkeypatch.setattr(local, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(local.LocalUsage, "_counters", lambda *_: Counters({"": tmp_path}))
    usage = local.LocalUsage()
    for _ in range(2):
        (process,) = await usage.processes(machine("web"))
        assert process.pid == os.getpid()
        assert process.command.startswith("[")
        usage.keep(set())  # as while it shuts down, and what it uses is not counted
    assert looks == [True, False, False], "one thread waits, however often one looks"


@ROOT
@DEAD
@pytest.mark.parametrize("is_greeted", [True, False], ids=["held", "killable"])
def test_a_path_below_a_dead_mount(address: str, is_greeted: bool) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,  # its name is short: the whole path is seen
        dead_mount(Path(folder, "dead"), is_greeted=is_greeted) as inside,
        PtyProgram([*inside, *MACHINEDECK], environment={"DBUS_SYSTEM_BUS_ADDRESS": address}) as program,
    ):
        program.wait_for("● running")
        program.send(b"c")
        program.wait_for("Copy to")
        for character in f"{folder}/dead/abcdefgh":
            program.send(character.encode())
        program.wait_for("dead/abcdefgh")
        program.send(b"\x15" + b"/etc/passw")
        program.wait_for("/etc/passwd")
        program.send(b"\x1b")
        program.wait(lambda program: "Copy to" not in program.screen)
        program.send(b"q")
        assert program.wait_end(10) == 0
        program.assert_left_as_found()


@ROOT
@DEAD
def test_saving_to_a_dead_mount_and_a_pool_on_one(address: str) -> None:
    with (
        dead_mount(Path("/var/lib/machines")) as inside,
        PtyProgram([*inside, *MACHINEDECK], environment={"DBUS_SYSTEM_BUS_ADDRESS": address}) as program,
    ):
        program.wait_for("● live")
        program.wait_for("not counted")
        program.send(b"J")
        program.wait_for("What was done from here")
        program.send(b"e")
        program.wait_for("Export")
        program.send(b"\x15/var/lib/machines/deeds\r")
        program.wait(lambda program: "Export 0" not in program.screen)
        program.send(b"\x1b")
        program.wait_for("machine-01")
        program.send(b"q")
        assert program.wait_end(10) == 0
        program.assert_left_as_found()


async def test_nobody_asks_twice_below_what_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_paths, "PATIENCE_SECONDS", 1.0)
    (tmp_path / "here").touch()
    paths = HostPaths()
    assert await paths.complete(f"{tmp_path}/h") == f"{tmp_path}/here"
    assert paths._paths is not None
    reader = paths._paths._process
    assert reader is not None
    os.kill(reader.pid, signal.SIGSTOP)
    began = time.monotonic()
    questions = [paths.complete(f"{tmp_path}/{'x' * length}") for length in range(1, 21)]
    assert await asyncio.gather(*questions) == [None] * 20
    assert time.monotonic() - began < 5, "only the newest is asked after the first"
    assert await paths.complete(f"{tmp_path}/x/below") is None
    assert paths._paths is None
    assert await paths.complete(f"{tmp_path}/h") == f"{tmp_path}/here", "the rest of the folder answers"
    assert await paths.complete("/et") == "/etc/"
    last = paths._paths._process if paths._paths else None
    paths.close()
    assert await reader.wait() < 0
    assert last is not None
    assert await last.wait() < 0
