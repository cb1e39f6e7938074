"""Timers fire once, also those whose moment has passed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest
from textual.notifications import Notification

from tests.console.conftest import Open
from tests.support.waiting import until


class HeldUpError(Exception):
    """The event loop went round in one place."""


@pytest.fixture
def watchdog() -> Iterator[None]:
    """Fails a test whose event loop hangs: no timeout of the loop's own could."""

    def on_alarm(_number: int, _frame: FrameType | None) -> None:
        raise HeldUpError

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("watchdog")
@pytest.mark.parametrize("delay", [-0.5, -1e-5, 0, 1e-9, 0.001])
async def test_a_moment_that_has_passed_is_now(console: Open, delay: float) -> None:
    async with console() as deck:
        for _ in range(50):
            fired: list[bool] = []
            deck.app.set_timer(delay, lambda fired=fired: fired.append(True))  # type: ignore[misc]
            await until(lambda fired=fired: fired, what="the timer to fire")  # type: ignore[misc]
            assert fired == [True]


@pytest.mark.usefixtures("watchdog")
async def test_a_notice_that_runs_out_meanwhile(console: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as deck:
        # As when its time runs out between the question whether it has and the one how much is left
        monkeypatch.setattr(Notification, "has_expired", False)
        deck.app.notify("told", timeout=-0.01)
        await deck.press("end", "t")
        assert deck.shows("Terminate web-1?")
        await deck.press("n")
        await until(lambda: not len(deck.app._notifications), what="the notice to go")
        await deck.until_gone("told")
