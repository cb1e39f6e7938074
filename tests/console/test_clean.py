"""Cleaning the pool deletes what was named, or nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, image


class SlowRights:
    """Takes its time until a password can be asked for, in which something happens."""

    trouble = ""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens = happens

    async def ready(self) -> None:
        self._happens()

    def end(self) -> None:
        """Let go of nothing."""


async def want(deck: Deck) -> None:
    await deck.press("3", "c", "enter")
    await deck.until_shown(".old")
    await deck.press(*"clean")


@pytest.fixture
def cleaned(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How the pool was cleaned."""
    modes: list[str] = []

    async def clean(mode: str) -> tuple[tuple[str, int | None], ...]:
        modes.append(mode)
        return ((".old", 1),)

    monkeypatch.setattr(host, "clean", clean, raising=False)
    host.stored[".old"] = image(".old")
    return modes


async def test_what_was_named_goes(console: Open, cleaned: list[str]) -> None:
    async with console() as deck:
        await want(deck)
        await deck.press("enter")
        await deck.until_shown("Deleted .old")
        assert cleaned == ["hidden"]


@pytest.mark.parametrize("is_asked", [True, False], ids=["while it is asked", "before it is done"])
async def test_what_came_later_does_not(
    console: Open, host: FakeHost, cleaned: list[str], is_asked: bool
) -> None:
    async with console() as deck:

        def come() -> None:
            deck.app.store.set_images([*host.stored.values(), image(".new")])

        await want(deck)
        if is_asked:
            come()
            await deck.until_shown("Others would go now.")
        else:
            deck.app.acting.rights = SlowRights(come)  # type: ignore[assignment]
        await deck.press("enter")
        await deck.until_shown("Others would have gone than were named.")
        assert cleaned == []
