"""What is on the simulated host at its start, and how its containers come and go."""

from __future__ import annotations

import errno
import signal as signals
import socket

import pytest

from machined.contract import is_machine_name, nspawn_unit
from machined.host.simulated.clock import StandingClock
from machined.host.simulated.estate import KERNEL_PID_LIMIT, Estate
from machined.host.simulated.processes import SimulatedProcesses
from machined.host.storage import ImageType
from tests.service.simulated.estates import close_estate, dump, in_time, make_estate, push

POWER_OFF = signals.SIGRTMIN + 4


class TestStart:
    async def test_there_is_a_bit_of_everything(self, estate: Estate) -> None:
        machines = estate.machines.values()
        assert len(machines) >= 12
        assert {one.machine_class for one in machines} == {"container", "vm"}
        assert {one.service for one in machines} == {"systemd-nspawn", "libvirt-qemu", "systemd-vmspawn"}
        assert {one.type for one in estate.images.values()} == set(ImageType)
        assert any(one.is_booting for one in machines)
        assert any(one.user_shift for one in machines)
        assert any(not one.has_private_network for one in machines)
        assert any(one.startswith(".") for one in estate.images)
        assert any(one.created == 0 for one in estate.images.values())
        assert any(one.path.startswith("/usr/") for one in estate.images.values())
        assert estate.scenario.failed

    async def test_machines_ran_before_the_start(self, estate: Estate, clock: StandingClock) -> None:
        machine = estate.machines["db-primary"]
        assert clock.realtime() - machine.timestamp == clock.monotonic() - machine.timestamp_monotonic
        assert machine.timestamp < clock.realtime() - 41 * 86400 * 1_000_000
        assert machine.leader.started == machine.timestamp_monotonic > 0

    async def test_every_machine_may_be_registered(self, estate: Estate) -> None:
        assert all(is_machine_name(name) for name in estate.machines)
        assert all(len(one.id) == 16 for one in estate.machines.values())
        assert all(one.unit for one in estate.machines.values())

    async def test_addresses_come_in_the_order_of_callers(self, estate: Estate) -> None:
        families = [address.family for address in estate.machines["web-1"].addresses]
        assert families == [socket.AF_INET, socket.AF_INET6, socket.AF_INET6]
        assert estate.machines["web-1"].addresses[-1].raw[:2] == b"\xfe\x80"

    async def test_logs_tell_of_the_past_in_order(self, estate: Estate, clock: StandingClock) -> None:
        times = [entry.realtime for entry in estate.journal.entries if entry.realtime < clock.realtime()]
        assert len(times) > 20
        assert times == sorted(times)
        assert estate.journal.of_unit(nspawn_unit("web-1"))[-1].identifier == "uvicorn"

    async def test_an_id_is_the_one_that_the_files_tell(self, estate: Estate) -> None:
        for machine in estate.machines.values():
            if machine.tree.has("/etc/machine-id"):
                assert machine.tree.read("/etc/machine-id").decode().strip() == machine.id.hex()

    async def test_pids_cannot_be_those_of_real_processes(self, estate: Estate) -> None:
        assert all(pid == 1 or pid > KERNEL_PID_LIMIT for pid in estate.processes.processes)


class TestChance:
    async def test_the_same_seed_makes_the_same_estate(self) -> None:
        first, second = make_estate(seed=7), make_estate(seed=7)
        assert dump(first) == dump(second)
        await close_estate(first)
        await close_estate(second)

    async def test_another_seed_makes_another(self) -> None:
        first, second = make_estate(seed=7), make_estate(seed=8)
        assert dump(first) != dump(second)
        await close_estate(first)
        await close_estate(second)


class TestFiles:
    async def test_a_container_sees_its_own_kernel_files(self, estate: Estate) -> None:
        tree = estate.machines["web-1"].tree
        assert tree.read("/proc/1/comm") == b"init\n"
        assert float(tree.read("/proc/uptime").split()[0]) == estate.clock.monotonic() / 1e6
        assert "null" in tree.listing("/dev")
        pids = {name for name in tree.listing("/proc") if name.isdigit()}
        assert pids == {str(one.inner_pid) for one in estate.processes.of_machine("web-1")}

    async def test_what_a_container_writes_is_in_its_image(self, estate: Estate) -> None:
        estate.machines["web-1"].tree.write("/etc/motd", b"hello\n")
        assert estate.host_tree.read("/var/lib/machines/web-1/etc/motd") == b"hello\n"

    async def test_what_it_writes_to_run_is_not(self, estate: Estate) -> None:
        machine = estate.machines["web-1"]
        machine.tree.write("/run/nginx.pid", b"12\n")
        assert machine.tree.read("/run/nginx.pid") == b"12\n"
        assert not estate.images["web-1"].tree.has("/run/nginx.pid")

    async def test_memory_shrinks_with_what_processes_take(self, estate: Estate) -> None:
        before = estate.host_tree.read("/proc/meminfo")
        estate.processes.end(estate.machines["db-primary"].leader)
        assert estate.host_tree.read("/proc/meminfo") != before


class TestEnds:
    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            (POWER_OFF, "poweroff"),
            (signals.SIGRTMIN + 3, "poweroff"),
            (signals.SIGINT, "reboot"),
            (signals.SIGRTMIN + 5, "reboot"),
        ],
    )
    async def test_an_order_ends_it_in_its_time(
        self, estate: Estate, clock: StandingClock, number: int, reason: str
    ) -> None:
        machine = estate.machines["web-1"]
        ended = []
        machine.listeners.append(lambda one: ended.append(one.reason))
        estate.processes.signal(machine.leader, number)
        await push(clock, 1)
        assert machine.is_running
        assert len(estate.processes.of_machine("web-1")) > 1
        await push(clock, 1.5)
        assert ended == [reason]
        assert "web-1" not in estate.machines
        assert not estate.processes.of_machine("web-1")
        assert await machine.wait_ended() == reason

    async def test_a_kill_ends_it_at_once(self, estate: Estate) -> None:
        machine = estate.machines["web-1"]
        estate.processes.signal(machine.leader, signals.SIGKILL)
        assert not machine.is_running
        assert machine.reason == "killed"

    @pytest.mark.parametrize("number", [signals.SIGTERM, signals.SIGHUP, signals.SIGUSR1])
    async def test_an_init_lives_through_what_it_does_not_know(
        self, estate: Estate, clock: StandingClock, number: int
    ) -> None:
        machine = estate.machines["web-1"]
        estate.processes.signal(machine.leader, number)
        await push(clock, 5)
        assert machine.is_running
        assert not machine.reason

    async def test_a_single_program_ends_when_asked(self, estate: Estate, clock: StandingClock) -> None:
        machine = estate.machines["statsd-relay"]
        estate.processes.signal(machine.leader, signals.SIGTERM)
        await push(clock, 5)
        assert machine.reason == "poweroff"

    async def test_a_hypervisor_pulls_the_plug(self, estate: Estate) -> None:
        machine = estate.machines["qemu-3-accounting"]
        estate.processes.signal(machine.leader, signals.SIGTERM)
        assert machine.reason == "poweroff"
        assert "qemu-3-accounting" not in estate.machines


class TestBooting:
    async def test_processes_come_one_after_another(self, estate: Estate, clock: StandingClock) -> None:
        machine = await estate.boot("scratch", nspawn_unit("scratch"))
        assert estate.processes.of_machine("scratch") == [machine.leader]
        assert machine.leader.inner_pid == 1
        assert machine.unit == "systemd-nspawn@scratch.service"
        await push(clock, 0.9)
        assert 1 < len(estate.processes.of_machine("scratch")) < 6
        assert not machine.addresses
        await push(clock, 1.2)
        assert len(estate.processes.of_machine("scratch")) == 6
        assert machine.addresses
        assert not machine.is_booting
        await machine.wait_up()

    async def test_one_image_runs_once(self, estate: Estate) -> None:
        with pytest.raises(OSError, match="busy") as raised:
            await estate.boot("web-1", nspawn_unit("web-1"))
        assert raised.value.errno == errno.EBUSY

    async def test_what_is_not_there_cannot_be_started(self, estate: Estate) -> None:
        with pytest.raises(FileNotFoundError):
            await estate.boot("nothing", nspawn_unit("nothing"))

    async def test_what_holds_no_system_cannot_be_started(self, estate: Estate) -> None:
        estate.host_tree.make_folders("/var/lib/machines/empty")
        with pytest.raises(FileNotFoundError, match="OS tree"):
            await estate.boot("empty", nspawn_unit("empty"))

    async def test_some_images_never_come_up(self, estate: Estate, clock: StandingClock) -> None:
        machine = await estate.boot("crm-import", nspawn_unit("crm-import"))
        assert await in_time(clock, machine.wait_ended()) == "failed"
        assert "No such device" in estate.journal.of_unit(machine.unit)[-1].message

    async def test_a_power_off_while_booting_stops_the_start(
        self, estate: Estate, clock: StandingClock
    ) -> None:
        machine = await estate.boot("scratch", nspawn_unit("scratch"))
        await push(clock, 0.8)
        estate.processes.signal(machine.leader, POWER_OFF)
        assert await in_time(clock, machine.wait_ended()) == "poweroff"
        await push(clock, 5)
        assert not estate.processes.of_machine("scratch")

    async def test_its_second_run_has_the_files_of_the_first(
        self, estate: Estate, clock: StandingClock
    ) -> None:
        first = estate.machines["web-1"]
        first.tree.write("/root/note", b"kept")
        estate.processes.signal(first.leader, signals.SIGKILL)
        second = await estate.boot("web-1", nspawn_unit("web-1"))
        assert second.tree.read("/root/note") == b"kept"
        assert second.id == first.id
        assert second.leader.pid != first.leader.pid


class TestProcesses:
    async def test_real_processes_are_there_and_in_no_unit(self, estate: Estate) -> None:
        processes = SimulatedProcesses(estate.processes, estate.is_foreign)
        assert not (await processes.pin(4711)).has_ended()
        with pytest.raises(OSError, match="No such device or address") as raised:
            await processes.unit_of(4711)
        assert raised.value.errno == errno.ENXIO

    async def test_real_processes_get_no_signal(
        self, estate: Estate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("os.kill", lambda *_: pytest.fail("a signal was sent"))
        pin = await SimulatedProcesses(estate.processes, estate.is_foreign).pin(4711)
        with pytest.raises(PermissionError):
            pin.kill(signals.SIGTERM)

    async def test_simulated_ones_end(self, estate: Estate) -> None:
        processes = SimulatedProcesses(estate.processes, estate.is_foreign)
        leader = estate.machines["web-1"].leader.pid
        assert await processes.unit_of(leader) == nspawn_unit("web-1")
        ended = []
        pin, other = await processes.pin(leader), await processes.pin(leader)
        pin.watch(lambda: ended.append(leader))
        other.watch(lambda: ended.append(0))
        other.release()
        pin.kill(signals.SIGKILL)
        assert ended == [leader]
        with pytest.raises(ProcessLookupError):
            await processes.pin(leader)
        with pytest.raises(ProcessLookupError):
            pin.kill(signals.SIGKILL)
        pin.release()
