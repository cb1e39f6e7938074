"""How values are written."""

from __future__ import annotations

import pytest

from machinedeck.model import format as written


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (0, "0B"), (1023, "1023B"), (1024, "1.0K"), (1536 * 1024**2, "1.5G"), (2**63, "8.0E")],
)
def test_size(count: int | None, text: str) -> None:
    assert written.size(count) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [(0, "now"), (9, "now"), (12, "10 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86400, "24 h")]
    + [(2 * 86400, "2 d"), (-5, "now")],
)
def test_since(ago: int, text: str) -> None:
    assert written.since(int((1e9 - ago) * 1e6), 1e9) == text


def test_no_time_is_unknown() -> None:
    assert written.since(0, 1e9) == written.moment(0) == written.moment(None) == "–"
    assert written.moment(2**63) == "–"


def test_addresses() -> None:
    assert written.address(2, bytes([10, 0, 0, 1])) == "10.0.0.1"
    assert written.address(10, bytes(15) + b"\1") == "::1"
    assert written.address(2, b"abc") == "–"
    assert written.addresses(None) == written.addresses(()) == "–"
    assert written.addresses(["10.0.0.1", "::1", "::2"]) == "10.0.0.1 +2"


def test_operating_system() -> None:
    system = written.operating_system({"PRETTY_NAME": "Evil\x1b[2J", "ID": "evil", "VERSION_ID": "1"})
    assert system is not None
    assert (system.name, system.id, system.version) == ("Evil\ufffd[2J", "evil", "1")
    assert written.operating_system({}) is None
    assert written.os_name(None) == "–"
