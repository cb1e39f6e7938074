"""One scenario, played against the real systemd-machined and against our service."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.lab.differential import known
from tests.lab.differential.comparing import differences, same_scenario
from tests.lab.differential.coverage import UNHIT, unhit
from tests.lab.differential.members import OF_A_MACHINE, OF_AN_IMAGE, OF_THE_POOL, OTHERS
from tests.lab.differential.record import SCENARIOS, played, read, scenario_binds
from tests.lab.host import LabHost
from tests.lab.own_service import install_service
from tests.lab.place import project
from tests.lab.program import install_program, program_binds
from tests.lab.roots import SUITES

INTROSPECTED = project() / "tests/service/frame/reference"
VERSIONS = sorted(SUITES.values())


def shown(said: list[str]) -> str:
    return "\n".join([f"{len(said)} differences:", *said[:40]])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_recordings_are_of_one_scenario(scenario: str) -> None:
    assert same_scenario(read(VERSIONS[0], scenario), read(VERSIONS[1], scenario)) is None


@pytest.mark.promise(
    "Every error of every member is asked for as root and as nobody, of the real systemd-machined",
    where="bare host",
)
def test_every_row_of_the_table_is_met_but_those_with_a_reason() -> None:
    missed, count = unhit()
    assert count > 1000
    assert [cell for cell in missed if cell.why not in UNHIT] == []
    assert {cell.why for cell in missed} == set(UNHIT)


def test_members_are_those_of_the_interfaces() -> None:
    """No method of the reference's introspection is left out."""
    every = (*OF_A_MACHINE, *OTHERS, *OF_AN_IMAGE, *OF_THE_POOL)
    for name, asked in (
        ("manager", {member.on_manager for member in every}),
        ("machine", {member.on_machine for member in OF_A_MACHINE if member.on_machine}),
        ("image", {member.on_machine for member in OF_AN_IMAGE if member.on_machine}),
    ):
        tree = ET.parse(INTROSPECTED / f"{name}-257.xml")
        own = [one for one in tree.iter("interface") if "machine1" in one.attrib["name"]]
        told = {method.attrib["name"] for one in own for method in one.iter("method")}
        assert told == asked


@pytest.mark.lab
@pytest.mark.timeout(420)
def test_systemd_machined_answers_as_recorded(suite: str) -> None:
    with LabHost(suite, binds=scenario_binds()) as host:
        said = [
            line
            for scenario in SCENARIOS
            for line in differences(read(SUITES[suite], scenario), played(host, scenario))
        ]
    assert not said, shown(said)


@pytest.mark.lab
@pytest.mark.timeout(420)
@pytest.mark.promise("With --strict the service answers as systemd-machined 257 does, call for call")
def test_our_service_answers_as_systemd_machined(suite: str) -> None:
    with LabHost(suite, binds=[*program_binds(suite), *scenario_binds()]) as host:
        install_program(host)
        install_service(host, "--strict")
        said = [
            line
            for scenario in SCENARIOS
            for line in differences(
                read(max(VERSIONS), scenario), played(host, scenario), read(SUITES[suite], scenario)
            )
        ]
    assert not (unknown := known.unknown(said)), shown(unknown)
    if SUITES[suite] == max(VERSIONS):
        assert not known.stale(said)
