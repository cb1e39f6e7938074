"""Units are enabled and masked by links among the host's files."""

from __future__ import annotations

import pytest

from machined.host.errors import Refused
from machined.host.simulated.units import SimulatedUnits
from tests.service.units.estates import ALPHA, BETA, Place

WANTS = "/etc/systemd/system/machines.target.wants"
TEMPLATE = "/usr/lib/systemd/system/systemd-nspawn@.service"


class Changes:
    """Counts what a listener to the manager hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_reloading(self, is_active: bool) -> None:
        self.heard.append(f"Reloading {is_active}")

    def on_unit_files_changed(self) -> None:
        self.heard.append("UnitFilesChanged")

    def on_failed_units_changed(self) -> None:
        self.heard.append("NFailedUnits")


async def test_enabling_makes_a_link(place: Place, units: SimulatedUnits) -> None:
    changes = Changes()
    units.watch(changes)
    assert units.file_state(BETA) == "disabled"
    assert await units.enable_files([BETA], False, False) == (
        True,
        [("symlink", f"{WANTS}/{BETA}", TEMPLATE)],
    )
    assert units.file_state(BETA) == "enabled"
    assert place.estate.host_tree.node(f"{WANTS}/{BETA}", follows=False).target == TEMPLATE
    assert await units.enable_files([BETA, "machines.target"], False, False) == (True, [])
    assert await units.disable_files([BETA], False) == [("unlink", f"{WANTS}/{BETA}", "")]
    assert await units.disable_files([BETA], False) == []
    assert units.file_state(BETA) == "disabled"
    assert changes.heard == ["UnitFilesChanged"] * 2


async def test_until_the_next_boot(units: SimulatedUnits) -> None:
    _, (change,) = await units.enable_files([BETA], True, False)
    assert change.path == f"/run/systemd/system/machines.target.wants/{BETA}"
    assert units.file_state(BETA) == "enabled-runtime"
    await units.disable_files([BETA], True)
    assert units.file_state(BETA) == "disabled"


async def test_a_static_unit_has_nothing_to_enable(units: SimulatedUnits) -> None:
    assert await units.enable_files(["dbus.service"], False, False) == (False, [])
    assert units.file_state("dbus.service") == "static"
    assert await units.enable_files([], False, False) == (False, [])


async def test_a_reload_loads_what_was_enabled(place: Place, units: SimulatedUnits) -> None:
    changes, diary = Changes(), place.follow(BETA)
    units.watch(changes)
    await units.enable_files([BETA], False, False)
    assert units.find(BETA) is None
    await units.reload()
    assert diary.taken() == ["UnitNew"]
    await units.disable_files([BETA], False)
    await units.reload()
    assert diary.taken() == ["UnitRemoved", "UnitNew", "UnitRemoved"]
    assert changes.heard[1:3] == ["Reloading True", "Reloading False"]


async def test_a_masked_unit_cannot_be_started(place: Place, units: SimulatedUnits) -> None:
    assert await units.mask_files([BETA], False) == [("symlink", f"/etc/systemd/system/{BETA}", "/dev/null")]
    assert units.file_state(BETA) == "masked"
    with pytest.raises(Refused, match=rf"Unit {BETA} is masked\."):
        await units.start_unit(BETA, "fail")
    await units.unmask_files([BETA], False)
    await units.start_unit(BETA, "fail")
    await place.push(1)
    assert place.state(BETA) == "active/running"


async def test_the_shell_can_do_the_same(place: Place, units: SimulatedUnits) -> None:
    place.estate.host_tree.remove(f"{WANTS}/{ALPHA}")
    assert units.file_state(ALPHA) == "disabled"


def test_files_are_listed_with_their_states(units: SimulatedUnits) -> None:
    listed = dict(units.unit_files())
    assert listed[TEMPLATE] == "disabled"
    assert listed["/usr/lib/systemd/system/machines.target"] == "enabled"
    assert "/usr/lib/systemd/system/-.slice" not in listed


async def test_what_was_set_outlives_the_unit(place: Place, units: SimulatedUnits) -> None:
    from machined.wire import Variant

    await units.set_properties(BETA, True, [("TasksMax", Variant("t", 77))])
    assert units.find(BETA) is None
    await units.start_unit(BETA, "fail")
    await place.push(1)
    status = units.find(BETA)
    assert status
    assert status.settings.tasks_max == 77
