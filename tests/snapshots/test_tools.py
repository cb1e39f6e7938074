"""Pictures of the tools: long work, what was bound, values for the clipboard, letters to jump to."""

from __future__ import annotations

from machinedeck.core.actions import YES, find
from machinedeck.model.event import OperationMoved
from machinedeck.model.operation import Operation
from machinedeck.ui.dialogs.binds import BindsDialog
from machinedeck.ui.dialogs.jump import JumpScreen
from machinedeck.ui.dialogs.values import ValuesDialog
from machinedeck.ui.dialogs.work import WorkDialog
from tests.snapshots.conftest import Picture
from tests.snapshots.test_acting import SMALL, TINY, USUAL, sizes
from tests.support.demo_deck import DemoDeck

GIB = 1 << 30
TOLD = (
    Operation(1, "copy-to", "web-2", 3 * GIB // 2, 4 * GIB),
    Operation(2, "clone", "web-3", 300 << 20, 700 << 20),
)
MEASURED = (
    Operation(-1, "copy", "web-2", 812 << 20, 0, is_estimated=True),
    Operation(-2, "clone", "web-3", 300 << 20, 0, is_estimated=True),
    Operation(-3, "remove", "scratch", 3 * GIB, 4 * GIB, is_estimated=True),
)


async def _with(deck: DemoDeck, operations: tuple[Operation, ...]) -> None:
    await deck.arrive()
    await deck.go_to("web-2")
    for operation in operations:
        deck.app._follower._on_event(OperationMoved(operation))
    await deck.settle()
    assert deck.cell("web-2", "state").startswith("⇄")


@sizes(SMALL, USUAL)
def test_work_in_the_lists(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await _with(deck, TOLD)

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_work(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await _with(deck, TOLD)
        await deck.press("W")
        assert isinstance(deck.app.screen, WorkDialog)

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_work_that_was_measured(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await _with(deck, MEASURED)
        await deck.press("W")
        assert isinstance(deck.app.screen, WorkDialog)
        assert deck.shows("~ is measured")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_restarting(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        deck.app.store.set_doing("web-2", "restarting")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_values(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("Y", "down")
        assert isinstance(deck.app.screen, ValuesDialog)

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_jump(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-2")
        await deck.press("apostrophe")
        assert isinstance(deck.app.screen, JumpScreen)

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_binds(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        for name, source, read_only in (("web-1", "/srv/www", YES), ("web-2", "/home/ops/deploy", "")):
            values = {"from": source, "to": "/mnt", "read-only": read_only}
            deck.app.doing.binds.note(find("bind"), deck.app.store.registered[name], values)
        await deck.press("B")
        assert isinstance(deck.app.screen, BindsDialog)

    picture(size, steps)
