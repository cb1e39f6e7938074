"""Where the user database listens, and what is left of it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from machined.machines.registry import Registry
from machined.varlink import UserDatabase
from tests.service.varlink.asking import ask
from tests.service.varlink.facts import WEB, user

QUESTION = user(uid=1_000_000).encode()


@pytest.fixture(params=[0, 0o077])
def mask(request: pytest.FixtureRequest) -> object:
    old = os.umask(request.param)
    yield
    os.umask(old)


@pytest.mark.usefixtures("mask")
async def test_everybody_may_come_in(registry: Registry, tmp_path: Path) -> None:
    database = UserDatabase(registry)
    await database.start(tmp_path / "userdb" / "socket")
    try:
        assert stat.S_IMODE((tmp_path / "userdb").stat().st_mode) == 0o755
        assert stat.S_IMODE((tmp_path / "userdb" / "socket").stat().st_mode) == 0o666
    finally:
        await database.close()
    assert not [*(tmp_path / "userdb").iterdir()]
    await database.close()


async def test_a_folder_that_is_there_stays_as_it_is(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "userdb").mkdir(mode=0o711)
    database = UserDatabase(registry)
    await database.start(tmp_path / "userdb" / "socket")
    await database.close()
    assert stat.S_IMODE((tmp_path / "userdb").stat().st_mode) == 0o711


async def test_a_socket_that_nobody_answers_on_is_replaced(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
        stale.listen()
    database = UserDatabase(registry)
    await database.start(path)
    try:
        assert await asyncio.to_thread(ask, str(path), QUESTION) == WEB
    finally:
        await database.close()


async def test_a_socket_that_somebody_answers_on_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    first, second = UserDatabase(registry), UserDatabase(registry)
    await first.start(tmp_path / "socket")
    try:
        with pytest.raises(OSError, match="listens there") as caught:
            await second.start(tmp_path / "socket")
        assert caught.value.errno == errno.EADDRINUSE
        await second.close()
        assert await asyncio.to_thread(ask, str(tmp_path / "socket"), QUESTION) == WEB
    finally:
        await first.close()


async def test_a_file_that_is_no_socket_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "socket").write_text("notes")
    with pytest.raises(FileExistsError):
        await UserDatabase(registry).start(tmp_path / "socket")
    assert (tmp_path / "socket").read_text() == "notes"


async def test_a_socket_of_a_successor_stays(registry: Registry, tmp_path: Path) -> None:
    database = UserDatabase(registry)
    await database.start(tmp_path / "socket")
    (tmp_path / "socket").unlink()
    with socket.socket(socket.AF_UNIX) as successor:
        successor.bind(str(tmp_path / "socket"))
        await database.close()
        assert (tmp_path / "socket").is_socket()


async def test_a_path_too_long_is_refused_and_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long"):
        await UserDatabase(registry).start(tmp_path / "userdb" / ("x" * 150))
    assert not [*(tmp_path / "userdb").iterdir()]


async def test_it_ends_while_clients_are_there(registry: Registry, tmp_path: Path) -> None:
    database = UserDatabase(registry)
    await database.start(tmp_path / "socket")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "socket")
    writer.write(QUESTION + b"\0" + QUESTION)
    assert await reader.readuntil(b"\0") == WEB.encode() + b"\0"
    await database.close()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_libc_in_our_own_process_does_not_wait_for_us(registry: Registry, tmp_path: Path) -> None:
    database = UserDatabase(registry)
    await database.start(tmp_path / "socket")
    assert os.environ["SYSTEMD_BYPASS_USERDB"] == "io.systemd.Machine"
    await database.close()
    assert "SYSTEMD_BYPASS_USERDB" not in os.environ
