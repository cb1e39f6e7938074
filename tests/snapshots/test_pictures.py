"""Pictures of every screen at four sizes, over a simulated host with a frozen clock.

State is asserted first and the picture second, so that a wrong picture is never kept because it was drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.advice import Advice
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options
from machinedeck.ui.screens import first_run
from tests.support.console import Deck
from tests.support.estate import estate
from tests.support.fake_host import NOW, FakeHost
from tests.support.waiting import until

SIZES = [(60, 15), (80, 24), (120, 40), (200, 50)]

PICTURE = (
    b"\x1b[2J\x1b[H\x1b[1;32mroot@web-1\x1b[0m:\x1b[1;34m~\x1b[0m# ls --color /\r\n"
    b"\x1b[1;36mbin\x1b[0m  boot  dev  \x1b[1;34metc\x1b[0m  home  \x1b[37;44mtmp\x1b[0m\r\n"
    b"\x1b[38;5;208m256 colours\x1b[0m \x1b[38;2;120;180;255mtrue colour\x1b[0m \x1b[7mreverse\x1b[0m "
    b"\x1b[3mitalic\x1b[0m \x1b[4munderline\x1b[0m \xe6\xa9\x9f\xe6\xa2\xb0\r\n"
    b"\x1b(0lqqqk\x1b(B\r\n"
    b"root@web-1:~# "
)

pytestmark = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
def host() -> Iterator[FakeHost]:
    fake = estate()
    yield fake
    fake.hang_up()


@pytest.fixture(autouse=True)
def _frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same day, zone and line everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


def picture(
    snap_compare: Callable[..., bool], host: FakeHost, size: tuple[int, int], steps: Callable
) -> None:
    """Compare the picture after `steps` with the one that is kept."""
    app = MachinedeckApp(Follower(host, Store()), Options(is_calm=True), clock=lambda: NOW)

    async def before(pilot: object) -> None:
        deck = Deck(app, pilot, host)  # type: ignore[arg-type]
        await deck.settle()
        await steps(deck)
        await deck.settle()

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize(("key", "pane"), [("1", "machines"), ("2", "images"), ("3", "pool")])
def test_panes(snap_compare, host: FakeHost, size: tuple[int, int], key: str, pane: str) -> None:
    async def steps(deck: Deck) -> None:
        await deck.press(key)
        assert deck.app.focused is deck.table(pane)
        assert deck.names() == ["archive", "build-9", "db-1", "mail", "vm-7", "web-1"]

    picture(snap_compare, host, size, steps)


def test_shell(snap_compare, host: FakeHost, size: tuple[int, int]) -> None:
    async def steps(deck: Deck) -> None:
        await deck.press("end", "enter")
        await until(lambda: host.masters)
        await deck.settle()
        os.write(host.masters[0], PICTURE)
        await deck.until_shown("┌───┐")

    picture(snap_compare, host, size, steps)


def test_lost_bus(snap_compare, host: FakeHost, size: tuple[int, int]) -> None:
    async def steps(deck: Deck) -> None:
        refused = Failure(Kind.NO_BUS, "Cannot reach the message bus: connection refused.")
        host.refusals["open"] = refused
        host.lose()
        await until(lambda: deck.app.store.status.failure == refused)
        await deck.until_shown("refused.")

    picture(snap_compare, host, size, steps)


def test_empty_host(snap_compare, host: FakeHost, size: tuple[int, int]) -> None:
    host.running.clear()
    host.stored.clear()

    async def steps(deck: Deck) -> None:
        await deck.until_shown("No machine runs here")

    picture(snap_compare, host, size, steps)


def test_needs_root(snap_compare, host: FakeHost, size: tuple[int, int]) -> None:
    for part in ("machines", "images", "pool"):
        hint = "This needs root: run machinedeck as root or with sudo."
        host.refusals[part] = Failure(Kind.NOT_ALLOWED, f"Cannot read the {part}: Access denied.", hint)

    async def steps(deck: Deck) -> None:
        await deck.until_shown("This needs root")

    picture(snap_compare, host, size, steps)


def test_first_run(
    snap_compare, host: FakeHost, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    advice = Advice("systemd-machined is not installed.", "apt install systemd-container")
    monkeypatch.setattr(first_run, "advise", lambda _kind: advice)
    host.refusals["open"] = Failure(Kind.NO_SERVICE, "Nobody on this bus serves org.freedesktop.machine1.")

    async def steps(deck: Deck) -> None:
        await deck.until_shown("apt install systemd-container")

    picture(snap_compare, host, size, steps)


def test_confirmation(snap_compare, host: FakeHost, size: tuple[int, int]) -> None:
    async def steps(deck: Deck) -> None:
        await deck.press("end", "t")
        assert deck.shows("Terminate web-1?")

    picture(snap_compare, host, size, steps)
