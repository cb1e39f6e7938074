"""Copies and other long work: how far they are, in the row and in a dialog, and the key that cancels them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from machinedeck.core.config import Config
from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.core.tools import TOOLS
from machinedeck.model.event import OperationEnded, OperationMoved
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.operation import Operation
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.work import WorkDialog
from machinedeck.ui.options import Options
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, ended, keys, last_deed, row
from tests.support.demo_deck import DemoDeck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

COPY = Operation(7, "copy-to", "web-1", 1 << 20, 4 << 20)


@asynccontextmanager
async def deck_that_copies() -> AsyncIterator[DemoDeck]:
    """A console on the demo, with a copy of a large image file into a machine that does not end by itself."""
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("c", *keys("/var/lib/machines/fedora-test.raw"), "tab", *keys("/root/in"), "enter")
        await until(lambda: bool(deck.app.store.operations), what="the copy to begin")
        await deck.settle()
        yield deck


@pytest.mark.promise("Copies show how far they are, and are cancelled on a key")
async def test_a_copy_is_shown_and_cancelled() -> None:
    async with deck_that_copies() as deck:
        await deck.until_shown("⇄ 0 %")
        while not deck.app.store.operations or not next(iter(deck.app.store.operations.values())).done:
            await deck.host.clock.advance(1)
            await asyncio.sleep(0.01)
        await deck.press("W")
        assert isinstance(deck.app.screen, WorkDialog)
        (operation,) = deck.app.store.operations.values()
        assert (operation.kind, operation.subject) == ("copy-to", "web-2")
        assert deck.shows("copy-to web-2")
        assert deck.shows(" of ")
        await deck.press("x")
        await deck.until_shown("No copy, clone or removal goes on now.")
        await deck.until_told("copy-to web-2 is cancelled.")
        told = [
            (one.message, one.severity) for one in deck.app._notifications if "was cancelled" in one.message
        ]
        assert [severity for _message, severity in told] == ["warning"]
        deeds = {deed.action: deed.result for deed in deck.app.doing.journal}
        assert deeds["cancel"] == "done"
        assert "The operation was cancelled." in deeds["copy-to"]
        await deck.press("escape")
        await deck.until_gone("⇄")
        assert deck.cell("web-2", "state") == "● running"


async def test_leaving_the_dialog_leaves_the_copy() -> None:
    async with deck_that_copies() as deck:
        await deck.press("W", "escape")
        assert deck.app.store.operations
        await ended(deck, "Copied into web-2.")
        assert last_deed(deck)[2] == "done"


@pytest.mark.parametrize("key", ["enter", "a", "delete"])
async def test_only_the_key_for_it_cancels(console: Open, host: FakeHost, key: str) -> None:
    host.refusals["cancel"] = Failure(
        Kind.REFUSED, "systemd-machined cannot be told to stop.", "Wait for it."
    )
    async with console() as deck:
        host.tell(OperationMoved(COPY))
        await deck.until_shown("⇄ 25 %")
        await deck.press("W", key)
        assert [call for call in host.calls if call[0] == "cancel"] == (
            [("cancel", "7")] if key == "delete" else []
        )
        assert isinstance(deck.app.screen, WorkDialog)


async def test_a_service_that_cannot_cancel_says_what_to_do(console: Open, host: FakeHost) -> None:
    host.refusals["cancel"] = Failure(
        Kind.REFUSED, "systemd-machined cannot be told to stop.", "Wait for it."
    )
    async with console() as deck:
        host.tell(OperationMoved(COPY))
        await deck.press("W", "x")
        await deck.until_shown("systemd-machined cannot be told to stop. Wait for it.")
        assert (
            list(deck.app.doing.journal)[-1].result == "systemd-machined cannot be told to stop. Wait for it."
        )


async def test_what_was_measured_is_marked(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        host.tell(OperationMoved(COPY._replace(id=-1, kind="copy", total=0, is_estimated=True)))
        await deck.until_shown("⇄ ~1.0M")
        await deck.press("W")
        await deck.until_shown("~ is measured from here")
        assert deck.shows("copy web-1")
        assert deck.shows("~1.0M")
        host.tell(OperationMoved(COPY._replace(id=-2, kind="remove", subject="old", is_estimated=True)))
        await deck.until_shown("~25 %")
        host.tell(OperationEnded(-1))
        await deck.until_gone("copy web-1")
        assert deck.shows("remove old")


async def test_nothing_goes_on(console: Open) -> None:
    async with console() as deck:
        assert not deck.shows(" W ")
        await deck.press("W")
        await deck.until_shown("No copy, clone or removal goes on now.")
        await deck.press("x", "escape")
        assert deck.app.screen is deck.app.console_screen


async def test_who_only_looks_cannot_cancel() -> None:
    async with deck_that_copies() as deck:
        deck.app._host.is_read_only = True  # type: ignore[misc]
        await deck.press("W", "x")
        await deck.until_told("started with --read-only.")
        assert deck.app.store.operations


def test_every_tool_can_have_another_key() -> None:
    for tool in TOOLS:
        config = Config({f"keys.{tool.id}": "f5"})
        assert {one.id: config.key(one.id) for one in TOOLS} == {
            one.id: "f5" if one is tool else one.key for one in TOOLS
        }


async def test_the_key_that_is_set_is_the_one_that_works(host: FakeHost) -> None:
    app = MachinedeckApp(Follower(host, Store()), Options(), config=Config({"keys.work": "f5"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("W")
        assert app.screen is app.console_screen
        await pilot.press("f5")
        assert isinstance(app.screen, WorkDialog)
