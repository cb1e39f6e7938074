"""What killed processes left behind is tidied up beside all other work; neither start nor end wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from machined.host.linux.storage import storage as storage_module
from machined.host.linux.storage import tidying
from machined.host.linux.storage.jobs import sweep
from machined.host.linux.storage.locks import left_behind, lock
from machined.host.linux.storage.report import Report
from machined.host.linux.storage.setting import Places
from tests.service.linux_storage.conftest import Estate, storage_of
from tests.service.linux_storage.kits import image, leftovers, make_directory, unwatched
from tests.service.linux_storage.test_dead import dead
from tests.support.waiting import until

ON_EXT4 = pytest.mark.parametrize("kind", ["ext4"], indirect=True)
LONG = 60
"""Seconds that nothing here may take: what hangs would take for ever."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second be a tenth of one."""
    monkeypatch.setattr(tidying, "RESTORING", 0.3)
    monkeypatch.setattr(storage_module, "_CLOSING", 0.3)


def workers(nursery: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{nursery}/task/{nursery}/children").read_text().split()]


@ON_EXT4
@pytest.mark.parametrize("folder", ["pool", "other"])
@pytest.mark.promise("Folders that never answer keep the service from neither starting nor ending")
async def test_a_folder_that_never_answers_holds_nothing_up(
    estate: Estate, impatient: None, folder: str
) -> None:
    with dead(estate.pool if folder == "pool" else estate.other):
        async with asyncio.timeout(LONG):
            storage = storage_of(estate)
            await storage.start()
            nursery = storage._crew._nursery
            assert nursery is not None
            await until(lambda: len(workers(nursery.pid)) == 1)
            await storage.close()


@ON_EXT4
async def test_a_worker_that_stands_still_is_ended(estate: Estate, impatient: None) -> None:
    """As is the process that it was born in."""
    storage = storage_of(estate)
    await storage.start()
    make_directory(estate, "tree")
    (estate.pool / "tree/large").write_bytes(os.urandom(50_000_000))
    begun = asyncio.Event()
    copying = asyncio.create_task(
        storage.clone(await image(storage, "tree"), "new", False, lambda *_: begun.set())
    )
    await begun.wait()
    nursery = storage._crew._nursery
    assert nursery is not None
    os.kill(nursery.pid, signal.SIGSTOP)
    async with asyncio.timeout(LONG):
        await storage.close()
        await asyncio.gather(copying, return_exceptions=True)
    assert nursery.returncode == -signal.SIGKILL


@ON_EXT4
async def test_limits_that_another_still_needs_raised_are_not_waited_for_long(
    estate: Estate, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    estate.locks.mkdir()
    (estate.locks / "machined-quota.limits").write_text("{}")
    storage = storage_of(estate)
    with storage_of(estate)._setting.room._record.during_work():
        async with asyncio.timeout(LONG):
            await storage.start()
    assert "not set back yet" in caplog.text
    await storage.close()


@ON_EXT4
async def test_who_ends_at_once_warns_of_nothing(
    estate: Estate, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    """As one does that finds another in its place."""
    with dead(estate.pool):
        storage = storage_of(estate)
        await storage.start()
        await storage.close()
    assert "could not be tidied up" not in caplog.text


async def test_a_large_rest_is_swept_while_others_are_served(estate: Estate) -> None:
    rest = estate.pool / ".#clone-0123456789abcdef"
    for number in range(100):
        (rest / f"folder-{number}").mkdir(parents=True)
        for name in range(50):
            (rest / f"folder-{number}/file-{name}").touch()
    make_directory(estate, "tree")
    storage = storage_of(estate)
    await storage.start()
    for number in range(20):  # beside it: locks keep the two apart
        await storage.clone(await image(storage, "tree"), f"new-{number}", False, unwatched)
    await until(lambda: not rest.exists())
    await until(lambda: leftovers(estate) == [])
    assert {f"new-{number}" for number in range(20)} <= {one.name for one in await storage.discover()}
    await storage.close()


@ON_EXT4
async def test_who_is_killed_while_it_tidies_is_followed_by_another(estate: Estate) -> None:
    """What is left behind while tidying up goes on is not forgotten."""
    storage = storage_of(estate)
    await storage.start()
    jobs: list[str] = []
    go = asyncio.Event()

    async def run(job: str, _arguments: object) -> None:
        jobs.append(job)
        await go.wait()

    await storage._tidying.end()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage._crew, "run", run)
        for _ in range(5):
            storage._tidying.begin()
            await asyncio.sleep(0)
        go.set()
        await storage._tidying.end()
    assert jobs == ["restore", "sweep"] * 2
    await storage.close()


def test_who_sweeps_makes_no_lock(tmp_path: Path) -> None:
    """Its maker was there a moment ago, and may be there again."""
    path = tmp_path / ".#tree.lck"
    with pytest.raises(FileNotFoundError), left_behind(str(path)):
        raise AssertionError("it was there")
    assert not path.exists()
    path.touch()
    with left_behind(str(path)):
        assert path.exists()
    assert not path.exists()


def test_an_unfinished_copy_that_has_lost_its_lock_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".#clone-1/etc").mkdir(parents=True)
    (tmp_path / ".#clone-2.lck").touch()
    sweep(Report(None), Places(str(tmp_path), (), (), str(tmp_path / "locks")))
    assert not list(tmp_path.iterdir())


def test_who_sweeps_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a lock that was left behind for a moment, and nobody is to be refused for that."""
    path, waited = str(tmp_path / ".#tree.lck"), list[float]()
    with contextlib.ExitStack() as sweeping:
        sweeping.enter_context(lock(path))
        with pytest.raises(OSError, match="busy"), lock(path, patience=0):
            raise AssertionError("two have it")

        def on_sleep(seconds: float) -> None:
            waited.append(seconds)
            sweeping.close()

        monkeypatch.setattr(time, "sleep", on_sleep)
        with lock(path):
            assert len(waited) == 1
