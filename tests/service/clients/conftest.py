"""Services for real clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo_service import DemoService, demo_service


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoService]:
    """A service, to do with as one likes."""
    with demo_service(tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoService]:
    """A service for all tests of a file that change nothing."""
    with demo_service(tmp_path_factory.mktemp("still")) as service:
        yield service
