"""A terminal is one of the very run of a machine that was chosen, whatever comes between."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest

from machinedeck.core.doing import Doing
from machinedeck.core.journal import Journal
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.wish import Wish
from machinedeck.ui.opening import open_terminal
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until

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


@pytest.mark.parametrize("is_half", [False, True], ids=["tab", "half"])
async def test_what_cannot_be_opened_again_stays(console: Open, host: FakeHost, is_half: bool) -> None:
    async with console() as deck:
        await deck.press("end", "enter")
        await until(lambda: len(host.masters) == 1, what="the shell")
        if is_half:
            await deck.press("f12", "vertical_line")
            await until(lambda: len(host.masters) == 2, what="the other half")
            await deck.settle()
        os.write(host.masters[-1], b"what was the last error?")
        await deck.until_shown("what was the last error?")
        os.close(host.masters.pop())
        await deck.until_shown("Ended.")
        host.refusals["shell"] = Failure(Kind.NOT_ALLOWED, "No password was given.")
        await deck.press("r", "r")
        await deck.until_shown("No password was given.")
        assert deck.shows("what was the last error?")
        del host.refusals["shell"]
        await deck.press("r", "r")
        shells = deck.app.console_screen.shells
        await until(lambda: not any(view.session.has_ended for view in shells.views), what="the new one")
        await deck.settle()
        assert not deck.shows("what was the last error?")
        assert [len(tab.views) for tab in shells.places] == [1 + is_half]


@pytest.mark.promise("Who entered a machine, when, and whether he was let in stands in the journal")
async def test_who_enters_is_noted(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as deck:
        await deck.press("end", "enter")
        await until(lambda: len(deck.app.console_screen.shells.views) == 1)
        while_it_opens(host, monkeypatch, host.running.clear)
        await deck.press("f12", "left_square_bracket", "end", "L")
        await deck.until_shown("No machine 'web-1' known.")
        noted = [(deed.action, deed.subject, deed.command, deed.is_done) for deed in deck.app.doing.journal]
        assert noted == [
            ("shell", "web-1", "machinectl shell web-1", True),
            ("login", "web-1", "machinectl login web-1", False),
        ]
        assert "No machine 'web-1' known." in list(deck.app.doing.journal)[-1].result


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("container", "machinectl shell --uid=anna --setenv=TOKEN web-1 /bin/sh -c 'ls -l'"),
        ("vm", "ssh -o SetEnv=TOKEN -t -- anna@10.0.0.2 'ls -l'"),
    ],
)
async def test_what_variables_hold_is_not_noted(kind: str, line: str, host: FakeHost) -> None:
    entered = machine("web-1", kind=kind, ssh_address="10.0.0.2")
    wish = Wish("web-1", user="anna", command="ls -l", variables=("TOKEN=secret",))
    doing = Doing(host, Store(), Journal(None), "anna")
    host.is_read_only = True
    host.running.clear()  # nothing can be opened, by ssh or the service
    with pytest.raises(Failure):
        await open_terminal(host, doing, None, entered, wish)
    assert [deed.command for deed in doing.journal] == [line]
