"""Images on file systems that never answer: nobody waits for them long, and nobody else at all."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from machined.host.linux.storage import lookers
from machined.host.linux.storage.lookers import GivenUp, Lookers, Looking
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image, ImageType
from tests.service.linux_inside import silent
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import image, make_directory, refusal
from tests.service.linux_storage.volumes import sh
from tests.support.waiting import until

DEAD = 6
ON_EXT4 = pytest.mark.parametrize("kind", ["ext4"], indirect=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second be a tenth of one."""
    monkeypatch.setattr(lookers, "_OFTEN", 0.025)
    monkeypatch.setattr(lookers, "PATIENCE", 0.5)


@contextlib.contextmanager
def dead(*paths: Path) -> Iterator[None]:
    """Have a file system at each path that takes requests and answers none."""
    source = Path(silent.__file__).read_text()
    with contextlib.ExitStack() as stack:
        for path in paths:
            words = [sys.executable, "-I", "-c", source, "self", str(path)]
            process = stack.enter_context(subprocess.Popen(words, stdout=subprocess.PIPE))
            stack.callback(sh, "umount", "--lazy", path)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == b"mounted\n"
        yield


async def names(storage: LinuxStorage) -> set[str]:
    return {one.name for one in await storage.discover()}


@pytest.mark.promise("Images on dead file systems stop nobody's listing", where="bare host")
@ON_EXT4
async def test_dead_images_are_left_out_and_the_others_go_on(estate: Estate, storage: LinuxStorage) -> None:
    lost = [make_directory(estate, f"dead-{number}") for number in range(DEAD)]
    make_directory(estate, "live")
    with dead(*lost):
        first = asyncio.create_task(storage.discover())
        for _ in range(20):
            assert (await storage.metadata(await image(storage, "live"))).hostname == "web-1"
        assert {one.name for one in await first} == {"live", ".host"}
        began = time.monotonic()
        assert await names(storage) == {"live", ".host"}
        for path in lost:
            assert await refusal(storage.find(path.name)) == errno.ETIMEDOUT
        assert time.monotonic() - began < 2  # nobody waits for what is known to be dead
    everyone = {f"dead-{number}" for number in range(DEAD)} | {"live", ".host"}
    await until(lambda: not storage._lookers._dead)
    assert await names(storage) == everyone


@ON_EXT4
async def test_many_who_ask_for_a_dead_image_are_all_refused(estate: Estate, storage: LinuxStorage) -> None:
    make_directory(estate, "live")
    with dead(make_directory(estate, "dead")):
        asked = [storage.find("dead") for _ in range(200)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(one, OSError) and one.errno == errno.ETIMEDOUT for one in found)
        assert (await image(storage, "live")).name == "live"
        assert storage._lookers._dead.total() <= 16
    await until(lambda: not storage._lookers._dead)


@ON_EXT4
async def test_files_of_an_image_that_do_not_answer_hide_no_image(
    estate: Estate, storage: LinuxStorage
) -> None:
    path = make_directory(estate, "half")
    with dead(path / "etc"):
        found = Image("half", str(path), ImageType.DIRECTORY)
        assert await refusal(storage.metadata(found)) == errno.ETIMEDOUT
        why = await storage.metadata_of("half")
        assert isinstance(why, OSError)
        assert why.errno == errno.ETIMEDOUT
        assert (await image(storage, "half")).path == str(path)
        assert await names(storage) == {"half", ".host"}
    await until(lambda: not storage._lookers._dead)


@ON_EXT4
async def test_a_dead_folder_is_told_of(estate: Estate, storage: LinuxStorage) -> None:
    with dead(estate.other):
        assert await refusal(storage.discover()) == errno.ETIMEDOUT
        assert await refusal(storage.find("any")) == errno.ETIMEDOUT
    await until(lambda: not storage._lookers._dead)


async def test_a_look_that_is_slow_but_gets_on_is_waited_for() -> None:
    def slow(looking: Looking) -> int:
        for number in range(20):
            looking.at(f"file {number}")
            time.sleep(0.05)
        return looking.steps

    threads = Lookers(1)
    assert await threads.run(slow, 0.5) == 20
    threads.close()


async def test_a_host_without_room_for_one_more_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told all the same, and later there may be room again."""
    go = threading.Event()

    def hang(looking: Looking) -> None:
        looking.at("dead")
        assert go.wait(30)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = Lookers(1)
    hanging = asyncio.create_task(threads.run(hang, 0.2))
    await until(lambda: threads._threads)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    async with asyncio.timeout(10):
        with pytest.raises(GivenUp):
            await hanging
        assert await refusal(threads.run(lambda looking: looking.at("live"))) == errno.EAGAIN
        monkeypatch.undo()
        await threads.run(lambda looking: looking.at("live"))
    go.set()
    await until(lambda: not threads._dead)
    threads.close()
