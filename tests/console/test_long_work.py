"""Long work of a service that tells nothing of it, seen from the outside."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from machined.host.linux.storage.locks import lock
from machinedeck.model.event import Event, OperationEnded, OperationMoved
from machinedeck.model.operation import Operation
from machinedeck.sources import long_work
from machinedeck.sources.long_work import IDLE_SECONDS, LongWork, follow_long_work
from tests.console.conftest import Open
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

ESTIMATED = Operation(-1, "remove", "web-1", 1, 4, is_estimated=True)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    for name in ("pool", "locks"):
        (tmp_path / name).mkdir()
    return tmp_path / "pool"


def watcher(pool: Path, *used: str) -> LongWork:
    now = count(step=IDLE_SECONDS / 2)  # each time it is asked
    return LongWork(lambda name: name in used, pool, pool.parent / "locks", lambda: next(now))


def fill(path: Path, *sizes: int) -> None:
    path.mkdir(exist_ok=True)
    for number, size in enumerate(sizes):
        (path / f"file-{size}-{number}").write_bytes(os.urandom(size))


@contextlib.contextmanager
def removing(pool: Path, name: str) -> Iterator[None]:
    """Hold the locks of an image as systemd-machined does."""
    status = (pool / name).stat()
    inode = pool.parent / f"locks/inode-{status.st_dev}:{status.st_ino}"
    with lock(str(pool / f".#{name}.lck")), lock(str(inode)):
        yield


def test_a_copy_grows(pool: Path) -> None:
    work = watcher(pool)
    assert work.look() == []
    with lock(str(pool.parent / "locks/name-copy")):
        fill(pool / "copy", 100_000)
        assert work.look() == []  # it may be a rename, which is over at once
        (one,) = work.look()
        assert (one.kind, one.subject, one.total, one.is_estimated) == ("clone", "copy", 0, True)
        assert one.done >= 100_000
        fill(pool / "copy", 200_000)
        (two,) = work.look()
        assert two.done >= one.done + 200_000
        assert two.id == one.id < 0
    assert work.look() == []


def test_where_locks_are_not_to_be_told_nothing_is(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise OSError(errno.ENOLCK, "No locks available")

    work = watcher(pool)
    with lock(str(pool.parent / "locks/name-copy")):
        monkeypatch.setattr(long_work.fcntl, "fcntl", refuse)
        assert [work.look(), work.look()] == [[], []]
        monkeypatch.undo()
        assert work.look() == []
        assert len(work.look()) == 1


def test_a_raw_copy_has_another_name_until_it_is_whole(pool: Path) -> None:
    work = watcher(pool)
    with lock(str(pool.parent / "locks/name-disk")):
        (pool / ".#disk.raw0123456789abcdef").write_bytes(os.urandom(50_000))
        work.look()
        (one,) = work.look()
        assert one.done >= 50_000


@pytest.mark.parametrize("name", ["a**b", "a[b", "[a-z]", "x?"])
def test_a_copy_is_called_as_no_pattern_may_be(pool: Path, name: str) -> None:
    work = watcher(pool)
    (pool / ".#ab.raw0123456789abcdef").write_bytes(os.urandom(200_000))
    with lock(str(pool.parent / f"locks/name-{name}")):
        (pool / f".#{name}.raw0123456789abcdef").write_bytes(os.urandom(50_000))
        work.look()
        (one,) = work.look()
        assert one.subject == name
        assert 50_000 <= one.done < 100_000


def test_a_removed_image_shrinks(pool: Path) -> None:
    fill(pool / "tree", 100_000, 100_000, 200_000)
    work = watcher(pool)
    with removing(pool, "tree"):
        assert work.look() == []
        (pool / "tree/file-200000-2").unlink()
        (one,) = work.look()
        assert (one.kind, one.subject) == ("remove", "tree")
        assert 0.45 < one.done / one.total < 0.55
    assert work.look() == []


def test_an_image_that_is_locked_and_does_not_shrink_is_not_removed(pool: Path) -> None:
    fill(pool / "tree", 1000)
    fill(pool / "used", 1000)
    work = watcher(pool, "used")
    with removing(pool, "tree"), removing(pool, "used"):
        for _ in range(4):
            assert work.look() == []
        (pool / "tree/file-1000-0").unlink()
        (pool / "used/file-1000-0").unlink()
        assert work.look() == []
    fill(pool / "tree", 100_000, 100_000)
    work.look()
    with removing(pool, "tree"):  # later it may be
        work.look()
        (pool / "tree/file-100000-0").unlink()
        assert [one.subject for one in work.look()] == ["tree"]


def test_locks_that_nobody_holds_are_none(pool: Path) -> None:
    (pool.parent / "locks/name-copy").touch()
    work = watcher(pool)
    work.look()
    assert work.look() == []
    assert LongWork(lambda _name: False, pool, pool / "missing").look() == []


async def test_it_is_told_as_a_service_would(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_work, "SECONDS", 0.01)
    told: list[Event] = []
    following = asyncio.create_task(follow_long_work(watcher(pool), told.append))
    with lock(str(pool.parent / "locks/name-copy")):
        fill(pool / "copy", 1000)
        await until(lambda: any(isinstance(event, OperationMoved) for event in told))
    await until(lambda: told[-1:] == [OperationEnded(-1)])
    following.cancel()
    await asyncio.wait([following])


async def test_measured_figures_are_marked(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.tell(OperationMoved(ESTIMATED))
        await deck.until_shown("remove web-1 ~25 %")
        host.tell(OperationEnded(-1))
        await deck.until_gone("remove web-1")


async def test_what_the_service_tells_counts_more(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.tell(OperationMoved(ESTIMATED))
        await deck.until_shown("remove web-1 ~25 %")
        host.tell(OperationMoved(Operation(1, "remove", "web-1", 2, 4)))
        await deck.until_shown("remove web-1 50 %")
        host.tell(OperationMoved(ESTIMATED._replace(done=3)))
        host.tell(OperationEnded(1))
        await deck.until_gone("remove web-1")
