"""Saving what stood in a terminal, also where the disk is full or another console was ended halfway."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from machinedeck.ui.saving import save


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Have the kernel refuse to let files grow further, as a disk that is full does (setrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("is_overwriting", [False, True])
def test_what_is_written_in_part_is_not_left_there(tmp_path: Path, is_overwriting: bool) -> None:
    place = tmp_path / "out.txt"
    if is_overwriting:
        place.write_text("old")
    before = sorted(os.listdir(tmp_path))
    with files_of_at_most(10), pytest.raises(OSError, match="File too large"):
        save(str(place), "x" * 100, is_overwriting=is_overwriting)
    assert sorted(os.listdir(tmp_path)) == before
    assert save(str(place), "new", is_overwriting=is_overwriting) == 3
    assert place.read_text() == "new"


def test_what_another_has_left_is_no_reason_to_ask_for_ever(tmp_path: Path) -> None:
    place = tmp_path / "out.txt"
    place.write_text("old")
    (tmp_path / f".out.txt.{os.getpid()}").write_text("of a console of the same number that was killed")
    assert save(str(place), "new", is_overwriting=True) == 3
    assert place.read_text() == "new"
