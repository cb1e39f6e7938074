"""Looks into machines: what they are, where they are on the network, and whose ids they have."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
import subprocess

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.inside import Address, BindRequest, CopyRequest, IdRange, Place, ShellRequest
from machined.host.linux.inside import LinuxInside, netlink
from machined.host.linux.processes import LinuxPin
from tests.service.linux_inside.conftest import HOST
from tests.service.linux_inside.guests import SHIFT, Guest, guest


async def test_os_release_is_read_anew_each_time(inside: LinuxInside, machine: Guest) -> None:
    assert await inside.os_release(machine.place) == {"ID": "tiny", "NAME": "A tiny one"}
    (machine.path / "etc/os-release").write_text("# a comment\nVERSION_ID='7 \"'\nID=tiny\n")
    assert list((await inside.os_release(machine.place)).items()) == [("VERSION_ID", '7 "'), ("ID", "tiny")]


async def test_os_release_of_usr_counts_only_without_one_in_etc(inside: LinuxInside, plain: Guest) -> None:
    (plain.path / "etc/os-release").unlink()
    assert (await inside.os_release(plain.place))["ID"] == (await inside.os_release(HOST))["ID"]
    (plain.path / "etc/os-release").write_text("")
    assert await inside.os_release(plain.place) == {}


async def test_a_machine_without_os_release(inside: LinuxInside) -> None:
    with guest() as one:
        (one.path / "etc/os-release").unlink()
        one.run("mount", "-t", "tmpfs", "none", "/usr")
        with pytest.raises(FileNotFoundError):
            await inside.os_release(one.place)


async def test_os_release_that_is_masked(inside: LinuxInside, plain: Guest) -> None:
    (plain.path / "etc/os-release").unlink()
    (plain.path / "etc/os-release").symlink_to("/dev/null")
    assert await inside.os_release(plain.place) == {}


async def test_a_network_that_is_asked_is_not_closed_for_another(
    inside: LinuxInside, plain: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when its machine ends meanwhile: what was begun is read to its end."""
    monkeypatch.setattr("machined.host.linux.inside.networks.MOST", 1)
    ask, go, waiting = netlink.addresses, asyncio.Event(), asyncio.Event()

    async def slow(sock: socket.socket, sequence: int) -> list[Address]:
        if not waiting.is_set():
            waiting.set()
            await go.wait()
        return await ask(sock, sequence)

    monkeypatch.setattr(netlink, "addresses", slow)
    with guest("other") as other:
        first = asyncio.create_task(inside.addresses(plain.place))
        await waiting.wait()
        assert await inside.addresses(other.place) == []
        plain.end()
        go.set()
        assert await first == []


async def test_addresses_are_those_of_the_machine(inside: LinuxInside, machine: Guest) -> None:
    assert await inside.addresses(machine.place) == []
    ip = ["nsenter", f"--target={machine.place.leader}", "--net", "ip"]
    for words in (
        "link set lo up",
        "address add fd00::2/64 dev lo",
        "address add 169.254.1.1/16 dev lo scope link",
        "address add 10.1.2.3/8 dev lo",
        "address add fd00::9/64 dev lo preferred_lft 0",
    ):
        process = await asyncio.create_subprocess_exec(*ip, *words.split())
        assert await process.wait() == 0
    found = [str(ipaddress.ip_address(one.raw)) for one in await inside.addresses(machine.place)]
    assert found == ["10.1.2.3", "169.254.1.1", "fd00::2"]
    assert [one.family for one in await inside.addresses(machine.place)] == [2, 2, 10]


async def test_a_machine_in_the_hosts_network_is_refused(inside: LinuxInside) -> None:
    with guest(namespaces=("mount",)) as one:
        with pytest.raises(Refused) as caught:
            await inside.addresses(one.place)
        assert caught.value.name == ErrorName.NO_PRIVATE_NETWORKING
    assert all(len(one.raw) in {4, 16} for one in await inside.addresses(HOST))


async def test_a_list_of_the_host_that_was_left_half_read_is_in_nobody_s_way(
    inside: LinuxInside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gives no second list over a socket before the first was read (EBUSY)."""
    asked: list[socket.socket] = []

    async def half(sock: socket.socket, _sequence: int) -> list[Address]:
        asked.append(sock)
        raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))

    with monkeypatch.context() as patched:
        patched.setattr(netlink, "addresses", half)
        with pytest.raises(OSError, match="Failed to get addresses"):
            await inside.addresses(HOST)
    await inside.addresses(HOST)
    assert asked[0].fileno() == -1


async def test_many_addresses_block_nobody(inside: LinuxInside, plain: Guest) -> None:
    """A list of thousands comes in parts, and others get their turn between them."""
    batch = "".join(f"address add 10.{n // 256}.{n % 256}.1/32 dev lo\n" for n in range(4000))
    words = ["nsenter", f"--target={plain.place.leader}", "--net", "ip", "-batch", "-"]
    process = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE)
    await process.communicate(batch.encode())
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert len(await inside.addresses(plain.place)) == 4000
    counting.cancel()
    assert turns > 4


async def test_id_maps(inside: LinuxInside, plain: Guest, shifted: Guest) -> None:
    everyone = [IdRange(0, 0, 2**32 - 1)]
    assert await inside.user_map(plain.place) == await inside.group_map(HOST) == everyone
    assert await inside.user_map(shifted.place) == [IdRange(0, SHIFT, 65536)]
    assert await inside.group_map(shifted.place) == [IdRange(0, SHIFT, 65536)]


async def test_a_machine_that_ended_is_not_found(inside: LinuxInside, plain: Guest) -> None:
    await inside.addresses(plain.place)
    plain.end()
    for call in (inside.addresses, inside.os_release, inside.user_map, inside.open_root):
        with pytest.raises(FileNotFoundError):
            await call(plain.place)
    for call in (inside.open_pty, inside.open_login):
        with pytest.raises(ProcessLookupError):
            await call(plain.place)


async def test_the_network_of_a_machine_that_ended_is_let_go(inside: LinuxInside, plain: Guest) -> None:
    before = len(os.listdir("/proc/self/fd"))
    await inside.addresses(plain.place)
    assert len(os.listdir("/proc/self/fd")) == before + 2
    plain.end()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_the_root_is_open_for_reading(inside: LinuxInside, machine: Guest) -> None:
    root = await inside.open_root(machine.place)
    try:
        assert os.stat("run/ready", dir_fd=root).st_size == 0
    finally:
        os.close(root)


def pin_of_one_that_has_ended() -> LinuxPin:
    with subprocess.Popen(["true"]) as process:
        return LinuxPin(process.pid, os.pidfd_open(process.pid))


async def test_who_has_the_pid_of_a_leader_that_has_ended_is_not_taken_for_it(
    inside: LinuxInside, plain: Guest
) -> None:
    """The leader is gone and the guest has its pid, as far as anybody who goes by the pid can tell."""
    pin = pin_of_one_that_has_ended()
    try:
        for process in (pin, None):
            place = Place("gone", plain.place.leader, process=process)
            request = ShellRequest("root", "/bin/true", ["true"], [])
            calls = [
                inside.os_release(place),
                inside.addresses(place),
                inside.user_map(place),
                inside.group_map(place),
                inside.open_root(place),
                inside.bind_mount(place, BindRequest("/usr", "/tmp", True, False)),
                inside.copy(place, CopyRequest("/run/ready", "/tmp/never", False, False, 0)),
            ]
            for call in calls:
                with pytest.raises(FileNotFoundError):
                    await call
            for call in (inside.open_pty(place), inside.open_login(place), inside.open_shell(place, request)):
                with pytest.raises(ProcessLookupError):
                    await call
    finally:
        pin.release()


async def test_nobody_is_asked_about_a_process_that_is_none(inside: LinuxInside) -> None:
    with pytest.raises(FileNotFoundError):
        await inside.os_release(Place("gone", 2**22 - 1))
