"""Looking into machines, binding, copying, and what the demo keeps away from."""

from __future__ import annotations

import asyncio
import errno
import os
import stat

import pytest

from machined.host.errors import Refused
from machined.host.inside import BindRequest, CopyRequest, IdRange, Place
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.folders import LargeFile
from machined.host.simulated.inside import SimulatedInside
from tests.service.simulated.estates import in_time, place_of, push

HOST = Place(".host", 1, is_host=True)
REAL = Place("real", 4711)


def into(source: str, destination: str, *, replaces: bool = False, shift: int = 0) -> CopyRequest:
    return CopyRequest(source, destination, True, replaces, shift)


def out_of(source: str, destination: str, *, replaces: bool = False, shift: int = 0) -> CopyRequest:
    return CopyRequest(source, destination, False, replaces, shift)


class TestLooking:
    async def test_addresses_of_a_machine(self, estate: Estate, inside: SimulatedInside) -> None:
        found = await inside.addresses(place_of(estate, "web-1"))
        assert found[0].raw == bytes((10, 43, 0, 11))
        assert [one.family for one in found] == sorted(one.family for one in found)

    async def test_a_shared_network_has_none_of_its_own(
        self, estate: Estate, inside: SimulatedInside
    ) -> None:
        with pytest.raises(Refused) as raised:
            await inside.addresses(place_of(estate, "edge-proxy"))
        assert raised.value.name == "org.freedesktop.machine1.NoPrivateNetworking"

    async def test_the_host_has_its_own(self, inside: SimulatedInside) -> None:
        assert (await inside.addresses(HOST))[0].raw == bytes((192, 0, 2, 10))

    async def test_release_of_machine_and_host(self, estate: Estate, inside: SimulatedInside) -> None:
        assert (await inside.os_release(place_of(estate, "git.halden.example")))["ID"] == "fedora"
        found = await inside.os_release(HOST)
        assert found["PRETTY_NAME"] == "Debian GNU/Linux 13 (trixie)"
        assert next(iter(found)) == "PRETTY_NAME"

    async def test_a_single_program_has_no_release(self, estate: Estate, inside: SimulatedInside) -> None:
        with pytest.raises(FileNotFoundError):
            await inside.os_release(place_of(estate, "statsd-relay"))

    async def test_maps(self, estate: Estate, inside: SimulatedInside) -> None:
        assert await inside.user_map(place_of(estate, "cache")) == [IdRange(0, 1310720, 65536)]
        assert await inside.group_map(place_of(estate, "cache")) == [IdRange(0, 1310720, 65536)]
        assert await inside.user_map(place_of(estate, "web-1")) == [IdRange(0, 0, 2**32 - 1)]

    async def test_who_is_gone_has_no_inside(self, estate: Estate, inside: SimulatedInside) -> None:
        place = place_of(estate, "web-1")
        estate.processes.end(estate.machines["web-1"].leader)
        for work in (inside.addresses(place), inside.os_release(place), inside.user_map(place)):
            with pytest.raises(ProcessLookupError):
                await work

    async def test_real_processes_are_not_looked_into(
        self, inside: SimulatedInside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("builtins.open", lambda *_: pytest.fail("a file was opened"))
        monkeypatch.setattr("os.open", lambda *_: pytest.fail("a file was opened"))
        assert await inside.addresses(REAL) == []
        with pytest.raises(FileNotFoundError):
            await inside.os_release(REAL)
        with pytest.raises(OSError, match="real host") as raised:
            await inside.copy(REAL, into("/etc/motd", "/etc/motd"))
        assert raised.value.errno == errno.EOPNOTSUPP


class TestLogins:
    async def test_who_has_no_bus_has_no_login(self, estate: Estate, inside: SimulatedInside) -> None:
        with pytest.raises(FileNotFoundError, match="bus"):
            await inside.open_login(place_of(estate, "statsd-relay"))

    async def test_a_terminal_is_the_callers(self, estate: Estate, inside: SimulatedInside) -> None:
        pty = await inside.open_login(place_of(estate, "web-1"))
        try:
            assert os.isatty(pty.fd)
            assert pty.path.startswith("/dev/pts/")
            assert not os.get_inheritable(pty.fd)
        finally:
            os.close(pty.fd)


class TestBinding:
    async def test_both_sides_see_the_same(self, estate: Estate, inside: SimulatedInside) -> None:
        await inside.bind_mount(
            place_of(estate, "web-1"), BindRequest("/srv/backup", "/mnt/backup", False, True)
        )
        tree = estate.machines["web-1"].tree
        assert b"Weekly" in tree.read("/mnt/backup/README")
        tree.write("/mnt/backup/new", b"1")
        assert estate.host_tree.read("/srv/backup/new") == b"1"
        estate.host_tree.write("/srv/backup/other", b"2")
        assert "other" in tree.listing("/mnt/backup")

    async def test_read_only_is_honoured(self, estate: Estate, inside: SimulatedInside) -> None:
        place = place_of(estate, "web-1")
        await inside.bind_mount(place, BindRequest("/srv/backup", "/mnt/ro", True, True))
        await inside.bind_mount(place, BindRequest("/srv/backup", "/mnt/rw", False, True))
        tree = estate.machines["web-1"].tree
        for change in (
            lambda: tree.write("/mnt/ro/README", b""),
            lambda: tree.write("/mnt/ro/new", b""),
            lambda: tree.remove("/mnt/ro/README"),
            lambda: tree.make_folders("/mnt/ro/a/b"),
        ):
            with pytest.raises(OSError, match="Read-only") as raised:
                change()
            assert raised.value.errno == errno.EROFS
        tree.write("/mnt/rw/new", b"")

    async def test_the_destination_must_be_there_unless_it_is_made(
        self, estate: Estate, inside: SimulatedInside
    ) -> None:
        with pytest.raises(FileNotFoundError):
            await inside.bind_mount(place_of(estate, "web-1"), BindRequest("/srv", "/mnt/srv", False, False))

    async def test_the_source_must_be_there(self, estate: Estate, inside: SimulatedInside) -> None:
        with pytest.raises(FileNotFoundError):
            await inside.bind_mount(place_of(estate, "web-1"), BindRequest("/nowhere", "/mnt", False, True))

    async def test_a_file_is_not_mounted_on_a_folder(self, estate: Estate, inside: SimulatedInside) -> None:
        with pytest.raises(IsADirectoryError):
            await inside.bind_mount(place_of(estate, "web-1"), BindRequest("/etc/motd", "/mnt", False, False))

    async def test_the_image_never_sees_it(self, estate: Estate, inside: SimulatedInside) -> None:
        await inside.bind_mount(
            place_of(estate, "web-1"), BindRequest("/etc/motd", "/etc/hosts", False, False)
        )
        assert b"Halden" in estate.machines["web-1"].tree.read("/etc/hosts")
        assert b"127.0.0.1" in estate.images["web-1"].tree.read("/etc/hosts")
        with pytest.raises(OSError, match="busy"):
            estate.machines["web-1"].tree.remove("/etc/hosts")


class TestCopying:
    async def test_a_file_goes_in_and_comes_out(self, estate: Estate, inside: SimulatedInside) -> None:
        place = place_of(estate, "web-1")
        await inside.copy(place, into("/etc/motd", "/root/motd"))
        await inside.copy(place, out_of("/root/motd", "/root/again"))
        assert estate.host_tree.read("/root/again") == estate.host_tree.read("/etc/motd")

    async def test_a_copy_lives_its_own_life(self, estate: Estate, inside: SimulatedInside) -> None:
        await inside.copy(place_of(estate, "web-1"), into("/srv/backup/README", "/root/README"))
        estate.host_tree.write("/srv/backup/README", b"changed")
        assert b"Weekly" in estate.machines["web-1"].tree.read("/root/README")

    async def test_a_file_in_the_way_stays(self, estate: Estate, inside: SimulatedInside) -> None:
        with pytest.raises(FileExistsError):
            await inside.copy(place_of(estate, "web-1"), into("/etc/motd", "/etc/motd"))

    async def test_unless_it_is_to_be_replaced(self, estate: Estate, inside: SimulatedInside) -> None:
        await inside.copy(place_of(estate, "web-1"), into("/etc/motd", "/etc/motd", replaces=True))
        assert estate.machines["web-1"].tree.read("/etc/motd") == estate.host_tree.read("/etc/motd")

    @pytest.mark.parametrize("replaces", [False, True])
    async def test_folders_are_merged(self, estate: Estate, inside: SimulatedInside, replaces: bool) -> None:
        host, tree = estate.host_tree, estate.machines["web-1"].tree
        host.make_folders("/root/tree/below").mode = stat.S_IFDIR | 0o700
        host.write("/root/tree/same", b"host")
        host.write("/root/tree/below/new", b"host")
        tree.make_folders("/root/tree/below").mode = stat.S_IFDIR | 0o711
        tree.write("/root/tree/same", b"machine")
        tree.write("/root/tree/kept", b"machine")
        await inside.copy(place_of(estate, "web-1"), into("/root/tree", "/root/tree", replaces=replaces))
        assert tree.read("/root/tree/same") == (b"host" if replaces else b"machine")
        assert tree.read("/root/tree/below/new") == b"host"
        assert tree.read("/root/tree/kept") == b"machine"
        assert tree.node("/root/tree/below").mode == stat.S_IFDIR | 0o711

    @pytest.mark.parametrize(
        ("request_", "number"),
        [
            (into("/nowhere", "/root/x"), errno.ENOENT),
            (into("/etc/motd", "/nowhere/x"), errno.ENOENT),
            (into("/etc/motd", "/etc/motd/x"), errno.ENOTDIR),
            (into("/etc/motd", "/"), errno.EADDRNOTAVAIL),
            (into("/etc/motd", "/proc/x"), errno.EROFS),
            (into("/etc", "/etc/hostname"), errno.EEXIST),
            (into("/etc", "/etc/hostname", replaces=True), errno.ENOTDIR),
            (into("/etc/motd", "/etc"), errno.EEXIST),
            (into("/etc/motd", "/etc", replaces=True), errno.EISDIR),
            (out_of("/nowhere", "/root/x"), errno.ENOENT),
            (out_of("/etc/motd", "/etc/motd"), errno.EEXIST),
        ],
    )
    async def test_what_cannot_be(
        self, estate: Estate, inside: SimulatedInside, request_: CopyRequest, number: int
    ) -> None:
        with pytest.raises(OSError, match=r".") as raised:
            await inside.copy(place_of(estate, "web-1"), request_)
        assert raised.value.errno == number

    async def test_links_are_copied_as_links(self, estate: Estate, inside: SimulatedInside) -> None:
        await inside.copy(place_of(estate, "web-1"), out_of("/etc/os-release", "/root/release"))
        node = estate.host_tree.node("/root/release", follows=False)
        assert node.is_link
        assert node.target == "../usr/lib/os-release"

    async def test_owners_stay_without_a_user_namespace(
        self, estate: Estate, inside: SimulatedInside
    ) -> None:
        await inside.copy(place_of(estate, "web-1"), into("/home/ingrid/todo.txt", "/root/todo.txt"))
        assert estate.machines["web-1"].tree.node("/root/todo.txt").uid == 1000

    async def test_with_one_all_is_of_its_root(self, estate: Estate, inside: SimulatedInside) -> None:
        place, shift = place_of(estate, "cache"), 1310720
        await inside.copy(place, into("/home/ingrid/todo.txt", "/root/todo.txt", shift=shift))
        machine = estate.machines["cache"]
        assert machine.outer_owner(machine.tree.node("/root/todo.txt")) == (shift, shift)
        await inside.copy(place, out_of("/home/deploy/.profile", "/root/profile", shift=shift))
        assert estate.host_tree.node("/root/profile").uid == 0

    async def test_large_ones_take_their_time(
        self, estate: Estate, inside: SimulatedInside, clock: StandingClock
    ) -> None:
        estate.host_tree.add("/root/large", LargeFile(2 * 1024**3))
        task = asyncio.create_task(inside.copy(place_of(estate, "web-1"), into("/root/large", "/root/large")))
        await push(clock, 4)
        assert not estate.machines["web-1"].tree.has("/root/large")
        await in_time(clock, asyncio.wait_for(task, None))
        assert estate.machines["web-1"].tree.node("/root/large").size() == 2 * 1024**3

    async def test_a_machine_that_ends_meanwhile_gets_nothing(
        self, estate: Estate, inside: SimulatedInside, clock: StandingClock
    ) -> None:
        estate.host_tree.add("/root/large", LargeFile(2 * 1024**3))
        task = asyncio.create_task(inside.copy(place_of(estate, "web-1"), into("/root/large", "/root/large")))
        await push(clock, 4)
        estate.processes.end(estate.machines["web-1"].leader)
        with pytest.raises(ProcessLookupError):
            await in_time(clock, asyncio.wait_for(task, None))
        assert not estate.images["web-1"].tree.has("/root/large")


class TestRoots:
    async def test_a_descriptor_leads_to_a_copy(self, estate: Estate, inside: SimulatedInside) -> None:
        fd = await inside.open_root(place_of(estate, "web-1"))
        try:
            assert stat.S_ISDIR(os.fstat(fd).st_mode)
            assert not os.get_inheritable(fd)
            assert {"etc", "usr", "proc"} <= set(os.listdir(fd))
            inner = os.open("etc/hostname", os.O_RDONLY, dir_fd=fd)
            assert os.read(inner, 100) == b"web-1\n"
            os.close(inner)
            assert os.readlink("etc/os-release", dir_fd=fd) == "../usr/lib/os-release"
            assert os.stat("usr/bin/bash", dir_fd=fd).st_size == 148 * 1024
        finally:
            os.close(fd)

    async def test_closing_removes_the_copies(
        self, estate: Estate, inside: SimulatedInside, tmp_path: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        os.close(await inside.open_root(place_of(estate, "web-1")))
        os.close(await inside.open_root(HOST))
        assert len(os.listdir(str(tmp_path))) == 2
        await inside.close()
        assert os.listdir(str(tmp_path)) == []
