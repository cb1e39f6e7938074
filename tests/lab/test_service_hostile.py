"""Our service on a real host with a hostile machine: nothing of the host is shown, and nobody else waits."""

from __future__ import annotations

import pytest

from tests.lab.host import LabHost
from tests.lab.own_service import own, service_pid
from tests.lab.siege import CANARY, CONTROL, FLOOD, PLANTED, SILENT_BUS, Siege, besiege

__all__ = ["own"]

pytestmark = pytest.mark.lab()

LIMIT = 5.0
"""Seconds that no call may take; the service itself gives up after four."""
P95 = 20.0
"""Milliseconds that 95 of 100 calls on other machines stay below."""
CALM = 2.0
"""Milliseconds that 95 of 100 calls of the bus itself stay below on a machine with time for the test; some
0.3 are usual. Where they take longer, so may calls of the service, in proportion: the cores are the same.
"""
ANSWERED = ("reply", "org.freedesktop.", "System.Error.")
READ = {"passwd", "group", "os-release"}
"""What the service itself reads of a machine, as plain text."""


@pytest.fixture(scope="module")
def siege(own: LabHost) -> Siege:
    """What all tests here look at."""
    return besiege(own)


def late(siege: Siege) -> float:
    """Seconds that a call, and its reply, may have been late by on this host, whoever answers it."""
    return 2 * max(siege.times[CONTROL]) / 1000


@pytest.mark.promise("A hostile machine gets nothing of the host shown, changed or run")
def test_nothing_of_the_host_is_shown_or_changed(siege: Siege) -> None:
    said = [f"{name}: {call}" for name, calls in siege.rounds.items() for call in calls]
    assert [one for one in said if CANARY in one] == []
    assert siege.loot == ""
    assert siege.changed == ""


@pytest.mark.promise("Nothing that a machine's owner planted is loaded or run")
def test_nothing_planted_is_opened(siege: Siege) -> None:
    assert "os-release" in siege.opened  # so opening is seen
    assert siege.opened <= READ
    releases = [call.said for call in siege.rounds[PLANTED] if call.member.endswith("OSRelease")]
    assert set(releases) == {"reply [{'ID': 'planted'}]"}


@pytest.mark.promise("No call on a hostile machine takes longer than five seconds, and each is answered")
def test_every_call_is_answered_in_time(siege: Siege) -> None:
    limit = LIMIT + late(siege)
    for name, calls in siege.rounds.items():
        slow = [call for call in calls if call.seconds > limit]
        assert not slow, f"{name}: {slow}"
        mute = [call for call in calls if not call.said.startswith(ANSWERED) or "NoReply" in call.said]
        assert not mute, f"{name}: {mute}"


def test_what_can_be_answered_is(siege: Siege) -> None:
    """A trap is closed to who does not step into it."""
    for name in ("nothing", "a mount over /proc", "a terminal that is none", SILENT_BUS):
        for call in siege.rounds[name]:
            if call.member in {"GetMachineOSRelease", "GetMachineAddresses", "OpenMachineRootDirectory"}:
                assert call.said.startswith("reply"), f"{name}: {call}"
    for call in siege.rounds["a silent /etc"]:
        if call.member in {"GetMachineAddresses", "OpenMachinePTY", "GetMachineUIDShift"}:
            assert call.said.startswith("reply"), call
            assert call.seconds < 1 + late(siege)
    assert all(int(call.said.split()[-2]) > 10_000 for call in siege.rounds[FLOOD])


@pytest.mark.promise("A hostile machine holds up nobody else: 95 of 100 other calls take less than 20 ms")
def test_other_machines_answer_as_fast_as_ever(siege: Siege) -> None:
    assert siege.refused == []
    most = P95 * max(1.0, siege.p95(CONTROL) / CALM)
    for member, times in siege.times.items():
        print(f"{member}: {len(times)} calls, p95 {siege.p95(member):.1f} ms, at most {max(times):.0f} ms")
        assert len(times) > 200
        assert siege.p95(member) < most, f"{member}; the bus itself took {siege.p95(CONTROL):.1f} ms"


@pytest.mark.promise("A hostile machine takes no memory of the service, and leaves nothing in it")
def test_memory_is_bounded_and_nothing_is_left(own: LabHost, siege: Siege) -> None:
    print(f"MiB: {siege.memory_before}, at most {siege.memory}")
    assert siege.memory[0] < siege.memory_before[0] + 16
    assert siege.memory[1] < 64
    assert service_pid(own) in siege.left
    assert len(siege.left) <= 8, siege.left  # the service, those that start the others, four idle readers
