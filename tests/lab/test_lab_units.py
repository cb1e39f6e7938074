"""What our service manager shows, says and does is what the real one of systemd 257 does.

The facts are those that tests/service/units holds the simulated one to.
"""

from __future__ import annotations

import signal as signals
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from machined.bus.local import LocalBus
from machined.bus.units import UnitService
from machined.contract import (
    PROPERTIES_INTERFACE,
    SYSTEMD1,
    SYSTEMD1_MANAGER_INTERFACE,
    SYSTEMD1_PATH,
    nspawn_unit,
)
from machined.host.unit_status import unit_path
from machined.wire import CallError, Connection, Signal, Variant, connect
from tests.lab.host import LabHost
from tests.lab.images import add_image, machine_property
from tests.service.units import facts
from tests.service.units.conftest import Nobody
from tests.service.units.estates import Diary, Place
from tests.support.waiting import until

pytestmark = pytest.mark.lab("trixie")

BETA = nspawn_unit("beta")
POWER_OFF = signals.SIGRTMIN + 4


@pytest.fixture
async def real(lab: LabHost) -> AsyncIterator[Connection]:
    """A connection to the bus of the lab host; root."""
    connection = await connect(f"unix:path={lab.root}/run/dbus/system_bus_socket")
    yield connection
    await connection.close()


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection to a bus where our service manager is."""
    place = Place()
    bus = await LocalBus.listen(tmp_path / "bus")
    service = UnitService(bus.attach(), place.units, Nobody(), bytes(16))
    await service.start()
    connection = await connect(bus.address)
    yield connection
    await connection.close()
    await service.stop()
    await bus.close()
    await place.estate.close()


async def ask(client: Connection, member: str, signature: str = "", *arguments: Any) -> list[Any]:
    return await client.call(
        SYSTEMD1, SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, member, signature, *arguments
    )


async def members(client: Connection, path: str) -> dict[tuple[str, str, str], Any]:
    """What an object declares: by interface, kind and name its types, names of arguments and annotations."""
    (text,) = await client.call(SYSTEMD1, path, "org.freedesktop.DBus.Introspectable", "Introspect")
    found = {}
    for interface in ElementTree.fromstring(text).iter("interface"):
        for member in interface:
            key = interface.attrib["name"], member.tag, member.attrib["name"]
            arguments = [sorted(one.attrib.items()) for one in member.iter("arg")]
            notes = sorted(tuple(one.attrib.values()) for one in member.iter("annotation"))
            found[key] = member.get("type"), member.get("access"), arguments, notes
    return found


@pytest.mark.parametrize(
    "path",
    [
        SYSTEMD1_PATH,
        *map(unit_path, ("dbus.service", "init.scope", "machine.slice", "multi-user.target")),
    ],
)
async def test_what_we_declare_is_what_it_declares(real: Connection, ours: Connection, path: str) -> None:
    theirs, declared = await members(real, path), await members(ours, path)
    assert len(declared) > 20
    wrong = {key: (types, theirs.get(key)) for key, types in declared.items() if theirs.get(key) != types}
    assert wrong == {}


async def test_it_refuses_what_we_refuse(lab: LabHost, real: Connection) -> None:
    lab.ask("systemctl", "mask", "masked.service")
    said = []
    for question in facts.REFUSED:
        with pytest.raises(CallError) as caught:
            await ask(real, question.member, question.signature, *question.arguments)
        said.append((question[:3], caught.value.name.removeprefix("org.freedesktop."), caught.value.message))
    assert said == [(question[:3], question.error, question.text) for question in facts.REFUSED]


async def test_it_refuses_the_settings_we_refuse(lab: LabHost, real: Connection) -> None:
    lab.ask("systemctl", "mask", "masked.service")
    for setting in (*facts.SETTINGS_REFUSED, facts.WRONG_TYPE):
        value = Variant(setting.signature, setting.value)
        with pytest.raises(CallError) as caught:
            await ask(real, "SetUnitProperties", "sba(sv)", setting.unit, True, [[setting.name, value]])
        assert caught.value.name.removeprefix("org.freedesktop.") == setting.error
        assert caught.value.message == setting.text


def listener(diary: Diary, changes: dict[str, list[str]]) -> Callable[[Signal], None]:
    """Has a diary written from signals; `changes` gets what PropertiesChanged carries, by interface."""
    members = {
        "JobNew": diary.on_job_new,
        "JobRemoved": diary.on_job_removed,
        "UnitNew": lambda unit, _path: diary.on_unit_new(unit),
        "UnitRemoved": lambda unit, _path: diary.on_unit_removed(unit),
    }

    def on_signal(signal: Signal) -> None:
        if signal.interface == SYSTEMD1_MANAGER_INTERFACE and signal.member in members:
            members[signal.member](*signal.body)
        elif signal.interface == PROPERTIES_INTERFACE and signal.path == unit_path(diary.unit):
            interface, changed, _ = signal.body
            changes[interface.rpartition(".")[2]] = list(changed)
            diary.on_unit_changed(diary.unit, interface, changed)

    return on_signal


async def test_a_container_comes_and_goes_as_ours_do(lab: LabHost, real: Connection) -> None:
    add_image(lab, "beta")
    diary, changes = Diary(BETA), dict[str, list[str]]()
    await real.subscribe(listener(diary, changes), sender=SYSTEMD1)
    await ask(real, "Subscribe")

    async def comes(expected: list[str]) -> None:
        """See that this is what happens next; what machined does to a failed unit comes behind it."""
        await until(lambda: len(diary.trail) >= len(expected), 120, str(expected))
        assert diary.taken()[: len(expected)] == expected

    async def is_up() -> None:
        """Wait until the systemd of the container takes orders."""
        await until(lambda: "running" in state() or "degraded" in state(), 60, "the container boots")

    def state() -> str:
        done = lab.run("systemctl", "--machine=beta", "is-system-running", check=False)
        return str(done.stdout)

    def order(number: int) -> None:
        lab.ask("kill", f"-{number}", machine_property(lab, "beta", "Leader"))

    await ask(real, "StartUnit", "ss", BETA, "fail")
    await comes(facts.START)
    assert changes == {"Service": facts.SERVICE_CHANGES, "Unit": facts.UNIT_CHANGES}
    await ask(real, "StartUnit", "ss", BETA, "fail")
    await comes(facts.START_OF_ACTIVE)
    await is_up()
    await ask(real, "RestartUnit", "ss", BETA, "fail")
    await comes(facts.RESTART)
    await is_up()
    order(signals.SIGINT)
    await comes(facts.REBOOT)
    await is_up()
    order(POWER_OFF)
    await comes(facts.POWER_OFF)
    await ask(real, "StartUnit", "ss", BETA, "fail")
    await comes(facts.START)
    await is_up()
    await ask(real, "StopUnit", "ss", BETA, "fail")
    await comes(facts.STOP)
    await ask(real, "StartUnit", "ss", BETA, "fail")
    await comes(facts.START)
    await is_up()
    await ask(real, "KillUnit", "ssi", BETA, "all", 9)
    await comes(facts.ALL_KILLED)


async def test_a_missing_image_fails_as_ours_does(real: Connection) -> None:
    diary = Diary(nspawn_unit("missing"))
    await real.subscribe(listener(diary, {}), sender=SYSTEMD1)
    await ask(real, "Subscribe")
    await ask(real, "StartUnit", "ss", diary.unit, "fail")
    await until(lambda: len(diary.trail) >= len(facts.MISSING_IMAGE), 30)
    assert diary.taken() == facts.MISSING_IMAGE
    await ask(real, "ResetFailedUnit", "s", diary.unit)
    await until(lambda: len(diary.trail) >= len(facts.RESET_FAILED), 30)
    assert diary.taken() == facts.RESET_FAILED
