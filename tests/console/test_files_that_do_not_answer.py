"""Files that the operator names may lie where nothing answers: that is told, and all else goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from machinedeck import new_file
from machinedeck.ui import saving
from tests.console.conftest import Open
from tests.console.test_copying import shell
from tests.support.fake_host import FakeHost


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have nothing answer that is written to, until a test has ended."""
    answers = threading.Event()
    monkeypatch.setattr(saving, "PATIENCE_SECONDS", 0.05)
    yield answers
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "apart":
            thread.join()


async def test_saving_what_stands_in_a_terminal(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, silence: threading.Event
) -> None:
    monkeypatch.setattr(saving, "proposal", lambda *_: str(tmp_path / "out"))
    monkeypatch.setattr(saving, "write_new", lambda *_: silence.wait())
    async with shell(console, host, monkeypatch) as (deck, _view, _written):
        await deck.press("f12", "right_square_bracket", "s", "enter")
        await deck.until_shown("Not saved: The file system does not answer yet")


async def test_exporting_the_journal(
    console: Open, monkeypatch: pytest.MonkeyPatch, silence: threading.Event
) -> None:
    monkeypatch.setattr(new_file, "write_new", lambda *_: silence.wait())
    async with console() as deck:
        await deck.press("J", "e", "enter")
        await deck.until_shown("Not exported: The file system does not answer yet")
