"""The console makes do with the room and the characters there are."""

from __future__ import annotations

import pytest

from machinedeck.model.failure import Failure, Kind
from tests.console.conftest import Open
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


async def test_three_panes_at_80_by_24(console: Open) -> None:
    async with console(size=(80, 24)) as deck:
        for title in ("Machines", "Images", "Pool"):
            assert deck.shows(f"─ {title}")
        assert deck.shows("web-1")


@pytest.mark.promise("60x15 shows one pane at a time, under 40x10 one sentence")
async def test_one_pane_at_60_by_15(console: Open) -> None:
    async with console(size=(60, 15)) as deck:
        for key, title in (("1", "Machines"), ("2", "Images"), ("3", "Pool")):
            await deck.press(key)
            shown = [name for name in ("Machines", "Images", "Pool") if deck.shows(f"─ {name}")]
            assert shown == [title]
        await deck.press("tab")
        assert deck.shows("─ Machines")


@pytest.mark.parametrize("size", [(39, 24), (80, 9)])
async def test_a_sentence_where_there_is_no_room(console: Open, size: tuple[int, int]) -> None:
    async with console(size=size) as deck:
        assert deck.shows("Too small")
        assert not deck.shows("Machines")


async def test_it_grows_with_the_window(console: Open) -> None:
    async with console(size=(39, 9)) as deck:
        await deck.pilot.resize_terminal(120, 40)
        await deck.until_shown("─ Machines")
        assert not deck.shows("Too small")


@pytest.mark.parametrize("is_asked", [False, True], ids=["in the list", "in a dialog"])
async def test_keys_go_where_they_went_before_it_was_small(console: Open, is_asked: bool) -> None:
    async with console(size=(80, 24)) as deck:
        await deck.press("2", "home", *(["c"] if is_asked else []))
        await deck.pilot.resize_terminal(20, 4)
        await deck.until_gone("● live")
        await deck.pilot.resize_terminal(80, 24)
        await deck.until_shown("● live")
        await deck.press(*(["escape"] if is_asked else []), "down", "c")
        await deck.until_shown("Clone: db-1.")


async def test_details_have_their_keys_again(console: Open) -> None:
    async with console(size=(80, 24)) as deck:
        await deck.press("1", "i")
        await deck.until_shown("─ Details")
        await deck.pilot.resize_terminal(20, 4)
        await deck.until_shown("Too small")
        await deck.pilot.resize_terminal(80, 24)
        await deck.until_gone("Too small")
        await deck.press("escape")
        await deck.until_shown("─ Machines")


async def test_plain_ascii(console: Open) -> None:
    async with console(is_ascii=True) as deck:
        assert all(line.isascii() for line in deck.screen())
        assert deck.shows("* running")
        await deck.press("end", "enter")
        await deck.press("f12", "end", "t")
        assert all(line.isascii() for line in deck.screen())


@pytest.mark.promise("Where nobody serves machines, it says what is missing and the command that mends it")
async def test_first_run(console: Open, host: FakeHost) -> None:
    host.refusals["open"] = Failure(Kind.NO_SERVICE, "Nobody on this bus serves org.freedesktop.machine1.")
    async with console() as deck:
        assert deck.shows("No machines to show yet")
        assert deck.shows("r try again now")
        host.refusals["open"] = Failure(Kind.NO_BUS, "Cannot reach the message bus.")
        await deck.press("r")
        await deck.until_shown("Cannot reach the message bus.")
        del host.refusals["open"]
        await deck.press("r")
        await until(lambda: deck.shows("Machines 2 running"))


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
async def test_the_last_words_of_a_notice_are_seen(console: Open, size: tuple[int, int]) -> None:
    """Notices say at their end what to do next, and are measured before it is known what room they have."""
    async with console(size=size) as deck:
        for length in range(size[0] * 9 // 10 - 8, size[0] * 9 // 10 + 1):
            deck.app.clear_notifications()
            deck.app.notify(f"{'further ' * 20}"[: length - 4] + f" n{length}", markup=False)
            await deck.until_shown(f" n{length}")


async def test_sentences_of_the_help_go_on_below_themselves_at_any_size(console: Open) -> None:
    sentence = "open a shell in the machine; elsewhere show the actions"
    async with console() as deck:
        await deck.press("question_mark")
        assert deck.shows(sentence)
        await deck.pilot.resize_terminal(60, 15)
        await deck.until_gone(sentence)
        await deck.until_shown("elsewhere show the actions")
        at, line = next((at, line) for at, line in enumerate(deck.screen()) if "open a shell" in line)
        assert deck.screen()[at + 1].index("elsewhere") == line.index("open a shell")
