"""Random calls of every member: each is answered, by a result or by an error that has a name."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dbus_next.signature import SignatureTree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from machined.bus.local import LocalBus
from machined.contract import (
    MACHINE1,
    MANAGER_PATH,
    OPERATIONS_PATH,
    SYSTEMD1,
    SYSTEMD1_PATH,
    image_path,
    machine_path,
)
from machined.demo import Demo
from machined.wire import CallError, Connection
from tests.service.fuzz.answers import Method, methods_of, wrong_with
from tests.service.fuzz.arguments import arguments

IS_SOAK = "MACHINEDECK_CALLS" in os.environ
"""Whether these are other calls each time, and as many as is asked for: `just soak`."""

EXAMPLES = int(os.environ.get("MACHINEDECK_CALLS", "110"))
"""Of each member; there are some hundred members, so over 10,000 calls."""

SPEED = 1000
"""How much faster the estate's time runs: what takes a minute in the demo is not waited for here."""

OBJECTS = {
    "manager": (MACHINE1, [MANAGER_PATH]),
    "machine": (MACHINE1, [machine_path("web-2"), machine_path(".host"), machine_path("qemu-3-accounting")]),
    "image": (MACHINE1, [image_path("scratch"), image_path(".host"), image_path("recovery")]),
    "log": (MACHINE1, ["/org/freedesktop/LogControl1"]),
    "operations": (MACHINE1, [OPERATIONS_PATH]),
    "systemd": (SYSTEMD1, [SYSTEMD1_PATH]),
    "unit": (SYSTEMD1, [f"{SYSTEMD1_PATH}/unit/systemd_2dnspawn_40web_2d2_2eservice"]),
}
"""Where the members are looked for, each at its own kind of object."""


class HurriedClock:
    """The estate's time, running faster."""

    def __init__(self, uptime: float) -> None:
        self._began = time.monotonic()
        self._uptime = uptime

    def realtime(self) -> int:
        return 1_700_000_000_000_000 + self.monotonic()

    def monotonic(self) -> int:
        elapsed = time.monotonic() - self._began
        return int((self._uptime + elapsed * SPEED) * 1e6)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


class Bench:
    """A demo, and a client that calls what it likes."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.calls = 0
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.bus = LocalBus.private()
        self.demo = Demo(self.bus, seed=7, clock=HurriedClock(1e8))
        await self.demo.start()
        self.client = self.bus.attach()

    async def _close(self) -> None:
        await self.client.close()
        await self.demo.stop()
        await self.bus.close()

    def close(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    def methods(self, name: str, path: str) -> list[Method]:
        """All methods of an object, as it says itself."""
        (text,) = self.runner.run(
            self.client.call(name, path, "org.freedesktop.DBus.Introspectable", "Introspect")
        )
        return methods_of(text)

    def call(self, name: str, path: str, method: Method, values: Any) -> None:
        """Make one call and look at what comes of it."""
        self.calls += 1
        where = f"{path} {method}{values!r}"
        try:
            body = self.runner.run(
                self.client.call(name, path, method.interface, method.name, method.takes, *values, timeout=20)
            )
        except CallError as error:
            wrong = wrong_with(error.name, error.message, values)
        else:
            wrong = None
            _close_fds(method, body)
        assert wrong is None, f"{where}: {wrong}"


def _close_fds(method: Method, body: list[Any]) -> None:
    for type_, value in zip(SignatureTree(method.gives).types, body, strict=True):
        if type_.signature == "h":
            os.close(value)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


@pytest.mark.promise("Whatever is asked, the answer is a result or an error with a name", where="simulated")
@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.timeout(300 + EXAMPLES)
def test_any_call_is_answered(kind: str, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    name, paths = OBJECTS[kind]
    count = 0
    for method in bench.methods(name, paths[0]):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=not IS_SOAK,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(path=st.sampled_from(paths), values=arguments(method.takes))
        def check(path: str, values: Any) -> None:
            bench.call(name, path, method, values)  # noqa: B023 - called in this turn

        check()
        count += 1
    assert count
    tracebacks = [record.getMessage() for record in caplog.records if record.exc_info]
    assert not tracebacks
    client: Connection = bench.client
    (machines,) = bench.runner.run(client.call(MACHINE1, MANAGER_PATH, f"{MACHINE1}.Manager", "ListMachines"))
    assert machines[0][0] == ".host"
    print(f"{kind}: {bench.calls} calls of {count} methods")
