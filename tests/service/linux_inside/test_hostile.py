"""Machines whose owner is up to no good: nothing of the host is read or run, and nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from machined.host.inside import BindRequest, CopyRequest, ShellRequest
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside import silent
from tests.service.linux_inside.guests import Guest, guest, said, sh
from tests.service.linux_inside.test_terminals import run
from tests.support.waiting import until

LIMIT = 12.0
"""Seconds that no call may take here, where all is done beside other tests; it is given up after four."""


@contextlib.contextmanager
def fuse(machine: Guest, path: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have a silent file system mounted in a machine."""
    words = [sys.executable, silent.__file__, str(machine.place.leader), path]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mounted\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.asynccontextmanager
async def others_are_fast(inside: LinuxInside) -> AsyncIterator[None]:
    """Ask another machine all the while, and see that it answers about as fast as before."""
    times: list[float] = []

    async def ask(other: Guest) -> None:
        while True:
            begin = time.perf_counter()
            await inside.os_release(other.place)
            await inside.addresses(other.place)
            times.append(time.perf_counter() - begin)
            await asyncio.sleep(0.002)

    with guest("other") as other:
        asking = asyncio.create_task(ask(other))
        try:
            await until(lambda: len(times) > 20, seconds=30)
            before = max(times)
            yield
        finally:
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
    # What is busy with other things than these tests is slow before and meanwhile
    assert statistics.quantiles(times, n=20)[-1] < max(0.1, 5 * before), (
        "the 95th percentile of others' calls"
    )


@pytest.mark.parametrize(
    ("make", "number"),
    [
        ("ln -s /host/secret etc/os-release", errno.ENOENT),
        ("ln -s ../../../../../../../../../host/secret etc/os-release", errno.ENOENT),
        ("mkfifo etc/os-release", errno.ESHUTDOWN),
        ("mkdir etc/os-release", errno.ESHUTDOWN),
        ("ln -s /proc/1/environ etc/os-release", errno.ESHUTDOWN),
        ("ln -s /proc/kmsg etc/os-release", errno.ESHUTDOWN),
        ("ln -s /proc/1/root/etc/os-release etc/os-release", errno.ESHUTDOWN),
        ("ln -s /dev/ptmx etc/os-release", errno.ESHUTDOWN),
        ("ln -s os-release etc/os-release", errno.ESHUTDOWN),
        ("rm -r etc; ln -s etc etc", errno.ESHUTDOWN),
        ("truncate -s 10G etc/os-release", errno.E2BIG),
        ("printf 'A=\\0' >etc/os-release", errno.EBADMSG),
        ("printf 'A=\\377' >etc/os-release", errno.EINVAL),
    ],
)
async def test_a_trap_for_who_reads_os_release(
    inside: LinuxInside, tmp_path: Path, make: str, number: int
) -> None:
    (tmp_path / "secret").write_text("SECRET=1")
    (tmp_path / "trap.sh").write_text("")
    with guest() as one:
        script = make.replace("/host", str(tmp_path))
        sh(one.path, f"rm etc/os-release; {script}")
        if number == errno.ENOENT:  # that of /usr is this host's, and shows
            assert "SECRET" not in await inside.os_release(one.place)
            return
        begin = time.monotonic()
        with pytest.raises(OSError, match="Failed to get OS release: ") as caught:
            await inside.os_release(one.place)
        assert caught.value.errno == number
        assert time.monotonic() - begin < 3


async def test_a_mount_over_proc_changes_nothing(inside: LinuxInside) -> None:
    with guest() as one:
        one.run("sh", "-ec", "mount -t tmpfs none /proc; mkdir -p /proc/self/fd /proc/1/root/etc")
        assert (await inside.os_release(one.place))["ID"] == "tiny"
        assert "uid=1000" in await run(inside, one.place, "id", "ada")
        pty = await inside.open_pty(one.place)
        os.close(pty.fd)


@pytest.mark.promise(
    "a machine that answers no look holds up nobody but those who look into it", where="bare host"
)
async def test_a_silent_file_system_holds_up_nobody_else(inside: LinuxInside) -> None:
    async with others_are_fast(inside):
        with guest() as one, fuse(one, "/etc"):
            begin = time.monotonic()
            calls = [inside.os_release(one.place) for _ in range(20)]
            calls.append(inside.open_shell(one.place, ShellRequest("root", "", [], [])))  # type: ignore[arg-type]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            assert time.monotonic() - begin < LIMIT
            assert {one.errno for one in answers if isinstance(one, OSError)} == {errno.ETIMEDOUT}
            begin = time.monotonic()
            with pytest.raises(TimeoutError):  # the first one hangs still, so nobody else is sent in
                await inside.os_release(one.place)
            assert time.monotonic() - begin < 3
        await until(lambda: not len(inside._helper.stuck), what="those who hung have ended")


async def test_silent_devices_keep_no_terminal_waiting(inside: LinuxInside) -> None:
    with guest() as one, fuse(one, "/dev"):
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            await inside.open_pty(one.place)
        assert time.monotonic() - begin < LIMIT


async def test_a_mount_on_a_silent_file_system_is_given_up(inside: LinuxInside, tmp_path: Path) -> None:
    with guest() as one, fuse(one, "/tmp"):
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="does not answer"):
            await inside.bind_mount(one.place, BindRequest(str(tmp_path), "/tmp/x", False, True))
        assert time.monotonic() - begin < LIMIT


async def test_a_copy_from_a_silent_file_system_is_given_up(inside: LinuxInside, tmp_path: Path) -> None:
    request = CopyRequest("/tmp/x", str(tmp_path / "x"), False, False, 0)
    with guest() as one, fuse(one, "/tmp"):
        copying = asyncio.create_task(inside.copy(one.place, request))
        done, _ = await asyncio.wait([copying], timeout=0.3)
        assert not done
        copying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await copying
        assert (await inside.os_release(one.place))["ID"] == "tiny"
    with guest() as one, fuse(one, "/tmp"):
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="does not answer"):
            await inside.copy(one.place, request)
        assert time.monotonic() - begin < LIMIT
        with pytest.raises(TimeoutError):  # the first one hangs still, so there is no second
            await inside.copy(one.place, request)
        assert len(inside._helper.stuck) <= 2
        assert (await inside.os_release(one.place))["ID"] == "tiny"


async def test_a_copy_that_hangs_midway_is_given_up(
    inside: LinuxInside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has said how far it is, and then comes to a file system that does not answer."""
    monkeypatch.setattr("machined.host.linux.inside.helper.STALL", 1.0)
    words: list[int] = []
    request = CopyRequest("/tmp/tree", str(tmp_path / "tree"), False, False, 0)
    with guest(before="mkdir -p tmp/tree/silent") as one, fuse(one, "/tmp/tree/silent"):
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="does not answer"):
            await inside.copy(one.place, request, lambda done, _: words.append(done))
        assert words
        assert time.monotonic() - begin < LIMIT
        assert (await inside.os_release(one.place))["ID"] == "tiny"
    await until(lambda: not len(inside._helper.stuck), what="it has ended")


async def test_a_copy_that_hangs_ends_with_its_machine(inside: LinuxInside, tmp_path: Path) -> None:
    with guest() as one, fuse(one, "/tmp"):
        copying = asyncio.create_task(
            inside.copy(one.place, CopyRequest("/tmp/x", str(tmp_path / "x"), False, False, 0))
        )
        done, _ = await asyncio.wait([copying], timeout=0.3)
        assert not done
        os.kill(one.place.leader, signal.SIGKILL)
        async with asyncio.timeout(LIMIT):
            with pytest.raises(ProcessLookupError, match="ended meanwhile"):
                await copying


async def test_nothing_planted_is_loaded(inside: LinuxInside) -> None:
    """Whatever a program could load by itself lies in wait, and tells when it is touched."""
    plant = """
    cd /tmp
    for folder in lib lib64 lib/x86_64-linux-gnu lib/aarch64-linux-gnu lib/python3 lib/python3.11; do
        mkdir -p $folder
        for name in libc.so.6 libnss_files.so.2 libnss_compat.so.2 libgcc_s.so.1 linecache.py traceback.py; do
            mkfifo $folder/$name
        done
    done
    rm /etc/passwd /etc/os-release
    mkdir bin
    echo ada:x:1000:1001::/home/ada:/bin/sh >/etc/passwd
    echo ID=tiny >lib/os-release
    mkfifo bin/python3 bin/getent
    mount --bind /tmp /usr
    """
    with guest() as one:
        one.run("sh", "-ec", plant)
        for name in ("nsswitch.conf", "ld.so.cache", "ld.so.preload", "localtime", "locale.alias"):
            os.mkfifo(one.path / "etc" / name)
        for _ in range(3):
            assert (await inside.os_release(one.place))["ID"] == "tiny"
            pty = await inside.open_pty(one.place)
            os.close(pty.fd)
            os.close(await inside.open_root(one.place))
            with pytest.raises(FileNotFoundError, match="no user"):
                await inside.open_shell(one.place, ShellRequest("eve", "/bin/sh", ["sh"], []))
            with pytest.raises(FileNotFoundError):
                await inside.open_shell(one.place, ShellRequest("ada", "/bin/none", ["sh"], []))
            with pytest.raises(FileNotFoundError):
                await inside.open_login(one.place)


async def test_a_terminal_that_floods_takes_no_memory(inside: LinuxInside, plain: Guest) -> None:
    async with others_are_fast(inside):
        request = ShellRequest("root", "/bin/sh", ["sh", "-c", "exec yes"], [])
        pty = await inside.open_shell(plain.place, request)
        before = int(said("/proc/self/statm").split()[1])
        await asyncio.sleep(0.5)  # to let it flood, there is nothing to wait for
        assert int(said("/proc/self/statm").split()[1]) - before < 2048  # pages
        os.close(pty.fd)


async def test_a_bus_that_never_answers(inside: LinuxInside, plain: Guest) -> None:
    (plain.path / "run/dbus").mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(plain.path / "run/dbus/system_bus_socket"))
        sock.listen()
        begin = time.monotonic()
        with pytest.raises(OSError, match="cannot be used") as caught:
            await inside.open_login(plain.place)
        assert caught.value.errno == errno.EIO
        assert time.monotonic() - begin < LIMIT


async def test_a_bus_that_answers_without_end(inside: LinuxInside, plain: Guest) -> None:
    """The beginning of a message of 100 MiB: nothing of it is kept, and nobody waits for the rest."""
    (plain.path / "run/dbus").mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(plain.path / "run/dbus/system_bus_socket"))
        sock.listen()
        opening = asyncio.create_task(inside.open_login(plain.place))
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        client, _ = await loop.sock_accept(sock)
        with client:
            await loop.sock_recv(client, 4096)
            await loop.sock_sendall(client, b"OK 0123456789abcdef0123456789abcdef\r\n")
            await loop.sock_recv(client, 4096)
            await loop.sock_sendall(client, b"AGREE_UNIX_FD\r\n")
            await loop.sock_recv(client, 4096)
            await loop.sock_sendall(client, struct.pack("<4BIII", ord("l"), 2, 0, 1, 100 << 20, 1, 0))
            begin = time.monotonic()
            with pytest.raises(OSError, match="larger than is taken"):
                await opening
            assert time.monotonic() - begin < 4


GIVING_BUS = """
import os, socket, struct, sys
path, silent = sys.argv[1:]
fd = os.open(silent, os.O_RDONLY)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
print("listens", flush=True)
client, _ = listener.accept()
for answer in ("OK 0123456789abcdef0123456789abcdef", "AGREE_UNIX_FD"):
    client.recv(4096)
    client.sendall(answer.encode() + b"\\r\\n")
client.recv(4096)
socket.send_fds(client, [struct.pack("<4BIII", ord("l"), 4, 0, 1, 100, 1, 0)], [fd])
client.recv(1)
"""


@contextlib.contextmanager
def giving_bus(machine: Guest, path: str) -> Iterator[None]:
    """Have a process at the place of a machine's bus that gives whoever comes a file of the machine."""
    paths = [str(machine.path / "run/dbus/system_bus_socket"), str(machine.root / path)]
    words = [sys.executable, "-I", "-c", GIVING_BUS, *paths]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listens\n"
            yield
        finally:
            process.kill()


async def test_a_bus_that_gives_away_what_cannot_be_closed(inside: LinuxInside) -> None:
    """Who closes a file of a silent file system waits: so the service has none of a machine's files."""
    with (
        guest(before="mkdir run/dbus && touch tmp/file") as one,
        fuse(one, "/tmp/file") as silence,
        giving_bus(one, "tmp/file"),
    ):
        too_late = threading.Timer(3 * LIMIT, silence.kill)  # else we could not even fail
        too_late.start()
        begin = time.monotonic()
        with pytest.raises(OSError, match=r"."):
            await inside.open_login(one.place)
        assert time.monotonic() - begin < LIMIT
        too_late.cancel()
        silence.kill()  # first, for the bus closes its file as it ends


async def test_a_bus_that_is_a_link_to_another(inside: LinuxInside, plain: Guest, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "bus"))
        sock.listen()
        (plain.path / "run/dbus").mkdir()
        (plain.path / "run/dbus/system_bus_socket").symlink_to(f"../../../../../..{tmp_path}/bus")
        with pytest.raises(FileNotFoundError):
            await inside.open_login(plain.place)
