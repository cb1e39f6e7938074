"""What is done otherwise than by systemd-machined, and, if strict, as there: machines."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.improvements import ALL, NONE, Improvements
from machined.machines.entering import Entering
from machined.machines.machine import Registration
from machined.machines.registry import Registry
from machined.operations import Operations
from machined.wire import Variant
from tests.service.domain.hosts import FakeHost, Permits

BOTH = pytest.mark.parametrize("improvements", [ALL, NONE], ids=["better", "strict"])
SCOPE = "machine-web.scope"


def wanted(name: str = "web", leader: int = 50, machine_class: str = "container") -> Registration:
    return Registration(name, b"", "test", machine_class, leader, "/srv/web", [])


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def registry_of(fake: FakeHost, improvements: Improvements) -> AsyncIterator[Registry]:
    registry = Registry(fake.host, improvements=improvements)
    await registry.start()
    try:
        yield registry
    finally:
        await registry.stop()


@BOTH
async def test_a_unit_that_has_ended_is_stopped_once_more(fake: FakeHost, improvements: Improvements) -> None:
    fake.processes.units[50] = "web.service"
    fake.units.active.add("web.service")
    async with registry_of(fake, improvements) as registry:
        await registry.register(wanted(), 60)
        fake.units.end_unit("web.service")
        await settle()
        assert registry.find("web") is None
    stops = [] if improvements == ALL else [("stop_unit", "web.service", "fail")]
    assert fake.units.calls == stops


@BOTH
async def test_0_among_the_processes_of_a_scope(fake: FakeHost, improvements: Improvements) -> None:
    """PID 1 takes it for whoever asks: for us, if strict."""
    fake.processes.units[50] = ""
    fake.units.ends_at_once = True
    async with registry_of(fake, improvements) as registry:
        await registry.create(wanted(), [("PIDs", Variant("au", [0, 70]))], 60)
    ((_, request), *_) = fake.units.calls
    ((_, given),) = request.properties
    assert given.value == ([60, 70] if improvements == ALL else [0, 70])


@BOTH
async def test_a_job_that_ended_while_nobody_served(fake: FakeHost, improvements: Improvements) -> None:
    fake.processes.units[50] = "web.service"
    fake.units.active.add("web.service")
    async with registry_of(fake, improvements) as registry:
        await registry.register(wanted(), 60)
    fake.states.records["web"] = fake.states.records["web"]._replace(scope_job="/job/of/web")
    async with registry_of(fake, improvements) as registry:
        assert registry.get("web").state == ("running" if improvements == ALL else "opening")


@BOTH
async def test_the_name_of_a_refused_registration(fake: FakeHost, improvements: Improvements) -> None:
    """If strict, it is taken until the loop has turned: the reference collects when it is idle."""
    fake.processes.units[50] = ""
    async with registry_of(fake, improvements) as registry:
        with pytest.raises(OSError, match="50") as caught:
            await registry.register(wanted(), 60)
        assert caught.value.errno == errno.ENXIO
        if improvements == NONE:
            with pytest.raises(Refused, match="already exists"):
                await registry.register(wanted(), 60)
        await settle()
        fake.processes.units[50] = "web.service"
        fake.units.active.add("web.service")
        assert (await registry.register(wanted(), 60)).name == "web"


@BOTH
async def test_what_is_not_supported(fake: FakeHost, permits: Permits, improvements: Improvements) -> None:
    fake.processes.units |= {50: "vm.service", 51: "none.service"}
    fake.units.active.add("vm.service")
    async with registry_of(fake, improvements) as registry:
        machine = await registry.register(wanted("vm", machine_class="vm"), 60)
        entering = Entering(registry, Operations(), improvements=improvements)
        host = registry.get(".host")
        for attempt, sentence in (
            (registry.terminate(host, permits), "cannot be terminated"),
            (registry.kill(host, "all", 9, permits), "cannot be sent signals"),
            (registry.register(wanted("none", 51, ""), 60), "either of class"),
            (entering.open_pty(machine, permits), "container machines"),
            (entering.open_login(machine, permits), "container machines"),
            (entering.open_shell(machine, "", "", [], [], permits), "container machines"),
        ):
            await _refused(attempt, sentence if improvements == ALL else None)


async def _refused(attempt: Awaitable[object], sentence: str | None) -> None:
    """See that something is not supported, with a sentence or with strerror's."""
    if sentence is not None:
        with pytest.raises(Refused, match=sentence) as refused:
            await attempt
        assert refused.value.name == ErrorName.NOT_SUPPORTED
        return
    with pytest.raises(OSError, match="Operation not supported") as caught:
        await attempt
    assert caught.value.errno == errno.EOPNOTSUPP
