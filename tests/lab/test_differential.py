"""One scenario, played against the real systemd-machined and against our service."""

from __future__ import annotations

import pytest

from tests.lab.differential import known
from tests.lab.differential.comparing import differences, same_scenario
from tests.lab.differential.record import played, read, scenario_binds
from tests.lab.host import LabHost
from tests.lab.program import install_program, program_binds
from tests.lab.roots import SUITES

VERSIONS = sorted(SUITES.values())


def shown(said: list[str]) -> str:
    return "\n".join([f"{len(said)} differences:", *said[:40]])


def test_the_recordings_are_of_one_scenario() -> None:
    assert same_scenario(read(VERSIONS[0]), read(VERSIONS[1])) is None


@pytest.mark.lab
def test_systemd_machined_answers_as_recorded(suite: str) -> None:
    with LabHost(suite, binds=scenario_binds()) as host:
        lines = played(host)
    said = differences(read(SUITES[suite]), lines)
    assert not said, shown(said)


@pytest.mark.lab
@pytest.mark.promise("With --strict the service answers as systemd-machined 257 does, call for call")
def test_our_service_answers_as_systemd_machined(suite: str) -> None:
    own = pytest.importorskip("tests.lab.own_service", reason="nothing runs our service on a host yet")
    with LabHost(suite, binds=[*program_binds(suite), *scenario_binds()]) as host:
        install_program(host)
        with own.own_service(host, "--strict"):
            lines = played(host)
    said = differences(read(max(VERSIONS)), lines, read(SUITES[suite]))
    assert not (unknown := known.unknown(said)), shown(unknown)
    if SUITES[suite] == max(VERSIONS):
        assert not known.stale(said)
