"""A terminal is one of the very run of a machine that was chosen, whatever comes between."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest

from machinedeck.model.wish import Wish
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, machine

STARTED_ANEW = machine("web-1", timestamp_monotonic=2000, machine_id="f" * 32)


def while_it_opens(host: FakeHost, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Have something happen while the service is asked, as where somebody types a password meanwhile."""
    open_terminal: Callable[[Wish], Awaitable[int]] = host.open_terminal

    async def open_late(wish: Wish) -> int:
        happens()
        return await open_terminal(wish)

    monkeypatch.setattr(host, "open_terminal", open_late)


async def until_refused(deck: Deck) -> None:
    await deck.until_shown("web-1 is not the machine it was")
    assert deck.app.console_screen.shells.views == []


@pytest.mark.promise("A shell is opened in the very run of a machine that was chosen, or none is")
async def test_one_that_was_started_anew_meanwhile_is_not_entered(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_it_opens(host, monkeypatch, lambda: host.running.update({"web-1": STARTED_ANEW}))
    async with console() as deck:
        await deck.press("end", "enter")
        await until_refused(deck)
        with pytest.raises(OSError, match="Input/output error"):  # EIO: our side is closed (pty(7))
            os.write(host.masters[0], b"prompt")


async def test_one_that_ended_meanwhile_is_not_entered(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_it_opens(host, monkeypatch, host.running.clear)
    async with console() as deck:
        await deck.press("end", "enter")
        await deck.until_shown("No machine 'web-1' known.")
        assert deck.app.console_screen.shells.views == []


async def test_a_command_is_not_begun_in_another(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "O")
        host.running["web-1"] = STARTED_ANEW
        await deck.press("tab", *"reboot", "enter")
        await until_refused(deck)
        assert host.wishes == []
