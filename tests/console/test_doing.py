"""Every action of the table, done to the demo's service over a bus, and what the journal says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from machinedeck.bus.host import BusHost
from machinedeck.core.actions import YES, Subject, find
from machinedeck.core.doing import Doing, Outcome
from machinedeck.core.follower import Follower
from machinedeck.core.journal import Journal
from machinedeck.core.store import Store
from machinedeck.model.deed import DONE
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine, State
from machinedeck.model.wish import Wish
from tests.support.demo_service import DemoService, demo_service
from tests.support.waiting import until


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoService]:
    with demo_service(tmp_path_factory.mktemp("demo")) as service:
        yield service


class Bench:
    """A followed host, and what does things to it."""

    def __init__(self, address: str) -> None:
        self.host = BusHost(address, "atlas", "a bus")
        self.store = Store()
        self.follower = Follower(self.host, self.store)
        self.journal = Journal(None)
        self.doing = Doing(self.host, self.store, self.journal, "anna")

    async def do(self, id: str, subject: Subject, **values: str) -> Outcome:
        """Do one action; `from_` stands for the field `from`."""
        named = {key.rstrip("_").replace("_", "-"): value for key, value in values.items()}
        return await self.doing.do(find(id), subject, named)

    async def well(self, id: str, subject: Subject, **values: str) -> Outcome:
        """Do one that is to go well."""
        outcome = await self.do(id, subject, **values)
        assert outcome.failure is None, outcome.text
        assert [(deed.action, deed.result) for deed in self.journal][-1] == (id, DONE)
        return outcome

    def state(self, name: str) -> State:
        return next((one.state for one in self.store.rows() if one.name == name), State.UNKNOWN)


@pytest.fixture
async def bench(demo: DemoService) -> AsyncIterator[Bench]:
    bench = Bench(demo.address)
    task = bench.follower.start()
    await until(lambda: bench.store.pool is not None and bench.state("web-1") is State.RUNNING)
    await until(lambda: all(one.state is not State.UNKNOWN for one in bench.store.registered.values()))
    yield bench
    task.cancel()
    await until(task.done)


async def test_files_go_in_and_out(bench: Bench) -> None:
    web = bench.store.registered["web-1"]
    await bench.well("copy-to", web, from_="/etc/hostname", to="/root/in")
    refused = await bench.do("copy-to", web, from_="/etc/hostname", to="/root/in")
    assert refused.failure is not None
    await bench.well("copy-to", web, from_="/etc/hostname", to="/root/in", replace=YES)
    await bench.well("copy-from", web, from_="/root/in", to="/root/out")
    await bench.well("bind", web, from_="/srv", to="/mnt/srv", read_only=YES)
    assert [deed.is_done for deed in bench.journal] == [True, False, True, True, True]


async def test_limits_and_signals(bench: Bench, demo: DemoService) -> None:
    metrics = bench.store.registered["metrics"]
    await bench.well("limit", metrics, memory="512M", tasks="100", cpu="150%")
    shown = demo.ask("systemctl", "show", "-p", "MemoryMax,TasksMax,CPUQuotaPerSecUSec", metrics.unit)
    assert sorted(shown.split()) == ["CPUQuotaPerSecUSec=1.500000s", "MemoryMax=536870912", "TasksMax=100"]
    await bench.well("kill", metrics, signal="SIGHUP", whom="leader")


async def test_a_life_from_start_to_end(bench: Bench) -> None:
    web = bench.store.registered["web-2"]
    await bench.well("restart", web)
    await until(lambda: bench.state("web-2") is State.RUNNING)
    again = bench.store.registered["web-2"]
    assert again.identity != web.identity
    stale = await bench.do("stop", web)
    assert stale.failure is not None
    assert stale.failure.kind is Kind.NOT_THERE
    assert bench.state("web-2") is State.RUNNING, "another run of it is not touched"
    await bench.well("stop", again)
    await until(lambda: bench.state("web-2") is State.STOPPED)
    stopped = next(one for one in bench.store.rows() if one.name == "web-2")
    await bench.well("start-as", stopped, boot=YES)
    await until(lambda: bench.state("web-2") is State.RUNNING)
    await bench.well("disable", stopped)
    await bench.well("enable", stopped)
    await until(lambda: bench.store.registered["web-2"].timestamp)
    await bench.well("terminate", bench.store.registered["web-2"])
    await until(lambda: bench.state("web-2") is State.STOPPED)


async def test_images_are_cloned_renamed_limited_and_removed(bench: Bench) -> None:
    before = bench.store.images["web-1-before-upgrade"]
    await bench.well("clone", before, name="copy")
    bench.follower.retry()
    await until(lambda: "copy" in bench.store.images)
    copy = bench.store.images["copy"]
    told = await bench.well("read-only", copy)
    assert told.text.startswith("copy is ")
    bench.follower.retry()
    await until(lambda: bench.store.images["copy"].is_read_only != copy.is_read_only)
    copy = bench.store.images["copy"]
    if copy.is_read_only:
        await bench.well("read-only", copy)
    await bench.well("limit-image", copy, size="10G")
    await bench.well("rename", copy, name="second")
    gone = await bench.do("remove", copy)
    assert gone.failure is not None
    assert gone.failure.kind is Kind.NOT_THERE
    bench.follower.retry()
    await until(lambda: "second" in bench.store.images)
    await bench.well("remove", bench.store.images["second"])


async def test_the_pool_is_limited_and_cleaned(bench: Bench) -> None:
    pool = bench.store.pool
    assert pool is not None
    await bench.well("limit-pool", pool, size="300G")
    assert (await bench.host.pool()).limit == 300 << 30
    told = await bench.well("clean", pool, what="hidden")
    assert told.text.startswith("Deleted .")


async def test_nothing_is_done_where_it_is_only_looked_at(demo: DemoService) -> None:
    host = BusHost(demo.address, "atlas", "a bus", is_read_only=True)
    await host.open(lambda _event: None)
    try:
        assert await host.machines()
        with pytest.raises(Failure, match="--read-only"):
            host.image_acting  # noqa: B018 - asking for it is refused
        with pytest.raises(Failure, match="--read-only"):
            await host.open_terminal(Wish("web-1"))
        doing = Doing(host, Store(), Journal(None), "anna")
        (web,) = [one for one in await host.machines() if one.name == "web-1"]
        outcome = await doing.do(find("stop"), await host.properties(web), {})
        assert outcome.failure is not None
        assert "--read-only" in outcome.text
    finally:
        await host.close()


async def test_a_machine_that_was_chosen_before_it_was_looked_at_is_the_one_of_its_name(bench: Bench) -> None:
    ldap = bench.store.registered["ldap"]
    unread = Machine("ldap", kind="container", path=ldap.path)
    await bench.well("kill", unread, signal="SIGCONT", whom="leader")
    with pytest.raises(Failure, match="not looked at yet"):
        await bench.host.machine_acting.kill(unread.identity, "leader", 18)


async def test_a_start_at_boot_too_that_is_half_done_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def enable(name: str) -> None:
        done.append(name)

    async def start(_name: str) -> None:
        raise Failure(Kind.REFUSED, "Its job ended as failed.", "See: journalctl -e")

    monkeypatch.setattr(bench.host.machine_acting, "enable", enable)
    monkeypatch.setattr(bench.host.machine_acting, "start", start)
    image = next(one for one in bench.store.rows() if one.state is State.STOPPED)
    outcome = await bench.do("start-as", image, boot=YES)
    assert done == [image.name]
    told = f"{image.name} is started at boot from now on, but not now. Its job ended as failed."
    assert str(outcome.failure) == f"{told} See: journalctl -e"
    assert [deed.result for deed in bench.journal] == [f"{told} See: journalctl -e"]
