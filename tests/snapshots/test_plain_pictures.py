"""Pictures of what a demo cannot show: a host without the service, and one that keeps things from us."""

from __future__ import annotations

import pytest

from machinedeck.bus.host import BusHost
from machinedeck.core.follower import Follower
from machinedeck.core.status import Link, Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.advice import Advice
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options
from machinedeck.ui.screens import first_run
from tests.snapshots.conftest import Picture
from tests.snapshots.test_pictures import ALL, SMALL, TINY, USUAL, sizes
from tests.support.console import Deck
from tests.support.demo_deck import EmptyBus
from tests.support.fake_host import NOW, FakeHost
from tests.support.waiting import until


@sizes(*ALL)
def test_first_run(plain_picture: Picture, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus on which nobody serves machines; the demo is offered on a key."""
    advice = Advice("systemd-machined is not installed.", "apt install systemd-container")
    monkeypatch.setattr(first_run, "advise", lambda _failure: advice)

    async def steps(deck: Deck) -> None:
        await until(lambda: deck.app.store.status.link is Link.MISSING)
        await deck.until_shown("apt install systemd-container")
        assert deck.shows("d look around")

    host = BusHost(EmptyBus(), name="atlas", mode="system bus")
    plain_picture(size, steps, MachinedeckApp(Follower(host, Store()), Options(is_calm=True)))


@sizes(*ALL)
def test_needs_root(plain_picture: Picture, size: tuple[int, int]) -> None:
    """On `FakeHost`: the demo asks no authority, so it refuses nobody."""
    host = FakeHost()
    for part in Part:
        hint = "This needs root: run machinedeck as root or with sudo."
        host.refusals[part] = Failure(Kind.NOT_ALLOWED, f"Cannot read the {part}: Access denied.", hint)

    async def steps(deck: Deck) -> None:
        await until(lambda: deck.app.store.failures.keys() == set(Part))
        await deck.until_shown("This needs root")
        await until(lambda: not deck.app._is_gathering)

    plain_picture(size, steps, MachinedeckApp(Follower(host, Store()), Options(is_calm=True), lambda: NOW))


@sizes(TINY, SMALL, USUAL)
def test_no_message_bus(
    plain_picture: Picture, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    advice = Advice("The system's message bus does not answer.", "systemctl start dbus.socket")
    monkeypatch.setattr(first_run, "advise", lambda _failure: advice)

    async def steps(deck: Deck) -> None:
        await until(lambda: deck.app.store.status.link is Link.MISSING)
        await deck.until_shown("/run/dbus/nobody")

    host = BusHost("unix:path=/run/dbus/nobody", name="atlas", mode="system bus")
    plain_picture(size, steps, MachinedeckApp(Follower(host, Store()), Options(is_calm=True)))
