"""What an operator does to the lists: filter, sort, group, mark, look at hidden ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.keys import _character_to_key

from machinedeck.core.status import Part
from machinedeck.core.store import Store
from machinedeck.core.usage import Sampler
from machinedeck.model.event import ServiceMoved
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import ImageSizes, Pool
from machinedeck.model.machine import OperatingSystem
from machinedeck.model.usage import Counted, Usage
from machinedeck.ui.panes.images import ImagesPane
from machinedeck.ui.panes.machines import MachinesPane
from machinedeck.ui.panes.pool import PoolPane
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FEDORA, NOW, FakeHost, image, machine
from tests.support.waiting import until


@pytest.fixture
def estate(host: FakeHost) -> FakeHost:
    """Three machines that run, one that is stopped and one that failed."""
    host.running["mail"] = machine("mail", os=FEDORA, addresses=("192.0.2.7",))
    host.stored["crm"] = image("crm")
    host.broken.add("crm")
    host.lists_itself = True
    return host


async def test_a_filter_is_seen_as_it_is_typed(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        assert deck.names() == ["build-9", "crm", "db-1", "mail", "web-1", ".host"]
        await deck.press("slash", "w", "e")
        assert deck.shows("/we▏")
        assert deck.names() == ["web-1"]
        await deck.press("backspace", "backspace", *"os:fedora", "enter")
        assert deck.names() == ["mail"]
        assert not deck.shows("▏")
        await deck.press("escape")
        assert len(deck.names()) == 6
        await deck.press("slash", *"!state:running", "enter")
        assert deck.names() == ["build-9", "crm"]
        await deck.press("escape", "slash", *"/^.b/", "enter")
        assert deck.names() == ["db-1"]
        await deck.press("slash", *"zzz", "enter")
        assert deck.shows("Nothing fits")
        await deck.press("escape", "slash", *"/(", "enter")
        assert deck.shows("is no regular expression")
        assert len(deck.names()) == 6, "a filter that cannot be read shows all"


async def test_keys_of_a_filter_do_nothing_else(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        await deck.press("slash", *"qt2 s")
        assert deck.shows("/qt2 s▏")
        assert deck.app.focused is deck.table("machines")
        assert not {"terminate", "start"} & {call[0] for call in estate.calls}


async def test_lists_are_sorted_by_any_column(console: Open, estate: FakeHost) -> None:
    for at, name in enumerate(("db-1", "mail", "web-1")):
        estate.counted[name] = Counted(1, (at + 1) << 20, 30 - at)
    async with console() as deck:
        await Sampler(deck.app.store, estate).look()
        await deck.settle()
        await deck.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        assert deck.shows("MEMORY▼")
        assert deck.names() == ["web-1", "mail", "db-1", "build-9", "crm", ".host"], "the largest first"
        await deck.press("u")
        assert deck.shows("MEMORY▲")
        assert deck.names() == ["db-1", "mail", "web-1", "build-9", "crm", ".host"], "unknown stays last"
        await deck.press("less_than_sign", "less_than_sign", "less_than_sign")
        assert deck.shows("NAME▲")


async def test_the_first_column_need_not_be_the_name(console: Open, estate: FakeHost) -> None:
    for at, name in enumerate(("db-1", "mail", "web-1")):
        estate.counted[name] = Counted(1, (at + 1) << 20, 1)
    async with console() as deck:
        await Sampler(deck.app.store, estate).look()
        deck.app.console_screen.pane("machines").configure(["memory", "state", "name"], "memory")
        await deck.settle()
        assert deck.names()[:3] == ["web-1", "mail", "db-1"]
        await deck.press("u")
        assert deck.names()[:3] == ["db-1", "mail", "web-1"]


async def test_the_column_that_is_sorted_by_is_seen(console: Open, estate: FakeHost) -> None:
    """Also one that has no room otherwise: else the list is in an order that nobody can tell."""
    async with console((80, 24)) as deck:
        columns = [column for column in deck.table("machines").columns if column.key != "name"]
        for column in columns:
            await deck.press("greater_than_sign")
            assert deck.table("machines").sorted_by == column.key
            assert any(f"{column.label}{mark}" in deck.screen()[2] for mark in "▲▼"), column.key


async def test_machines_stand_together(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        await deck.press("f", "f")
        assert deck.shows("── failed · 1")
        assert deck.shows("by state")
        table = deck.table("machines")
        await deck.press("home")
        assert table.current == "crm"
        await deck.press("down")
        assert table.current == "db-1", "the cursor passes over head lines"
        await deck.press("f", "f")
        assert not deck.shows("──  failed")
        assert table.current == "db-1"


async def test_marks(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        pane = deck.app.console_screen.query_one(MachinesPane)
        await deck.press("home", "space", "space")
        assert pane.marked == ("build-9", "crm")
        assert pane.current == "db-1"
        assert deck.shows("2 marked")
        assert deck.shows("✓ crm")
        await deck.press("slash", *"name:web", "enter")
        assert pane.marked == (), "what is not shown is not meant"
        await deck.press("asterisk", "escape", "end", "space")
        assert pane.marked == ("build-9", "crm", "web-1")
        estate.vanish("web-1")
        estate.stored.pop("web-1")
        deck.app._follower.retry()
        await until(lambda: pane.marked == ("build-9", "crm"), what="the mark of what is gone to go")
        await deck.press("escape")
        assert not pane.marked


async def test_a_unit_that_failed(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        assert deck.cell("crm", "state") == "✗ failed"
        assert deck.shows("1 failed")
        await deck.press("home", "down", "s")
        assert ("start", "crm") in estate.calls, "it can be started again"


async def test_the_unit_that_failed_is_named(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        await deck.press("home", "down")
        assert deck.table("machines").current == "crm"
        await deck.press("i")
        await deck.until_shown("systemctl status systemd-nspawn@crm.service tells")
        assert any("unit" in line and "systemd-nspawn@crm.service" in line for line in deck.screen())


async def test_unknown_is_never_nothing(console: Open, estate: FakeHost) -> None:
    estate.counted["web-1"] = Counted(None, 1 << 30, None, is_summed=True)
    async with console() as deck:
        await Sampler(deck.app.store, estate).look()
        await deck.settle()
        told = [deck.cell("web-1", column) for column in ("cpu", "memory", "tasks")]
        assert told == ["–", "~1.0G", "–"]
        assert deck.cell("db-1", "memory") == "–"


async def test_what_was_last_known_is_faint(console: Open, estate: FakeHost) -> None:
    async with console() as deck:
        estate.refusals["machines"] = Failure(Kind.NO_SERVICE, "Nobody owns the name.")
        estate.tell(ServiceMoved(False))
        await deck.until_shown("The service of machines is restarting")
        assert all(pane.is_stale for pane in deck.app.console_screen.panes)
        del estate.refusals["machines"]
        await deck.until_shown("● live")
        assert not any(pane.is_stale for pane in deck.app.console_screen.panes)


async def test_hidden_images_come_on_a_key(console: Open, estate: FakeHost) -> None:
    estate.stored[".old"] = image(".old", usage=5 << 30)
    estate.sizes["mail"] = ImageSizes(1 << 20, 2 << 30, None)
    estate.stored["mail"] = image("mail")
    async with console() as deck:
        assert ".old" not in deck.names("images")
        await deck.press("2", "full_stop")
        assert deck.names("images")[0] == ".old"
        assert deck.shows("1 hidden")
        await deck.until_shown("mail")
        await until(lambda: deck.cell("mail", "limit", "images") == "2.0G")
        assert deck.cell("mail", "machine", "images") == "mail"
        assert deck.cell("web-1", "limit", "images") == "–"


async def test_a_limit_shows_once_it_is_set(console: Open, estate: FakeHost) -> None:
    """A service tells of no limit, and the list of images has none."""

    async def limit_image(*_: object) -> None:
        estate.sizes["build-9"] = ImageSizes(1 << 20, 3 << 30, None)

    estate.limit_image = limit_image  # type: ignore[attr-defined]
    estate.stored["build-9"] = image("build-9", type="subvolume")
    async with console(size=(120, 40)) as deck:
        await until(lambda: "build-9" in deck.names("images"))
        await deck.press("2", "home", "l", *"3G", "enter")
        await until(lambda: deck.cell("build-9", "limit", "images") == "3.0G")


async def test_the_pool_follows_its_images(console: Open, estate: FakeHost) -> None:
    def told(deck: Deck) -> str:
        return next(row.cells[1].text for row in deck.table("pool").rows if row.cells[0].text == "clean all")

    async with console() as deck:
        await until(lambda: Part.IMAGES in deck.app.store.read)
        before = told(deck)
        estate.stored["huge"] = image("huge", usage=50 << 30)
        deck.app._follower.look_again(estate.stored["huge"])
        await until(lambda: told(deck) != before)
        both = told(deck)
        estate.appear(machine("huge"))
        await until(lambda: told(deck) != both)


async def test_of_many_images_only_those_seen_are_asked(console: Open, estate: FakeHost) -> None:
    estate.stored = {f"image-{at:04}": image(f"image-{at:04}") for at in range(2000)}
    async with console() as deck:
        await until(lambda: ("image_sizes", "image-0000") in estate.calls)
        await deck.press("2", "end")
        await until(lambda: ("image_sizes", "image-1999") in estate.calls)
        asked = [call for call in estate.calls if call[0] in {"image_sizes", "image_os"}]
        assert len(asked) < 300


async def test_the_pool_says_what_could_go(console: Open, estate: FakeHost) -> None:
    estate.space = Pool("/var/lib/machines", 8 << 30, 10 << 30)
    estate.stored |= {".old": image(".old", usage=5 << 30), "big": image("big", usage=6 << 30)}
    async with console() as deck:
        told = {row.cells[0].text: row.cells[1] for row in deck.table("pool").rows}
        assert told["usage"].text == "8.0G 80% ██████──"
        assert told["usage"].tone == "warn"
        assert told["clean"].text == "1 image, 5.0G"
        assert told["clean all"].text == "4 images, at least 11.0G"
        assert told["biggest"].text == "5.0G .old"


async def test_the_newest_of_the_pools_history_is_seen(console: Open, estate: FakeHost) -> None:
    async with console((80, 24)) as deck:
        for at in range(40):
            deck.app.store.set_pool(Pool("/var/lib/machines", (at + 1) << 30, 90 << 30))
        await deck.settle()
        (line,) = [line for line in deck.screen() if "history" in line]
        assert line.rstrip("┃│ ").endswith("█"), "what is used now is the most there was"


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "[red]x[/red]",
            "[/]",
            "\x1b[2J\x1b]52;c;AAAA\x07",
            "a\u202eb\u2066c",
            "z\u200b\u200d\u2060w",
            "line\nline\r\n\tline",
            "\x9b31m",
            "x" * 10_000,
            "\u0301" * 500,
            "𝕏" * 300,
            "",
        ]
    ),
)


@pytest.mark.promise("Nothing a machine says can do anything to the screen")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(HOSTILE, min_size=8, max_size=8))
async def test_hostile_texts_in_all_columns(texts: list[str]) -> None:
    """Every field that comes from a machine, in every column and title, filtered and grouped by it too."""
    from machinedeck.model.text import clean

    name, kind, service, os, address, root, type_, path = texts
    safe = [clean(one) for one in (kind, service, os, address, type_, path)]
    store = Store()
    system = OperatingSystem(safe[2], "x", "1")
    one = machine(name or "x", kind=safe[0], service=safe[1], os=system, addresses=(safe[3],), root=root)
    store.set_machines([one])
    store.set_images([image(name or "x", type=safe[4]), image("other", type=safe[4])])
    store.set_image_os("other", system)
    store.set_pool(Pool(safe[5], 1, None))
    store.set_usage({one.name: Usage(1.0, 2, 3)})
    for pane in (MachinesPane(id="machines"), ImagesPane(id="images"), PoolPane(id="pool")):
        for row in shown(pane, store):
            for cell in row:
                assert clean(cell) == cell, "no control character, no turned direction"
                assert "\n" not in cell
                assert cell_len(cell) < 10_000
        assert Part.MACHINES in store.read


def shown(pane: MachinesPane | ImagesPane | PoolPane, store: Store) -> list[list[str]]:
    """The texts of all cells of a pane that is on no screen."""
    if isinstance(pane, PoolPane):
        from machinedeck.ui.panes.pool import _images, _size

        pairs = [*_size(store.pool or Pool("", None, None), store), *_images(store)]
        return [[what, cell.text] for what, cell in pairs]
    pane._store, pane._now = store, NOW
    return [[cell.text for cell in pane.cells(thing).values()] for thing in pane.things(store).values()]


@pytest.mark.promise("Any text can be typed into a filter, and any name or reason stand in a title")
@pytest.mark.parametrize(
    "text", ["[/", "[x=#", r"[a=\@$", "[-=#(a", "[b]bold[/b]", "[/path] is gone", r"\[", "]"]
)
async def test_titles_say_what_they_are_told(console: Open, host: FakeHost, text: str) -> None:
    host.refusals["images"] = Failure(Kind.REFUSED, f"No: {text}")
    async with console(size=(160, 40)) as deck:
        await deck.until_shown(f"No: {text}")
        await deck.press("1", "slash", *map(_character_to_key, text))
        await deck.until_shown(f"/{text}▏")
        assert deck.app.is_running
