"""Very many at once: dialogs say it in as many words as somebody reads, and what is not seen is not made."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from machinedeck.core.inspector import Running
from machinedeck.model.usage import Process
from machinedeck.ui.dialogs.typed_name import SHOWN, TypedName
from machinedeck.ui.panes import details
from machinedeck.ui.subjects import NAMED, became
from machinedeck.ui.widgets.rows import Row
from tests.console.conftest import Open
from tests.support.fake_host import FakeHost, image
from tests.support.waiting import until

MANY = SHOWN + 200


async def test_what_goes_of_very_many_is_named_as_far_as_it_is_read(console: Open, host: FakeHost) -> None:
    """All ten thousand, each wrapped, took the console seconds in which no key was answered."""
    host.running.clear()
    host.stored = {f"i{at:05}": image(f"i{at:05}") for at in range(MANY)}
    async with console() as deck:
        await until(lambda: len(deck.app.store.images) == MANY, what="the images")
        await deck.press("2", "asterisk", "delete")
        assert isinstance(deck.app.screen, TypedName)
        lines = str(deck.app.screen.query_one(".goes Static", Static).content).split("\n")
        assert len(lines) == SHOWN + 1
        assert "i00000" in lines[0]
        assert lines[-1] == "… and 200 more."
        images = list(deck.app.store.images.values())
        deck.app.store.set_images(images[:2])
        told = became(images, deck.app.store)
        assert told.startswith("The image i00002 is gone. The image i00003 is gone.")
        assert told.endswith(f"And {MANY - 2 - NAMED} more are not as they were.")
        assert told.count("gone") == NAMED
        await deck.until_shown("more are not as they were")


async def test_of_very_many_processes_those_are_made_that_are_seen(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen thousand, as a machine may have, took the console most of each second."""
    made: list[int] = []
    make = details._process

    def note(one: Running) -> Row:
        made.append(one.branch.process.pid)
        return make(one)

    monkeypatch.setattr(details, "_process", note)
    host.inside["web-1"] = [Process(pid, 1, f"program {pid}", 0, "S", 1, 1, 1, 1) for pid in range(2, 2002)]
    async with console() as deck:
        await deck.press("end", "i")
        await deck.until_shown("processes · 2000")
        await deck.until_shown("program 2")
        assert 0 < len(set(made)) < 100
        pane = deck.app.console_screen.query_one("#details", details.DetailsPane)
        pane.go(pane.rows.keys.index("process 2001 1"))
        await deck.until_shown("program 2001")
        assert pane.value == ("2001", "program 2001")
