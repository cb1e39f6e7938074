"""Fixtures: the inside of machines, and machines to go into."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest

from machined.host.inside import Place
from machined.host.linux.inside import LinuxInside
from tests.service.linux_inside.guests import Guest, guest

HOST = Place(".host", 1, is_host=True)


def lacking() -> str | None:
    """What this machine lacks to have namespaces made on it."""
    if os.geteuid() != 0:
        return "namespaces of machines need root"
    missing = [tool for tool in ("unshare", "nsenter", "setpriv") if not shutil.which(tool)]
    return f"not installed: {', '.join(missing)}" if missing else None


@pytest.fixture(autouse=True)
def possible() -> None:
    """Skip where no machine can be made, but let no test service pass for having skipped all of them."""
    reason = lacking()
    if reason is not None and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true asks for it")
    elif reason is not None:
        pytest.skip(reason)


@pytest.fixture
async def inside() -> AsyncIterator[LinuxInside]:
    """The inside of the machines of this host."""
    inside = LinuxInside()
    await inside.start()
    yield inside
    await inside.close()


@pytest.fixture
def plain() -> Iterator[Guest]:
    """A machine with the ids of the host."""
    with guest() as one:
        yield one


@pytest.fixture
def shifted() -> Iterator[Guest]:
    """A machine with ids of its own."""
    with guest(users=True) as one:
        yield one


@pytest.fixture(params=[False, True], ids=["plain", "shifted"])
def machine(request: pytest.FixtureRequest) -> Iterator[Guest]:
    """A machine, once with the host's ids and once with its own."""
    with guest(users=request.param) as one:
        yield one
