"""Pictures of states: nothing there, not read yet, refused, very much of it, old, and in trouble."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from machinedeck.core.config import Config
from machinedeck.core.follower import Follower
from machinedeck.core.journal_file import JournalFile
from machinedeck.core.status import Link, Part
from machinedeck.core.store import Store
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Pool
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.binds import BindsDialog
from machinedeck.ui.dialogs.palette import Palette
from machinedeck.ui.dialogs.work import WorkDialog
from machinedeck.ui.options import Options
from machinedeck.ui.screens.journal import JournalScreen
from tests.snapshots.conftest import Picture, still_journal
from tests.snapshots.test_pictures import ALL, SMALL, TINY, USUAL, sizes
from tests.support.console import Deck
from tests.support.demo_deck import DemoDeck, hold_notices
from tests.support.fake_host import NOW, FakeHost, image, machine
from tests.support.waiting import until

DENIED = Failure(Kind.NOT_ALLOWED, "Cannot terminate web-1: Access denied.", "This needs root.")
MACHINES, IMAGES = 1_000, 10_000


def estate() -> FakeHost:
    """Two machines that run and one image more."""
    names = ("db-1", "web-1")
    return FakeHost(
        running={name: machine(name) for name in names},
        stored={name: image(name) for name in (*names, "build-9")},
    )


def app_of(host: FakeHost) -> MachinedeckApp:
    """A console on a host, whose notices stay."""
    follower = Follower(host, Store())
    app = MachinedeckApp(follower, Options(is_calm=True), clock=lambda: NOW, config=Config())
    hold_notices(app)
    return app


async def at_rest(deck: Deck) -> None:
    """Wait until all was read and is shown."""
    await until(lambda: deck.app.store.read == set(Part), what="the first lists")
    await until(lambda: not deck.app._is_gathering, what="the lists to be shown")
    await deck.settle()


# Nothing there


@sizes(SMALL, USUAL)
@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("J", JournalScreen, "Nothing was done from here yet."),
        ("W", WorkDialog, "No copy, clone or removal goes on now."),
        ("B", BindsDialog, "Nothing was bound"),
    ],
    ids=["journal", "work", "binds"],
)
def test_empty(picture: Picture, size: tuple[int, int], key: str, kind: type, said: str) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press(key)
        assert isinstance(deck.app.screen, kind)
        assert deck.shows(said)

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_palette_that_finds_nothing(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("colon")
        await until(lambda: isinstance(deck.app.screen, Palette))
        await deck.press(*"zzz")
        assert deck.shows("Nothing fits.")

    picture(size, steps)


# Not read yet


@sizes(*ALL)
def test_loading(plain_picture: Picture, size: tuple[int, int]) -> None:
    """The bus is there, and no list has come over it."""
    host = estate()

    async def never() -> None:
        await asyncio.Event().wait()

    for name in ("machines", "images", "pool"):
        setattr(host, name, never)

    async def steps(deck: Deck) -> None:
        await deck.until_shown("Reading …")
        assert not deck.app.store.read

    plain_picture(size, steps, app_of(host))


@sizes(SMALL, USUAL)
def test_details_being_read(plain_picture: Picture, size: tuple[int, int]) -> None:
    host = estate()

    async def never(_machine: object) -> list[object]:
        return await asyncio.Event().wait()  # type: ignore[return-value]

    host.processes = never  # type: ignore[assignment,method-assign]

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press("end", "i")
        await deck.until_shown("Reading …")

    plain_picture(size, steps, app_of(host))


# Refused


@sizes(TINY, SMALL, USUAL)
def test_refused_action(plain_picture: Picture, size: tuple[int, int]) -> None:
    host = estate()
    host.refusals["terminate"] = DENIED

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press("end", "t", "y")
        await deck.until_shown("Access denied")

    plain_picture(size, steps, app_of(host))


@sizes(SMALL, USUAL)
def test_refused_details(plain_picture: Picture, size: tuple[int, int]) -> None:
    host = estate()
    host.refusals["every_property"] = Failure(Kind.NOT_ALLOWED, "Cannot read it: Access denied.")

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press("end", "i")
        await deck.until_shown("Access denied.")

    plain_picture(size, steps, app_of(host))


# Very much of it


def _huge() -> FakeHost:
    many = [f"tenant-{at:04}" for at in range(MACHINES)]
    return FakeHost(
        running={name: machine(name, addresses=tuple(f"10.0.{at}.2" for at in range(9))) for name in many},
        stored={name: image(name, usage=1 << 62) for at in range(IMAGES) if (name := f"image-{at:05}")},
        space=Pool("/var/lib/machines", 1 << 60, 1 << 61),
    )


@sizes(SMALL, USUAL)
@pytest.mark.parametrize("key", ["1", "2"], ids=["machines", "images"])
def test_huge(plain_picture: Picture, size: tuple[int, int], key: str) -> None:
    """A thousand machines and ten thousand images, at the end of a list."""

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press(key, "end")
        await until(lambda: not deck.app._is_gathering, what="the lists to be shown")
        assert deck.shows("1000 running" if key == "1" else f"Images {IMAGES}")
        await until(lambda: deck.table("machines").current is not None)

    plain_picture(size, steps, app_of(_huge()))


@sizes(TINY, SMALL, USUAL)
@pytest.mark.parametrize("key", ["a", "t", "i"], ids=["menu", "confirmation", "details"])
def test_longest(plain_picture: Picture, size: tuple[int, int], key: str) -> None:
    """Names as long as they may be (machine names of 64 characters), and values that are longer."""
    name = "w" * 64
    host = FakeHost(running={name: machine(name)}, stored={name: image(name)})
    host.properties_told = {"RootDirectory": "/srv" * 300, "Name": name}

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press("end", key)
        await deck.until_shown("/srv/srv" if key == "i" else "Esc" if key == "a" else "leave it alone")

    plain_picture(size, steps, app_of(host))


# Old, and in trouble


@sizes(SMALL, USUAL)
def test_stale_details(plain_picture: Picture, size: tuple[int, int]) -> None:
    host = estate()
    host.properties_told = {"Name": "web-1", "Class": "container"}

    async def steps(deck: Deck) -> None:
        await at_rest(deck)
        await deck.press("end", "i")
        await deck.until_shown("Class")
        host.refusals["open"] = Failure(Kind.NO_BUS, "The message bus does not answer.")
        host.lose()
        await until(lambda: deck.app.store.status.link is Link.LOST, what="the link to be lost")
        await deck.until_shown("does not answer")

    plain_picture(size, steps, app_of(host))


@sizes(SMALL, USUAL)
def test_journal_that_cannot_be_written(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("e")
        await deck.until_told("web-2 is started at boot.")
        journal = deck.app.doing.journal
        journal._file = JournalFile(Path("/dev/full"))
        journal._file.write(*journal)
        await deck.press("J")
        still_journal(deck)
        assert deck.shows("The journal cannot be written: No space left on device.")

    picture(size, steps)
