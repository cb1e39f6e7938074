"""What may be done to images of each type, and what it costs."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from machined.contract import UNKNOWN_SIZE
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.storage import SimulatedStorage
from machined.host.storage import Image, ImageType
from tests.service.simulated.estates import image, in_time, no_progress, push

GIB = 1024**3

DIRECTORY, SUBVOLUME, RAW, BLOCK = "scratch", "web-1-before-upgrade", "db-primary-archive", "router-disk"
IDLE = [DIRECTORY, SUBVOLUME, RAW, BLOCK]

Operation = Callable[[SimulatedStorage, Image], Coroutine[Any, Any, object]]

OPERATIONS: dict[str, Operation] = {
    "remove": lambda storage, one: storage.remove(one, no_progress),
    "rename": lambda storage, one: storage.rename(one, "other"),
    "set_read_only": lambda storage, one: storage.set_read_only(one, True),
}


async def refusal(work: Coroutine[Any, Any, object]) -> int:
    """The errno that something is refused with."""
    with pytest.raises(OSError, match=r".") as raised:
        await work
    assert raised.value.errno is not None
    return raised.value.errno


class TestLooking:
    async def test_the_host_is_an_image(self, storage: SimulatedStorage) -> None:
        found = await image(storage, ".host")
        assert found.path == "/"
        assert [one.name for one in await storage.discover()].count(".host") == 1

    async def test_the_host_is_as_old_whenever_it_is_asked(
        self, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        """Or whoever looks again before a clone would take it for another one."""
        before = await image(storage, ".host")
        await clock.advance(5)
        assert await image(storage, ".host") == before

    async def test_names_are_there_once(self, storage: SimulatedStorage) -> None:
        names = [one.name for one in await storage.discover()]
        assert len(names) == len(set(names)) > 20

    async def test_nothing_is_found_under_a_strange_name(self, storage: SimulatedStorage) -> None:
        assert await storage.find("nothing") is None

    async def test_a_directory_tells_no_numbers(self, storage: SimulatedStorage) -> None:
        found = await image(storage, "cache")
        assert found.type is ImageType.DIRECTORY
        assert found.created > 0
        assert found.modified == 0
        assert {found.usage, found.limit, found.usage_exclusive, found.limit_exclusive} == {UNKNOWN_SIZE}

    async def test_a_subvolume_tells_those_of_its_quota_group(self, storage: SimulatedStorage) -> None:
        found = await image(storage, "db-primary")
        assert found.type is ImageType.SUBVOLUME
        assert found.usage > found.usage_exclusive > 40 * GIB
        assert found.limit == 80 * GIB
        assert found.limit_exclusive == 75 * GIB
        assert found.modified == 0

    async def test_a_subvolume_without_quota_tells_none(self, storage: SimulatedStorage) -> None:
        found = await image(storage, "crm-import")
        assert found.type is ImageType.SUBVOLUME
        assert {found.usage, found.limit, found.usage_exclusive, found.limit_exclusive} == {UNKNOWN_SIZE}

    async def test_a_raw_image_tells_those_of_its_file(self, storage: SimulatedStorage) -> None:
        found = await image(storage, "fedora-test")
        assert found.path == "/var/lib/machines/fedora-test.raw"
        assert found.usage == found.usage_exclusive < found.limit == found.limit_exclusive
        assert 0 < found.created < found.modified

    async def test_a_device_tells_its_size_and_no_times(self, storage: SimulatedStorage) -> None:
        found = await image(storage, BLOCK)
        assert found.usage == found.limit == found.usage_exclusive == found.limit_exclusive < UNKNOWN_SIZE
        assert (found.created, found.modified) == (0, 0)

    async def test_a_vendor_image_is_read_only(self, storage: SimulatedStorage) -> None:
        found = await image(storage, "recovery")
        assert found.is_vendor
        assert found.is_read_only

    async def test_folders_that_somebody_makes_are_images(
        self, estate: Estate, storage: SimulatedStorage
    ) -> None:
        estate.host_tree.make_folders("/var/lib/machines/by-hand/etc")
        found = await image(storage, "by-hand")
        assert found.type is ImageType.DIRECTORY
        estate.host_tree.remove("/var/lib/machines/by-hand")
        assert await storage.find("by-hand") is None


class TestMetadata:
    @pytest.mark.parametrize("name", IDLE)
    async def test_its_files_tell(self, storage: SimulatedStorage, name: str) -> None:
        told = await storage.metadata(await image(storage, name))
        assert told.hostname == name
        assert len(told.machine_id) == 16
        assert told.os_release["ID"] in {"debian", "alpine"}

    async def test_machine_info_may_hold_anything(self, estate: Estate, storage: SimulatedStorage) -> None:
        estate.processes.end(estate.machines["ldap"].leader)
        told = await storage.metadata(await image(storage, "ldap"))
        assert told.machine_info["PRETTY_HOSTNAME"] == "Verzeichnisdienst (Büro Süd)"
        assert told.os_release["PRETTY_NAME"] == "openSUSE Leap 15.6 – „Chamäleon“"

    async def test_while_it_runs_nobody_looks(self, storage: SimulatedStorage) -> None:
        assert await refusal(storage.metadata(await image(storage, "web-1"))) == errno.EBUSY

    async def test_the_host_tells_its_own(self, storage: SimulatedStorage) -> None:
        assert (await storage.metadata(await image(storage, ".host"))).hostname == "atlas"


class TestInUse:
    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("name", ["web-1", "fedora-test", ".host"])
    async def test_what_a_machine_has_is_left_alone(
        self, storage: SimulatedStorage, name: str, operation: str
    ) -> None:
        found = await image(storage, name)
        assert await refusal(OPERATIONS[operation](storage, found)) == errno.EBUSY

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_what_another_operation_has_is_left_alone(
        self, storage: SimulatedStorage, clock: StandingClock, operation: str
    ) -> None:
        found = await image(storage, DIRECTORY)
        removing = asyncio.create_task(storage.remove(found, no_progress))
        await asyncio.sleep(0)
        assert await refusal(OPERATIONS[operation](storage, found)) == errno.EBUSY
        await in_time(clock, asyncio.wait_for(removing, None))

    @pytest.mark.parametrize("operation", OPERATIONS)
    async def test_what_is_gone_is_gone(
        self, storage: SimulatedStorage, clock: StandingClock, operation: str
    ) -> None:
        found = await image(storage, DIRECTORY)
        await in_time(clock, storage.remove(found, no_progress))
        assert await refusal(OPERATIONS[operation](storage, found)) == errno.ENOENT

    async def test_a_machine_that_runs_may_be_cloned(
        self, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        await in_time(clock, storage.clone(await image(storage, "web-1"), "copy", False, no_progress))
        assert (await image(storage, "copy")).type is ImageType.SUBVOLUME


class TestRemoving:
    @pytest.mark.parametrize("name", IDLE)
    async def test_it_is_gone_with_its_files(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock, name: str
    ) -> None:
        found = await image(storage, name)
        await in_time(clock, storage.remove(found, no_progress))
        assert await storage.find(name) is None
        assert not estate.host_tree.has(found.path)

    async def test_a_device_stays(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        await in_time(clock, storage.remove(await image(storage, BLOCK), no_progress))
        assert estate.host_tree.has("/dev/pool/router-disk")

    async def test_the_pool_shrinks(self, storage: SimulatedStorage, clock: StandingClock) -> None:
        found = await image(storage, RAW)
        before = (await storage.pool()).usage
        await in_time(clock, storage.remove(found, no_progress))
        assert before - (await storage.pool()).usage == found.usage

    async def test_side_files_go_too(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        estate.processes.end(estate.machines["ldap"].leader)
        estate.host_tree.write("/etc/systemd/nspawn/ldap.nspawn", b"[Exec]\n")
        await in_time(clock, storage.remove(await image(storage, "ldap"), no_progress))
        assert not estate.host_tree.has("/etc/systemd/nspawn/ldap.nspawn")
        assert not estate.host_tree.has("/var/lib/machines/ldap.roothash")
        assert estate.host_tree.has("/etc/systemd/nspawn/db-primary.nspawn")


class TestRenaming:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            (DIRECTORY, "/var/lib/machines/other"),
            (SUBVOLUME, "/var/lib/machines/other"),
            (RAW, "/var/lib/machines/other.raw"),
            (BLOCK, "/var/lib/machines/other"),
        ],
    )
    async def test_it_keeps_all_but_its_name(self, storage: SimulatedStorage, name: str, path: str) -> None:
        before = await image(storage, name)
        await storage.rename(before, "other")
        after = await image(storage, "other")
        assert after.path == path
        assert (after.type, after.usage, after.created) == (before.type, before.usage, before.created)
        assert await storage.find(name) is None

    @pytest.mark.parametrize(
        ("new_name", "number"),
        [
            ("web-2", errno.EEXIST),
            ("scratch", errno.EEXIST),
            ("recovery", errno.EEXIST),
            (".host", errno.EBUSY),
        ],
    )
    async def test_the_new_name_must_be_free(
        self, storage: SimulatedStorage, new_name: str, number: int
    ) -> None:
        assert await refusal(storage.rename(await image(storage, DIRECTORY), new_name)) == number

    async def test_side_files_follow_and_push_nothing_away(
        self, estate: Estate, storage: SimulatedStorage
    ) -> None:
        tree = estate.host_tree
        for where in ("/etc/systemd/nspawn", "/run/systemd/nspawn", "/var/lib/machines"):
            tree.make_folders(where)
            tree.write(f"{where}/scratch.nspawn", where.encode())
        tree.write("/run/systemd/nspawn/other.nspawn", b"older")
        await storage.rename(await image(storage, DIRECTORY), "other")
        assert tree.read("/etc/systemd/nspawn/other.nspawn") == b"/etc/systemd/nspawn"
        assert tree.read("/var/lib/machines/other.nspawn") == b"/var/lib/machines"
        assert tree.read("/run/systemd/nspawn/other.nspawn") == b"older"
        assert tree.has("/run/systemd/nspawn/scratch.nspawn")

    async def test_it_can_be_started_by_its_new_name(self, estate: Estate, storage: SimulatedStorage) -> None:
        await storage.rename(await image(storage, DIRECTORY), "other")
        assert (await estate.boot("other", "systemd-nspawn@other.service")).name == "other"


class TestCloning:
    async def test_a_device_cannot_be_cloned(self, storage: SimulatedStorage) -> None:
        work = storage.clone(await image(storage, BLOCK), "copy", False, no_progress)
        assert await refusal(work) == errno.EOPNOTSUPP

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            (DIRECTORY, ImageType.SUBVOLUME),
            (SUBVOLUME, ImageType.SUBVOLUME),
            (RAW, ImageType.RAW),
            ("recovery", ImageType.SUBVOLUME),
            (".host", ImageType.SUBVOLUME),
        ],
    )
    async def test_a_copy_is_in_the_pool(
        self, storage: SimulatedStorage, clock: StandingClock, name: str, kind: ImageType
    ) -> None:
        await in_time(clock, storage.clone(await image(storage, name), "copy", True, no_progress))
        made = await image(storage, "copy")
        assert made.type is kind
        assert made.is_read_only
        assert made.path == f"/var/lib/machines/copy{'.raw' if kind is ImageType.RAW else ''}"

    async def test_a_snapshot_is_made_at_once_and_takes_nothing(
        self, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        before, usage = await image(storage, "db-primary"), (await storage.pool()).usage
        began = clock.monotonic()
        await in_time(clock, storage.clone(before, "copy", False, no_progress))
        made = await image(storage, "copy")
        assert clock.monotonic() - began <= 1_000_000
        assert made.usage >= before.usage
        assert made.usage_exclusive < 1024**2
        assert (await storage.pool()).usage - usage < 1024**2
        assert (await image(storage, "db-primary")).usage_exclusive == 0

    async def test_a_copy_takes_its_time_and_tells_of_it(
        self, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        told: list[tuple[int, int]] = []
        source = await image(storage, RAW)
        before = (await storage.pool()).usage
        task = asyncio.create_task(
            storage.clone(source, "copy", False, lambda done, total: told.append((done, total)))
        )
        await push(clock, 20)
        assert not task.done()
        half = (await storage.pool()).usage
        assert before < half < before + source.usage
        assert await storage.find("copy") is None
        await in_time(clock, asyncio.wait_for(task, None))
        assert told[0] == (0, source.usage)
        assert told[-1] == (source.usage, source.usage)
        assert told == sorted(told)
        assert (await storage.pool()).usage == before + source.usage

    async def test_the_pool_may_be_too_small(self, storage: SimulatedStorage, clock: StandingClock) -> None:
        before = await storage.pool()
        await storage.set_pool_limit(before.usage + GIB)
        work = storage.clone(await image(storage, RAW), "copy", False, no_progress)
        assert await refusal(in_time(clock, work)) == errno.EDQUOT
        assert await storage.find("copy") is None
        assert (await storage.pool()).usage == before.usage

    async def test_what_is_cancelled_leaves_nothing(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        before = (await storage.pool()).usage
        task = asyncio.create_task(storage.clone(await image(storage, RAW), "copy", False, no_progress))
        await push(clock, 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await storage.pool()).usage == before
        assert not estate.locked

    async def test_a_name_is_taken_while_a_copy_is_made(
        self, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        source = await image(storage, RAW)
        task = asyncio.create_task(storage.clone(source, "copy", False, no_progress))
        await push(clock, 1)
        assert await refusal(storage.clone(source, "copy", False, no_progress)) == errno.EBUSY
        assert await refusal(storage.rename(await image(storage, DIRECTORY), "copy")) == errno.EBUSY
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def test_a_copy_lives_its_own_life(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        await in_time(clock, storage.clone(await image(storage, "web-1"), "copy", False, no_progress))
        estate.images["copy"].tree.write("/etc/hostname", b"copy\n")
        assert estate.images["web-1"].tree.read("/etc/hostname") == b"web-1\n"
        machine = await estate.boot("copy", "systemd-nspawn@copy.service")
        await push(clock, 3)
        assert set(machine.addresses).isdisjoint(estate.machines["web-1"].addresses)

    async def test_settings_are_copied(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        await in_time(clock, storage.clone(await image(storage, "db-primary"), "copy", False, no_progress))
        node = estate.host_tree.node("/etc/systemd/nspawn/copy.nspawn")
        assert node.mode & 0o7777 == 0o664
        assert node.read() == estate.host_tree.read("/etc/systemd/nspawn/db-primary.nspawn")

    async def test_a_copy_of_the_host_has_no_copy_of_the_pool(
        self, estate: Estate, storage: SimulatedStorage, clock: StandingClock
    ) -> None:
        await in_time(clock, storage.clone(await image(storage, ".host"), "copy", False, no_progress))
        tree = estate.images["copy"].tree
        assert tree.has("/etc/hostname")
        assert tree.has("/var/log/syslog")
        assert not tree.has("/var/lib/machines")
        assert not tree.has("/proc")


class TestMarks:
    @pytest.mark.parametrize("name", IDLE)
    async def test_read_only_can_be_set_and_taken_back(self, storage: SimulatedStorage, name: str) -> None:
        for wanted in (True, False):
            await storage.set_read_only(await image(storage, name), wanted)
            assert (await image(storage, name)).is_read_only is wanted

    async def test_a_file_shows_it(self, estate: Estate, storage: SimulatedStorage) -> None:
        found = await image(storage, RAW)
        await storage.set_read_only(found, False)
        assert estate.host_tree.node(found.path).mode & 0o777 == 0o644
        await storage.set_read_only(found, True)
        assert estate.host_tree.node(found.path).mode & 0o777 == 0o444

    async def test_a_subvolume_can_be_limited(self, storage: SimulatedStorage) -> None:
        await storage.set_limit(await image(storage, "web-1"), 3 * GIB)
        assert (await image(storage, "web-1")).limit == 3 * GIB
        await storage.set_limit(await image(storage, "web-1"), UNKNOWN_SIZE)
        assert (await image(storage, "web-1")).limit == UNKNOWN_SIZE

    @pytest.mark.parametrize("name", [DIRECTORY, RAW, BLOCK])
    async def test_nothing_else_can(self, storage: SimulatedStorage, name: str) -> None:
        assert await refusal(storage.set_limit(await image(storage, name), GIB)) == errno.EOPNOTSUPP

    async def test_the_pool_can(self, storage: SimulatedStorage) -> None:
        assert (await storage.pool()).limit == 250 * GIB
        await storage.set_pool_limit(UNKNOWN_SIZE)
        assert (await storage.pool()).limit == UNKNOWN_SIZE
