"""When a young machine is looked at again: it gets its files and addresses only while it boots."""

from __future__ import annotations

import asyncio

import pytest

from machinedeck.core import details
from machinedeck.core.details import Details
from machinedeck.core.store import Store
from machinedeck.model.machine import OperatingSystem
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until

YOUNG = machine("web", os=None, addresses=None)


class Booting(FakeHost):
    """Its machines have no files yet."""

    async def os(self, name: str) -> OperatingSystem | None:
        self.calls.append(("os", name))
        return None

    @property
    def looks(self) -> int:
        return self.calls.count(("os", "web"))


def crash(error: BaseException) -> None:
    raise AssertionError from error


@pytest.fixture
async def host() -> Booting:
    return Booting(running={"web": YOUNG})


async def test_news_of_its_unit_use_up_no_look_that_is_to_come(
    host: Booting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "AGAIN_SECONDS", (3600.0, 0.0))
    store = Store()
    store.set_machines([YOUNG])
    looking = Details(host, store, lambda: None, crash)
    for count in range(1, 4):
        looking.look("web")
        await until(lambda count=count: host.looks == count, what="the look")  # type: ignore[misc]
    for _ in range(20):
        await asyncio.sleep(0)
    assert host.looks == 3
    looking.keep(())


async def test_it_is_looked_at_again_so_often(host: Booting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(details, "AGAIN_SECONDS", (0.0, 0.01, 0.0))
    store = Store()
    store.set_machines([YOUNG])
    looking = Details(host, store, lambda: None, crash)
    looking.look("web")
    await until(lambda: host.looks == 4, what="the last look")
    looking.keep(())
