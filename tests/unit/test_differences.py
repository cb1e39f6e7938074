"""What is done otherwise than by systemd-machined is written down, and can be switched off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from machined.host.improvements import ALL, NONE, Improvements, wanted

PROJECT = Path(__file__).parents[2]
DOCUMENT = PROJECT / "docs/differences.md"
SERVICE = PROJECT / "service/machined"


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its head."""
    _, _, text = DOCUMENT.read_text().partition(f"\n## {heading}")
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.promise("Deliberate improvements are each named, and off under --strict", where="bare host")
def test_each_improvement_is_in_the_table_and_each_row_has_its_switch() -> None:
    named = [row[-1].strip("`") for row in rows("Improvements, off under `--strict`")]
    assert sorted(named) == sorted(Improvements._fields)


def test_what_stays_under_strict_is_little_and_has_a_reason() -> None:
    kept = rows("Kept under `--strict`, and why")
    assert 0 < len(kept) <= 12
    assert all(len(row) == 4 and len(row[-1].split()) > 5 for row in kept)


@pytest.mark.parametrize("switch", Improvements._fields)
def test_each_switch_does_something(switch: str) -> None:
    sources = [path for path in SERVICE.rglob("*.py") if path.name != "improvements.py"]
    assert any(re.search(rf"\.{switch}\b", path.read_text()) for path in sources)


def test_strict_is_all_of_them_off() -> None:
    assert wanted(is_strict=True) == NONE
    assert wanted(is_strict=False) == ALL
    assert not any(NONE)
    assert all(ALL)
