"""What the pictures share: a world that looks the same everywhere, and the way to take one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from machinedeck.core.usage import Sampler
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options
from machinedeck.ui.screens.journal import JournalScreen
from tests.support.console import Deck
from tests.support.demo_deck import DemoDeck, DemoOpening, demo_app


async def _wait(_sampler: Sampler) -> None:
    await asyncio.Event().wait()


Steps = Callable[[DemoDeck], Awaitable[None]]
Picture = Callable[..., None]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One time zone, and nothing that says how this terminal, locale or operator wants to have it."""
    for name in tuple(os.environ):
        if name.startswith(("LC_", "LANG", "TEXTUAL_ANIM", "SSH_")) or name in {"NO_COLOR", "COLORTERM"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(Input.cursor_blink, "_default", False)  # else a slow picture lacks the cursor
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        zone.setattr(Sampler, "run", _wait)  # when it looks is the outside's time; a picture looks once
        time.tzset()
        yield
    time.tzset()


def still_journal(deck: Deck) -> None:
    """Have the journal say the same of how long each deed took: that is the outside's time."""
    screen = deck.app.screen
    assert isinstance(screen, JournalScreen)
    deeds = deck.app.doing.journal._deeds
    for at, deed in enumerate(deeds):
        deeds[at] = deed._replace(seconds=0.1)
    screen._look()


@pytest.fixture
def picture(snap_compare: Callable[..., bool]) -> Picture:
    """Compares what a console on the demo shows after some steps with the picture that is kept."""

    def take(
        size: tuple[int, int],
        steps: Steps,
        opening: DemoOpening | None = None,
        options: Options | None = None,
    ) -> None:
        host = opening or DemoOpening()
        app = demo_app(host, options)

        async def before(pilot: Pilot[None]) -> None:
            deck = DemoDeck(app, pilot, host)
            await steps(deck)
            await deck.settle()
            assert deck.shows("DEMO")

        assert snap_compare(app, terminal_size=size, run_before=before)

    return take


@pytest.fixture
def plain_picture(snap_compare: Callable[..., bool]) -> Picture:
    """The same of a console on a host that is not made up."""

    def take(size: tuple[int, int], steps: Callable[[Deck], Awaitable[None]], app: MachinedeckApp) -> None:
        async def before(pilot: Pilot[None]) -> None:
            deck = Deck(app, pilot, None)  # type: ignore[arg-type]
            await deck.settle()
            await steps(deck)
            await deck.settle()
            assert not deck.shows("DEMO")

        assert snap_compare(app, terminal_size=size, run_before=before)

    return take
