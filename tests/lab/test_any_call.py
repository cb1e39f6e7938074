"""Random calls of every member to our service on a real host, by root and by nobody at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lab.fuzz.health import answers, grown, health, said, untrue
from tests.lab.fuzz.round import Round, calls_of
from tests.lab.host import LabHost
from tests.lab.own_service import install_service
from tests.lab.place import wait_until
from tests.lab.program import install_program, program_binds

IS_SOAK = "MACHINEDECK_CALLS" in os.environ
"""Whether these are other calls each time, on each release, and as many as is asked for: `just soak`."""

CALLS = int(os.environ.get("MACHINEDECK_CALLS", "112"))
"""Of each member; there are some hundred members, so over 10,000 calls."""

ALIKE, OTHERS = 6, 2
"""Calls made at once: of the member in question, and of any."""


@pytest.fixture(scope="module")
def own(suite: str) -> Iterator[LabHost]:
    """A booted host with our service at work in it, and with a pool on btrfs."""
    with LabHost(suite, binds=program_binds(suite), pool="1G") as host:
        install_program(host)
        install_service(host)
        yield host


@pytest.fixture
def played(own: LabHost) -> Iterator[Round]:
    """A round of calls, of which none was made yet."""
    made = Round(own)
    yield made
    made.close()


@pytest.mark.lab(*(() if IS_SOAK else ("trixie",)))
@pytest.mark.promise("Whatever is asked, the answer is a result or an error with a name")
@pytest.mark.timeout(300 + 5 * CALLS)
def test_any_call_is_answered_on_a_real_host(own: LabHost, played: Round) -> None:
    played.scenery.set_up()
    members = played.members()
    assert len(members) > 90
    before = health(own)
    anything = st.one_of([calls_of(kind, method) for kind, method in members])
    for kind, method in members:
        alike = calls_of(kind, method)

        @settings(
            max_examples=-(-CALLS // (ALIKE + OTHERS)),
            deadline=None,
            derandomize=not IS_SOAK,
            database=None,
            phases=[
                Phase.generate
            ],  # what is wrong comes of what was called before, so nothing is tried again
            suppress_health_check=list(HealthCheck),
        )
        @given(
            st.lists(alike, min_size=ALIKE, max_size=ALIKE),
            st.lists(anything, min_size=OTHERS, max_size=OTHERS),
        )
        def check(same: list[Any], others: list[Any]) -> None:
            played.make(same + others)

        played.scenery.renew_files()
        check()
    print(f"systemd {own.version}: {played.told()}")
    played.assert_well()
    assert said(own) == []
    assert answers(own)
    wait_until(lambda: untrue(own) == [], "the machines are those that PID 1 knows")
    played.close()
    played.scenery.take_down()
    wait_until(lambda: grown(before, health(own)) == [], f"it holds as little as before: {before}")
