"""What tests of the console share: a simulated host and a console on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.ui import order
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options
from tests.support.console import Deck
from tests.support.fake_host import NOW, FakeHost, image, machine

Open = Callable[..., AbstractAsyncContextManager[Deck]]


@pytest.fixture(autouse=True)
def keys_wait() -> Iterator[None]:
    """Have each key wait for the one before it also where all of that takes long, as on a busy host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "PATIENCE_SECONDS", 20.0)
        yield


@pytest.fixture
def host() -> Iterator[FakeHost]:
    """A host with two machines that run and one image more."""
    fake = FakeHost(
        running={name: machine(name) for name in ("db-1", "web-1")},
        stored={name: image(name) for name in ("db-1", "web-1", "build-9")},
    )
    yield fake
    fake.hang_up()


@pytest.fixture
def console(host: FakeHost) -> Open:
    """Opens a console on the host."""

    @asynccontextmanager
    async def open_(size: tuple[int, int] = (120, 40), **options: object) -> AsyncIterator[Deck]:
        app = MachinedeckApp(Follower(host, Store()), Options(**options), clock=lambda: NOW)  # type: ignore[arg-type]
        async with app.run_test(size=size, notifications=True) as pilot:
            deck = Deck(app, pilot, host)
            await deck.settle()
            yield deck

    return open_
