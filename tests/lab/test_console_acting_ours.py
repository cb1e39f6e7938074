"""What can be done from the console, by keys, where our service is in systemd-machined's place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.operator import Operator, at_console
from tests.lab.own_service import install_service
from tests.lab.test_console_acting import (
    image,
    pooled,
    test_a_copy_that_is_gone_when_it_ends,
    test_images_and_the_pool,
    test_inside_a_machine,
    test_the_life_of_a_machine,
)

pytestmark = pytest.mark.lab("trixie")

__all__ = [  # fixtures and tests
    "image",
    "pooled",
    "test_a_copy_that_is_gone_when_it_ends",
    "test_images_and_the_pool",
    "test_inside_a_machine",
    "test_the_life_of_a_machine",
]


@pytest.fixture(scope="module")
def operator(pooled: LabHost) -> Iterator[Operator]:
    """The operator of that host, with our service."""
    install_service(pooled)
    with at_console(pooled) as operator:
        yield operator
