"""Fixtures of the lab: `lab`, a booted systemd host, and `deck`, one in which the console is installed.

Both are booted once per module and release, before the check of each test takes its first reading. A test
marked `lab("trixie")` runs on that release; without arguments, or without the mark, on all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost, sweep
from tests.lab.place import LabError, lacking
from tests.lab.program import dependencies, install_program, program_binds
from tests.lab.remains import remains
from tests.lab.roots import SUITES, root_tree

HOSTS = ("lab", "deck", "suite")

HERE = Path(__file__).parent

#: What a test may take, in seconds: some take a minute where others use the processors too.
PATIENCE = 300


def _suites(node: pytest.Item | pytest.Metafunc) -> tuple[str, ...]:
    item = node.definition if isinstance(node, pytest.Metafunc) else node
    mark = item.get_closest_marker("lab")
    return tuple(str(suite) for suite in mark.args) if mark and mark.args else tuple(SUITES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a host once on each release that its mark names."""
    if any(name in metafunc.fixturenames for name in HOSTS):
        metafunc.parametrize("suite", _suites(metafunc), scope="module", indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give tests on hosts more time, and keep those of the release that the run is for.

    Those that need no host are the newest release's.
    """
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PATIENCE))
    release = config.getoption("--release")
    if release is not None:
        newest = max(SUITES, key=lambda suite: SUITES[suite])
        items[:] = [
            item for item in items if not item.path.is_relative_to(HERE) or _release(item, newest) == release
        ]


def _release(item: pytest.Item, otherwise: str) -> str:
    call = getattr(item, "callspec", None)
    return str(call.params.get("suite", otherwise)) if call else otherwise


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the chosen tests need before the first starts: it takes longer than a test may."""
    items = [item for item in session.items if "suite" in getattr(item, "fixturenames", ())]
    if not items or session.config.option.collectonly or lacking():
        return
    try:
        for suite in sorted({str(item.callspec.params["suite"]) for item in items}):  # type: ignore[attr-defined]
            root_tree(suite)
        if any("deck" in item.fixturenames for item in items):  # type: ignore[attr-defined]
            dependencies()
    except LabError as error:  # the tests that need it will say so too
        session.config.issue_config_time_warning(pytest.PytestWarning(f"the lab: {error}"), stacklevel=2)


@pytest.fixture(scope="session", autouse=True)
def labs_gone() -> Iterator[None]:
    """Fail the run if its hosts left anything behind; begin by removing what killed runs left."""
    reason = lacking()
    if reason is None:
        sweep()
    yield
    if reason is None:
        left = {suite: remains(f"{suite}-{os.getpid()}-") for suite in SUITES}
        assert not any(left.values()), f"the lab hosts left behind: {left}"


@pytest.fixture(scope="session")
def lab_possible() -> None:
    """Skip where there can be no lab, but let no test service pass for having skipped all of them."""
    reason = lacking()
    if reason is not None and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it")
    elif reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def suite(request: pytest.FixtureRequest, lab_possible: None) -> str:
    """The Debian release that the test runs on."""
    return str(request.param)


@pytest.fixture(scope="module")
def lab(suite: str) -> Iterator[LabHost]:
    """A booted systemd host, shared by a module's tests."""
    with LabHost(suite) as host:
        yield host


@pytest.fixture(scope="module")
def deck(suite: str) -> Iterator[LabHost]:
    """A booted systemd host with the console installed, shared by a module's tests."""
    with LabHost(suite, binds=program_binds(suite)) as host:
        install_program(host)
        yield host
