"""Clients that mean ill, or are broken: they are cut off, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from machined.host.inside import IdRange, Place
from machined.machines.registry import Registry
from machined.varlink import UserDatabase
from machined.varlink.messages import MAX_MESSAGE
from machined.varlink.server import Limits
from tests.service.domain.hosts import FakeHost
from tests.service.varlink.facts import MACHINES, WEB, error, user
from tests.support.lingering import SOON, lingering, wrapped
from tests.support.waiting import until

QUESTION = user(uid=1_000_000).encode() + b"\0"
ANSWER = WEB.encode() + b"\0"
SMALL = Limits(clients=6, clients_per_user=3, reading_seconds=0.2)

Start = Callable[[Limits], Awaitable[str]]


@pytest.fixture
async def start(registry: Registry, tmp_path: Path) -> AsyncIterator[Start]:
    """Start a user database with limits of its own; gives the path of its socket."""
    databases = []

    async def start(limits: Limits) -> str:
        databases.append(UserDatabase(registry, limits))
        await databases[-1].start(tmp_path / "limited")
        return str(tmp_path / "limited")

    yield start
    for database in databases:
        await database.close()


class Client:
    """A raw connection; the loop goes on while it waits."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.setblocking(False)
        self.sock.connect(path)
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.sock.close()

    async def say(self, data: bytes) -> None:
        async with asyncio.timeout(10):
            await self._loop.sock_sendall(self.sock, data)

    async def say_for_ever(self, data: bytes) -> None:
        """Say it again and again until the connection has ended."""
        while True:
            await self.say(data)

    async def hear(self) -> bytes:
        """What comes next, or nothing where the connection has ended."""
        try:
            async with asyncio.timeout(10):
                return await self._loop.sock_recv(self.sock, 65536)
        except ConnectionResetError:
            return b""

    async def hear_for_ever(self) -> None:
        """Throw away what comes, until the connection has ended."""
        while await self.hear():
            continue

    async def is_answered(self) -> bool:
        """Whether a question is answered, and not the end of the connection."""
        try:
            await self.say(QUESTION)
        except (BrokenPipeError, ConnectionResetError):
            return False
        said = await self.hear()
        assert said in {b"", ANSWER}
        return bool(said)

    async def is_cut_off(self) -> bool:
        """Wait until the connection has ended; what was said before is thrown away."""
        await self.hear_for_ever()
        return True


async def test_a_call_may_be_as_long_as_the_limit_and_no_longer(database: str) -> None:
    body = QUESTION[:-1]
    async with Client(database) as client:
        await client.say(body.ljust(MAX_MESSAGE - 1) + b"\0")
        assert await client.hear() == ANSWER
        await client.say(body.ljust(MAX_MESSAGE + 1) + b"\0")
        assert await client.is_cut_off()


@pytest.mark.promise("Who never stops talking to the user database is cut off", where="bare host")
async def test_a_call_that_does_not_end(database: str) -> None:
    async with Client(database) as client:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            await client.say_for_ever(bytes([32]) * 65536)
        async with Client(database) as other:
            assert await other.is_answered()


@pytest.mark.promise("Sockets sent to the user database hold up nobody", where="bare host")
@pytest.mark.parametrize("made", [lambda fd: fd, wrapped], ids=["itself", "in another's queue"])
@pytest.mark.parametrize("before", [b"", QUESTION, bytes([32]) * (MAX_MESSAGE + 2)], ids=len)
async def test_descriptors_that_cannot_be_closed(
    database: str, made: Callable[[int], int], before: bytes
) -> None:
    """They come first, or behind what a client is cut off for: so they are closed unseen."""
    async with Client(database) as client, Client(database) as other:
        with lingering() as fd:
            given, begun = made(fd), time.monotonic()
            if before:
                client.sock.send(before)
            socket.send_fds(client.sock, [b"x"], [given])
            os.close(given)
            assert await client.is_cut_off()
            assert await other.is_answered()
            assert time.monotonic() - begun < SOON


async def test_a_client_may_be_cut_off_before_it_said_anything(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one turn of the loop: its task has not begun."""
    monkeypatch.setattr("machined.varlink.server._uid_of", lambda sock: 7)
    path = await start(SMALL._replace(clients_per_user=1))
    clients = [Client(path) for _ in range(5)]
    try:
        *others, last = clients
        assert await last.is_answered()
        for client in others:
            assert await client.is_cut_off()
    finally:
        for client in clients:
            client.sock.close()


async def test_clients_wait_while_there_is_no_room_for_them(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("machined.varlink.server.PAUSE", 0.05)
    path = await start(SMALL)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with Client(path) as client:
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            await until(lambda: "can be let in" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert await client.is_answered()


async def test_words_that_come_one_by_one(database: str) -> None:
    async with Client(database) as slow:
        for byte in QUESTION[:-1]:
            await slow.say(bytes([byte]))
        async with Client(database) as other:
            assert await other.is_answered()
        await slow.say(QUESTION[-1:])
        assert await slow.hear() == ANSWER


async def test_whoever_does_not_read_is_cut_off_alone(start: Start) -> None:
    path = await start(SMALL)
    async with Client(path) as deaf, Client(path) as other:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            await deaf.say_for_ever(QUESTION * 100)
        assert await other.is_answered()


async def test_whoever_reads_at_last_has_all_answers(database: str) -> None:
    times = 3000
    async with Client(database) as client:
        asking = asyncio.create_task(client.say(QUESTION * times))
        said = b""
        while len(said) < len(ANSWER) * times:
            said += await client.hear()
        await asking
        assert said == ANSWER * times


async def test_a_flood_of_calls_leaves_others_their_turn(database: str) -> None:
    async with Client(database) as busy, Client(database) as other:
        tasks = [
            asyncio.create_task(busy.say_for_ever(QUESTION * 100)),
            asyncio.create_task(busy.hear_for_ever()),
        ]
        try:
            waits = []
            for _ in range(50):
                began = time.perf_counter()
                assert await other.is_answered()
                waits.append(time.perf_counter() - began)
            assert sorted(waits)[25] < 0.05
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_of_many_calls_one_begins_in_each_turn_of_the_loop(database: str, fake: FakeHost) -> None:
    turn = 0
    begun: list[int] = []

    async def user_map(place: Place) -> list[IdRange]:
        if place.name == "web":  # the first that is looked at
            begun.append(turn)
        return MACHINES[place.name][0]

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    fake.inside.user_map = user_map  # type: ignore[method-assign]
    counting = asyncio.create_task(count())
    clients = [Client(database) for _ in range(40)]
    try:
        await asyncio.gather(*(client.say(QUESTION * 5) for client in clients))
        await until(lambda: len(begun) == 200)
        assert len(set(begun)) == 200
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        for client in clients:
            client.sock.close()


async def test_a_call_of_great_depth_harms_nobody(database: str) -> None:
    depth = (MAX_MESSAGE - 100) // 2
    words = b'{"method":"a.b","parameters":{"x":' + b"[" * depth + b"]" * depth + b"}}\0"
    async with Client(database) as deep, Client(database) as other:
        await deep.say(words)
        assert await deep.hear() in {
            b"",
            error("org.varlink.service.MethodNotFound", method="a.b").encode() + b"\0",
        }
        assert await other.is_answered()


async def test_newcomers_of_a_crowd_send_the_quiet_away(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = iter([7, 7, 7, 0, 7])
    monkeypatch.setattr("machined.varlink.server._uid_of", lambda sock: next(users))
    path = await start(SMALL)
    async with Client(path) as first, Client(path) as second, Client(path) as third, Client(path) as root:
        for client in (first, second, third, root):
            assert await client.is_answered()
        assert await first.is_answered()  # so the second was quiet for longest
        async with Client(path) as fourth:
            assert await fourth.is_answered()
            assert await second.is_cut_off()
            for client in (first, third, root, fourth):
                assert await client.is_answered()


async def test_when_all_places_are_taken_the_greatest_crowd_makes_room(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = iter([0, 7, 7, 8, 9, 9, 0])
    monkeypatch.setattr("machined.varlink.server._uid_of", lambda sock: next(users))
    path = await start(SMALL._replace(clients=6, clients_per_user=2))
    clients = [Client(path) for _ in range(6)]
    try:
        for client in clients:
            assert await client.is_answered()
        async with Client(path) as root:
            assert await root.is_answered()
            assert await clients[1].is_cut_off()
            for client in (clients[0], *clients[2:]):
                assert await client.is_answered()
    finally:
        for client in clients:
            client.sock.close()


async def test_a_crowd_of_silent_clients_keeps_nobody_out(database: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    crowd: list[Client] = []
    try:
        for _ in range(700):
            crowd.append(Client(database))
            await asyncio.sleep(0)
        async with Client(database) as other:
            assert await other.is_answered()
    finally:
        for client in crowd:
            client.sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_clients_that_leave_at_any_moment_are_forgotten(registry: Registry, tmp_path: Path) -> None:
    database = UserDatabase(registry)
    await database.start(tmp_path / "socket")
    try:
        for end in range(0, len(QUESTION) + 1, 7):
            async with Client(str(tmp_path / "socket")) as client:
                await client.say(QUESTION[:end])
        await until(lambda: not database._server._tasks)
    finally:
        await database.close()
