"""One scenario, played against the real systemd-machined and against our service."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.lab.differential import known
from tests.lab.differential.comparing import differences, same_scenario
from tests.lab.differential.coverage import UNHIT, unhit
from tests.lab.differential.members import OF_A_MACHINE, OTHERS
from tests.lab.differential.record import played, read, scenario_binds
from tests.lab.host import LabHost
from tests.lab.own_service import install_service
from tests.lab.place import project
from tests.lab.program import install_program, program_binds
from tests.lab.roots import SUITES

INTROSPECTED = project() / "tests/service/frame/reference"
OF_IMAGES = re.compile("Image|Pool")
VERSIONS = sorted(SUITES.values())


def shown(said: list[str]) -> str:
    return "\n".join([f"{len(said)} differences:", *said[:40]])


def test_the_recordings_are_of_one_scenario() -> None:
    assert same_scenario(read(VERSIONS[0]), read(VERSIONS[1])) is None


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
    """No method of the reference's introspection is left out, but for those of images."""
    for name, asked in (
        ("manager", {member.on_manager for member in (*OF_A_MACHINE, *OTHERS)}),
        ("machine", {member.on_machine for member in OF_A_MACHINE if member.on_machine}),
    ):
        tree = ET.parse(INTROSPECTED / f"{name}-257.xml")
        own = [one for one in tree.iter("interface") if "machine1" in one.attrib["name"]]
        told = {method.attrib["name"] for one in own for method in one.iter("method")}
        assert {method for method in told if not OF_IMAGES.search(method)} == asked


@pytest.mark.lab
def test_systemd_machined_answers_as_recorded(suite: str) -> None:
    with LabHost(suite, binds=scenario_binds()) as host:
        lines = played(host)
    said = differences(read(SUITES[suite]), lines)
    assert not said, shown(said)


@pytest.mark.lab
@pytest.mark.promise("With --strict the service answers as systemd-machined 257 does, call for call")
def test_our_service_answers_as_systemd_machined(suite: str) -> None:
    with LabHost(suite, binds=[*program_binds(suite), *scenario_binds()]) as host:
        install_program(host)
        install_service(host, "--strict")
        lines = played(host)
    said = differences(read(max(VERSIONS)), lines, read(SUITES[suite]))
    assert not (unknown := known.unknown(said)), shown(unknown)
    if SUITES[suite] == max(VERSIONS):
        assert not known.stale(said)
