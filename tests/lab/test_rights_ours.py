"""The same rights where our own service is at work: it is polkit that decides there too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.own_service import own_service
from tests.lab.test_rights import (
    console,
    guard,
    test_a_password_lets_a_user_do_it,
    test_a_user_with_the_password_does_what_root_does,
    test_no_answer_is_a_refusal_at_once,
    test_what_the_bus_refuses_is_marked,
)

__all__ = [  # a fixture and tests
    "console",
    "test_a_password_lets_a_user_do_it",
    "test_a_user_with_the_password_does_what_root_does",
    "test_no_answer_is_a_refusal_at_once",
    "test_what_the_bus_refuses_is_marked",
]


@pytest.fixture(scope="module")
def guarded(deck: LabHost) -> Iterator[LabHost]:
    """The host with our service, a user who is not root, and a password that root has."""
    guard(deck)
    with own_service(deck):
        yield deck
