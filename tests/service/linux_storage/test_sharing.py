"""Work that is shared by all who asked before it began."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable

import pytest

from machined.host.linux.storage import discovery
from machined.host.linux.storage.sharing import Shared
from machined.host.linux.storage.storage import LinuxStorage
from machined.host.storage import Image
from tests.service.linux_storage.conftest import Estate
from tests.service.linux_storage.kits import make_directory
from tests.support.waiting import until


@pytest.mark.promise("A flood of listings is answered by a few, none of them older than its question")
@pytest.mark.parametrize("kind", ["ext4"], indirect=True)
async def test_many_who_list_images_at_once_share_few_looks(
    estate: Estate, storage: LinuxStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, looks, look = threading.Event(), [], discovery.discover

    def slow(*arguments: object) -> list[Image]:
        looks.append(None)
        assert go.wait(10)
        return look(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(discovery, "discover", slow)
    first = []
    for number in range(1, 17):  # as many as look at once begin, one by one
        first.append(asyncio.create_task(storage.discover()))
        await until(lambda number=number: len(looks) >= number)
    later = [asyncio.create_task(storage.discover()) for _ in range(2000)]
    await asyncio.sleep(0)
    make_directory(estate, "made-before-it-began")
    go.set()
    for told in await asyncio.gather(*later):
        assert {one.name for one in told} == {"made-before-it-began", ".host"}
    await asyncio.gather(*first)
    assert len(looks) == 17


async def test_who_asks_after_it_began_has_it_done_anew() -> None:
    begins: list[Callable[[], None]] = []
    go = asyncio.Event()

    async def work(begin: Callable[[], None]) -> int:
        begins.append(begin)
        number = len(begins)
        await go.wait()
        if number == 2:
            raise OSError(errno.EIO, "broken")
        return number

    shared = Shared(work)
    early = [asyncio.create_task(shared.result()) for _ in range(3)]
    await until(lambda: begins)
    begins[0]()
    late = [asyncio.create_task(shared.result()) for _ in range(3)]
    await until(lambda: len(begins) == 2)
    early[0].cancel()
    go.set()
    assert await asyncio.gather(*early[1:]) == [1, 1]
    for task in late:
        with pytest.raises(OSError, match="broken"):
            await task
    assert await shared.result() == 3


async def test_what_is_waited_for_is_given_up_at_the_end() -> None:
    async def work(_begin: Callable[[], None]) -> None:
        await asyncio.Event().wait()

    shared = Shared(work)
    asking = asyncio.create_task(shared.result())
    await asyncio.sleep(0)
    shared.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
