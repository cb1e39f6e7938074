"""Where the bus listens, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from machined.bus.local import BusError, BusFolderUnsafe, BusInUse, Limits, LocalBus
from machined.wire import ConnectFailed, connect
from tests.service.local_bus.raw import RawClient
from tests.support.waiting import until


async def test_the_socket_is_ours_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        bus = await LocalBus.listen(str(tmp_path / "new" / "bus"))
    finally:
        os.umask(old)
    try:
        assert bus.address == f"unix:path={tmp_path}/new/bus"
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "new" / "bus").stat().st_mode) == 0o600
    finally:
        await bus.close()
    assert not (tmp_path / "new" / "bus").exists()
    await bus.close()


async def test_the_address_is_escaped(tmp_path: Path) -> None:
    bus = await LocalBus.listen(tmp_path / "a b,c=ü" / "bus")
    try:
        assert bus.address == f"unix:path={tmp_path}/a%20b%2cc%3d%c3%bc/bus"
        client = await connect(bus.address)
        await client.close()
    finally:
        await bus.close()


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
async def test_a_folder_that_others_may_write_in_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(BusFolderUnsafe, match="chmod go-w"):
        await LocalBus.listen(folder / "bus")
    assert not list(folder.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
async def test_a_folder_of_another_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 0)
    with pytest.raises(BusFolderUnsafe, match="12345"):
        await LocalBus.listen(folder / "bus")


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BusError, match="cannot use the folder"):
        await LocalBus.listen(tmp_path / "file" / "bus")


async def test_a_path_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BusError, match="107"):
        await LocalBus.listen(tmp_path / ("x" * 120))


async def test_a_live_bus_is_left_alone(tmp_path: Path) -> None:
    bus = await LocalBus.listen(tmp_path / "bus")
    try:
        with pytest.raises(BusInUse, match="somebody listens"):
            await LocalBus.listen(tmp_path / "bus")
        client = await connect(bus.address)
        await client.close()
    finally:
        await bus.close()


async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "bus"))
    bus = await LocalBus.listen(tmp_path / "bus")
    client = await connect(bus.address)
    await client.close()
    await bus.close()


async def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bus").write_text("precious")
    with pytest.raises(BusInUse, match="no socket"):
        await LocalBus.listen(tmp_path / "bus")
    assert (tmp_path / "bus").read_text() == "precious"


async def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    made = await asyncio.gather(
        *(LocalBus.listen(tmp_path / "bus") for _ in range(8)), return_exceptions=True
    )
    buses = [one for one in made if isinstance(one, LocalBus)]
    assert len(buses) == 1
    assert all(isinstance(one, LocalBus | BusInUse) for one in made)
    await buses[0].close()


async def test_anothers_socket_survives_our_end(tmp_path: Path) -> None:
    first = await LocalBus.listen(tmp_path / "bus")
    (tmp_path / "bus").unlink()
    second = await LocalBus.listen(tmp_path / "bus")
    await first.close()
    client = await connect(second.address)
    await client.close()
    await second.close()


async def test_the_end_of_the_bus_ends_every_connection(tmp_path: Path) -> None:
    bus = await LocalBus.listen(tmp_path / "bus")
    client = await connect(bus.address)
    attached = bus.attach()
    raw = await RawClient.connect(bus.address)
    await bus.close()
    async with asyncio.timeout(5):
        await attached.wait_closed()
        await client.wait_closed()
    assert await raw.is_cut_off()
    raw.close()
    with pytest.raises(ConnectFailed):
        await connect(bus.address)
    with pytest.raises(RuntimeError):
        bus.attach()


async def test_no_more_clients_than_allowed(tmp_path: Path) -> None:
    bus = await LocalBus.listen(tmp_path / "bus", limits=Limits(connections=3))
    clients = [await RawClient.join(bus.address) for _ in range(3)]
    late = await RawClient.connect(bus.address)
    assert await late.is_cut_off()
    late.close()
    clients.pop().close()
    await until(lambda: len(bus._router.clients) == 2)
    clients.append(await RawClient.join(bus.address))
    for client in clients:
        client.close()
    await bus.close()


async def test_out_of_descriptors_it_recovers(tmp_path: Path) -> None:
    import resource

    bus = await LocalBus.listen(tmp_path / "bus")
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(name) for name in os.listdir("/proc/self/fd"))
    filler: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, old[1]))
        while True:
            try:
                filler.append(os.dup(0))
            except OSError:
                break
        waiting.connect(str(tmp_path / "bus"))
        await asyncio.sleep(0.3)
    finally:
        for fd in filler:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, old)
    client = RawClient(waiting)
    await client.authenticate()
    await client.hello()
    client.close()
    await bus.close()
