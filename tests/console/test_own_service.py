"""A service of our own: it lives as long as its console, and says why when it does not live."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from machinedeck.bus import own_service
from machinedeck.bus.child import DEMO_SEED, Child, Command, demo_command
from machinedeck.bus.host import BusHost
from machinedeck.bus.own_service import OwnService
from machinedeck.core.follower import Follower
from machinedeck.core.status import Link
from machinedeck.core.store import Store
from machinedeck.model.event import Event
from machinedeck.model.failure import Failure, Kind
from tests.support.waiting import until


def program(text: str) -> Command:
    """The command line of a few words of Python; `fd` is the descriptor in them."""
    return lambda fd: [sys.executable, "-c", f"fd = {fd}; {text}"]


SERVING = demo_command(DEMO_SEED)
CONSOLE = [sys.executable, "-m", "machinedeck", "--demo"]


def is_alive(pid: int) -> bool:
    """Whether there is such a process; a zombie is one."""
    return Path(f"/proc/{pid}").exists()


def own_host(command: Command, child: Child | None = None) -> tuple[BusHost, OwnService]:
    service = OwnService(command, child)
    return BusHost(service, "made-up estate", "seed 1", is_demo=True), service


@pytest.fixture
async def served() -> AsyncIterator[tuple[BusHost, OwnService, list[Event]]]:
    host, service = own_host(SERVING)
    told: list[Event] = []
    await host.open(told.append)
    yield host, service, told
    await host.close()


async def test_it_is_asked_like_any_other(served: tuple[BusHost, OwnService, list[Event]]) -> None:
    host, _service, _told = served
    names = {machine.name for machine in await host.machines()}
    assert {".host", "db-primary", "web-1"} <= names
    assert "web-1" in {image.name for image in await host.images()}
    assert (await host.pool()).path == "/var/lib/machines"


async def test_the_same_seed_is_the_same_host() -> None:
    seen = []
    for seed in (1, 1, 2):
        host, _service = own_host(demo_command(seed))
        await host.open(lambda _event: None)
        try:
            containers = [one.name for one in await host.machines() if one.kind == "container"]
            seen.append({name: await host.addresses(name) for name in containers})
        finally:
            await host.close()
    assert seen[0] == seen[1] != seen[2]


async def test_closing_ends_it_and_leaves_no_zombie(
    served: tuple[BusHost, OwnService, list[Event]],
) -> None:
    host, service, told = served
    pid = service.pid
    assert pid is not None
    await host.close()
    assert not is_alive(pid)
    assert service.pid is None
    assert told == [], "closing is not losing"


async def test_keys_of_the_terminal_do_not_reach_it(
    served: tuple[BusHost, OwnService, list[Event]],
) -> None:
    pid = served[1].pid
    assert pid is not None
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/fd/0") == os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"


async def test_it_inherits_no_descriptor_but_its_own() -> None:
    ours = os.open("/proc/self/status", os.O_RDONLY)
    os.set_inheritable(ours, True)
    text = "import os, sys; sys.exit(str(sorted(set(map(int, os.listdir('/proc/self/fd'))) - {0, 1, 2, fd})))"
    try:
        with pytest.raises(Failure) as caught:
            await own_host(program(text))[0].open(lambda _event: None)
    finally:
        os.close(ours)
    # One is that of the listing itself.
    assert re.search(r"It last said: \[\d+\]$", caught.value.message)


async def test_one_that_was_started_early_is_the_first_to_serve() -> None:
    child = Child(SERVING)
    host, service = own_host(SERVING, child)
    await host.open(lambda _event: None)
    assert service.pid == child.pid
    await host.open(lambda _event: None)
    assert service.pid != child.pid
    assert not is_alive(child.pid)
    await host.close()


async def test_one_that_was_never_asked_ends_too() -> None:
    child = Child(SERVING)
    host, _service = own_host(SERVING, child)
    await host.close()
    assert not is_alive(child.pid)


@pytest.mark.promise("A service of our own that ends is started anew", where="bare host")
async def test_a_killed_service_is_told_and_started_anew() -> None:
    host, service = own_host(SERVING)
    store = Store()
    following = Follower(host, store).start()
    await until(lambda: store.status.link is Link.UP and store.images)
    first, seen = service.pid, []
    assert first is not None
    store.listen(lambda _change: seen.append(store.status))
    os.kill(first, signal.SIGKILL)
    await until(lambda: service.pid not in {first, None} and store.status.link is Link.UP)
    lost = next(status for status in seen if status.link is Link.LOST)
    assert lost.failure is not None
    assert lost.failure.kind is Kind.OWN_SERVICE
    assert str(lost.failure).startswith("The service ended.")
    assert not is_alive(first)
    following.cancel()
    await asyncio.wait([following])
    assert service.pid is None


async def test_its_last_words_are_told() -> None:
    text = "import sys; print('first', file=sys.stderr); raise SystemExit('it is \\x1b[31mwrong')"
    with pytest.raises(Failure) as caught:
        await own_host(program(text))[0].open(lambda _event: None)
    assert caught.value.kind is Kind.OWN_SERVICE
    assert str(caught.value) == (
        "The service ended at once, with exit code 1. It last said: it is \N{REPLACEMENT CHARACTER}[31mwrong"
    )


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (program("import os; os.kill(os.getpid(), 9)"), "The service was ended at once, by SIGKILL."),
        (program("raise SystemExit(3)"), "The service ended at once, with exit code 3."),
        (
            program("import os, time; os.write(fd, b'REJECTED\\r\\n'); time.sleep(60)"),
            "The service was started but does not answer: authentication was refused",
        ),
        (program("import time; time.sleep(60)"), "does not answer: no answer within 0.5 seconds."),
        (lambda _fd: ["/nowhere/python"], "The service could not be started: [Errno 2]"),
    ],
)
async def test_why_it_does_not_serve(command: Command, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_service, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(own_service, "END_SECONDS", 0.2)
    host, service = own_host(command)
    with pytest.raises(Failure) as caught:
        await host.open(lambda _event: None)
    assert caught.value.kind is Kind.OWN_SERVICE
    assert reason in caught.value.message
    assert service.pid is None


async def test_one_that_ends_before_it_is_known_is_told_as_ended() -> None:
    # It authenticates the client and answers nothing more.
    text = (
        "import socket; s = socket.socket(fileno=fd); f = s.makefile('rwb'); f.readline();"
        " f.write(b'OK 0123456789abcdef0123456789abcdef\\r\\n'); f.flush(); f.readline();"
        " f.write(b'AGREE_UNIX_FD\\r\\n'); f.flush(); f.readline(); s.recv(1);"
        " raise SystemExit('tired')"
    )
    with pytest.raises(Failure) as caught:
        await own_host(program(text))[0].open(lambda _event: None)
    assert caught.value.kind is Kind.OWN_SERVICE
    assert "tired" in caught.value.message


async def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_service, "END_SECONDS", 0.1)
    child = Child(program("import time; time.sleep(60)"))
    await own_host(SERVING, child)[0].close()
    assert not is_alive(child.pid)


async def test_a_cancelled_close_leaves_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child(program("import time; time.sleep(60)"))
    host, _service = own_host(SERVING, child)
    closing = asyncio.create_task(host.close())
    await asyncio.sleep(0.05)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    assert not is_alive(child.pid)


async def test_a_cancelled_opening_leaves_nothing() -> None:
    host, service = own_host(program("import time; time.sleep(60)"))
    opening = asyncio.create_task(host.open(lambda _event: None))
    await until(lambda: service.pid is not None)
    pid = service.pid
    assert pid is not None
    opening.cancel()
    await asyncio.wait([opening])
    assert not is_alive(pid)
