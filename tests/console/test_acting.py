"""Every action of the table, from its key on the screen to the service of the demo and into the journal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from machinedeck.core.actions import ACTIONS, MACHINE_ACTIONS, Harm
from machinedeck.model.machine import State
from machinedeck.ui.dialogs.confirm import Confirm
from machinedeck.ui.dialogs.form import Form
from machinedeck.ui.dialogs.menu import ActionMenu
from machinedeck.ui.dialogs.typed_name import TypedName
from machinedeck.ui.screens.journal import JournalScreen
from tests.support.demo_deck import DemoDeck, DemoOpening, demo_app
from tests.support.waiting import until

PATIENCE = 400
"""How often the host's time is pushed by a second before something is given up."""


@asynccontextmanager
async def deck_on_demo(size: tuple[int, int] = (80, 24)) -> AsyncIterator[DemoDeck]:
    """A console on a host of its own, with all there is to know of it on the screen."""
    host = DemoOpening()
    app = demo_app(host)
    async with app.run_test(size=size, notifications=True) as pilot:
        deck = DemoDeck(app, pilot, host)
        await deck.arrive()
        yield deck


async def ended(deck: DemoDeck, text: str) -> None:
    """Push the host's time until the end of something is told."""
    for _ in range(PATIENCE):
        if any(text in one.message for one in deck.app._notifications):
            await deck.settle()
            return
        await deck.host.clock.advance(1)
        await asyncio.sleep(0.01)
    raise AssertionError(f"{text!r} was never told: {[one.message for one in deck.app._notifications]}")


def last_deed(deck: DemoDeck) -> tuple[str, str, str, str]:
    """What the journal says was done last: action, subject, result, command."""
    deed = list(deck.app.doing.journal)[-1]
    return deed.action, deed.subject, deed.result, deed.command


async def row(deck: DemoDeck, pane: str, name: str) -> None:
    """Go to a row of a pane."""
    await deck.press({"machines": "1", "images": "2", "pool": "3"}[pane])
    table = deck.table(pane)
    if name:
        table.cursor = deck.names(pane).index(name)
    await deck.settle()


def keys(text: str) -> list[str]:
    """The keys that type a text."""
    named = {"/": "slash", "-": "minus", "%": "percent_sign", ".": "full_stop", "~": "tilde"}
    return [named.get(one, one) for one in text]


STEPS: list[tuple[str, str, str, list[str], str, str]] = [
    ("start", "machines", "scratch", ["s"], "scratch is up.", "machinectl start scratch"),
    (
        "start-as",
        "machines",
        "scratch",
        ["S", "down", "space", "enter"],
        "scratch is up.",
        "machinectl enable --now scratch",
    ),
    (
        "stop",
        "machines",
        "web-2",
        ["p", "y"],
        "web-2 is stopped.",
        "systemctl stop systemd-nspawn@web-2.service",
    ),
    (
        "restart",
        "machines",
        "web-2",
        ["R", "y"],
        "web-2 is up again.",
        "systemctl restart systemd-nspawn@web-2.service",
    ),
    ("poweroff", "machines", "web-2", ["P", "y"], "web-2 is told to shut down.", "machinectl poweroff web-2"),
    ("reboot", "machines", "web-2", ["b", "y"], "web-2 is told to reboot.", "machinectl reboot web-2"),
    ("terminate", "machines", "web-2", ["t", "y"], "web-2 is told to end.", "machinectl terminate web-2"),
    (
        "kill",
        "machines",
        "web-2",
        ["K", "right", "right", "down", "space", "enter", "y"],
        "web-2 got the signal.",
        "machinectl kill --signal=SIGHUP --kill-whom=all web-2",
    ),
    (
        "copy-to",
        "machines",
        "web-2",
        ["c", *keys("/etc/hostname"), "tab", *keys("/root/in"), "enter"],
        "Copied into web-2.",
        "machinectl copy-to web-2 /etc/hostname /root/in",
    ),
    (
        "copy-from",
        "machines",
        "web-2",
        ["C", *keys("/etc/hostname"), "tab", *keys("/root/out"), "enter"],
        "Copied from web-2.",
        "machinectl copy-from web-2 /etc/hostname /root/out",
    ),
    (
        "bind",
        "machines",
        "web-2",
        ["m", *keys("/srv"), "tab", *keys("/mnt"), "tab", "space", "enter"],
        "It is seen in web-2.",
        "machinectl bind --mkdir --read-only web-2 /srv /mnt",
    ),
    (
        "limit",
        "machines",
        "web-2",
        ["l", *keys("512M"), "tab", *keys("150%"), "enter"],
        "The limits of web-2 are set.",
        "systemctl set-property --runtime systemd-nspawn@web-2.service MemoryMax=512M CPUQuota=150%",
    ),
    ("enable", "machines", "web-2", ["e"], "web-2 is started at boot.", "machinectl enable web-2"),
    ("disable", "machines", "web-2", ["E"], "web-2 is not started at boot.", "machinectl disable web-2"),
    ("start-image", "images", "scratch", ["s"], "scratch is up.", "machinectl start scratch"),
    (
        "clone",
        "images",
        "web-2",
        ["c", *keys("web-3"), "tab", "space", "enter"],
        "web-2 is cloned.",
        "machinectl clone --read-only web-2 web-3",
    ),
    (
        "rename",
        "images",
        "scratch",
        ["n", *keys("scratch-2"), "enter"],
        "scratch has another name.",
        "machinectl rename scratch scratch-2",
    ),
    (
        "read-only",
        "images",
        "scratch",
        ["w"],
        "scratch is read-only now.",
        "machinectl read-only scratch yes",
    ),
    (
        "limit-image",
        "images",
        "crm-import",
        ["l", *keys("10G"), "enter"],
        "The limit of crm-import is set.",
        "machinectl set-limit crm-import 10G",
    ),
    (
        "remove",
        "images",
        "scratch",
        ["delete", *keys("scratch"), "enter"],
        "scratch is removed.",
        "machinectl remove scratch",
    ),
    (
        "limit-pool",
        "pool",
        "",
        ["l", *keys("300G"), "enter"],
        "The limit of the pool is set.",
        "machinectl set-limit 300G",
    ),
    (
        "clean",
        "pool",
        "",
        ["c", "enter", *keys("clean"), "enter"],
        "Deleted .base-debian-12",
        "machinectl clean",
    ),
]


IDS = [one[0] for one in STEPS]


def test_every_action_is_here() -> None:
    elsewhere = {"shell", "login", "unbind"}  # two open terminals, and one undoes another
    assert {one[0] for one in STEPS} | elsewhere == {action.id for action in ACTIONS}


@pytest.mark.promise("Every action is a key away, and lands in the journal with its command line")
@pytest.mark.parametrize(("action", "pane", "name", "pressed", "told", "command"), STEPS, ids=IDS)
async def test_an_action_from_key_to_journal(
    action: str, pane: str, name: str, pressed: list[str], told: str, command: str
) -> None:
    async with deck_on_demo() as deck:
        await row(deck, pane, name)
        await deck.press(*pressed)
        await ended(deck, told)
        assert last_deed(deck) == (action, name or "the pool", "done", command)
        assert len(list(deck.app.doing.journal)) == 1


@pytest.mark.parametrize("action", [one for one in STEPS if one[0] in {"stop", "remove", "clean"}])
async def test_no_means_no(action: tuple[str, str, str, list[str], str, str]) -> None:
    _id, pane, name, pressed, _told, _command = action
    async with deck_on_demo() as deck:
        await row(deck, pane, name)
        await deck.press(*pressed[:1], *(["enter"] if pane == "pool" else []))
        assert isinstance(deck.app.screen, Confirm | TypedName)
        await deck.press("escape")
        assert list(deck.app.doing.journal) == []
        assert deck.app.screen is deck.app.console_screen


async def test_another_word_than_the_name_removes_nothing() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "images", "scratch")
        await deck.press("delete")
        assert deck.shows("The image scratch and all that is in it are deleted.")
        assert deck.shows("= machinectl remove scratch")
        await deck.press(*"scratc", "enter")
        assert deck.shows("That is not scratch. Nothing was done.")
        assert list(deck.app.doing.journal) == []
        await deck.press("h", "enter")
        await ended(deck, "scratch is removed.")


async def test_clean_names_what_goes() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "pool", "")
        hidden = [name for name in deck.app.store.images if name.startswith(".") and name != ".host"]
        await deck.press("c", "enter")
        text = "".join(line[2:76].strip() for line in deck.screen())
        for name in hidden[:2]:
            assert f"{name} (" in text


async def test_all_that_goes_can_be_seen_where_there_is_little_room() -> None:
    async with deck_on_demo((60, 15)) as deck:
        await row(deck, "pool", "")
        await deck.press("c", "enter")
        hidden = {name for name in deck.app.store.images if name.startswith(".base")}
        assert hidden
        seen: set[str] = set()
        for _ in range(10):
            seen |= {name for name in hidden if deck.shows(f"{name} (")}
            await deck.press("down")
        assert seen == hidden


async def test_a_form_shows_its_command_and_what_is_wrong() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "images", "scratch")
        await deck.press("c")
        assert isinstance(deck.app.screen, Form)
        assert not deck.shows("An empty name")
        await deck.press(*keys("web-1"))
        assert deck.shows("= machinectl clone scratch web-1")
        assert deck.shows("There is an image web-1 already.")
        await deck.press("enter")
        assert isinstance(deck.app.screen, Form)
        await deck.press("x")
        assert not deck.shows("There is an image web-1")
        await deck.press("escape")
        assert deck.app.screen is deck.app.console_screen


async def test_the_menu_says_why_not() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "scratch")
        await deck.press("a")
        assert isinstance(deck.app.screen, ActionMenu)
        for action in MACHINE_ACTIONS[:10]:
            assert deck.shows(f"  {action.label}  ")
        assert deck.shows("scratch is not running. Start it first.")
        assert deck.shows("= machinectl start scratch")
        await deck.press("p")  # of what does not run: nothing
        assert isinstance(deck.app.screen, ActionMenu)
        await deck.press("s")
        await ended(deck, "scratch is up.")


async def test_a_virtual_machine_names_its_owner() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "qemu-5-gateway")
        await deck.press("P")
        assert any("virsh shutdown gateway" in one.message for one in deck.app._notifications)
        await deck.press("t")
        assert deck.shows("plug is pulled; what it has not written is lost.")


async def test_what_was_bound_here_is_offered_to_be_undone() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        for path in ("/mnt/a", "/mnt/b"):
            await deck.press("m", *keys("/srv"), "tab", *keys(path), "enter")
            await ended(deck, "It is seen in web-2.")
            deck.app.clear_notifications()
        await deck.press("M")
        assert deck.shows("From here: /mnt/b, /mnt/a")
        assert deck.shows("/bin/umount -- /mnt/b")
        await deck.press("enter")
        await until(lambda: len(list(deck.app.doing.journal)) == 3, what="the third deed")
        web = deck.app.store.registered["web-2"]
        await until(lambda: bool(list(deck.app.doing.journal)[-1].result), what="its end")
        assert last_deed(deck)[:3] == ("unbind", "web-2", "done")
        assert [bind.destination for bind in deck.app.doing.binds.of(web)] == ["/mnt/a"]


@pytest.mark.promise("What was bound from here is listed, and undone on a key")
async def test_what_was_bound_here_is_listed() -> None:
    async with deck_on_demo() as deck:
        await deck.press("B")
        assert deck.shows("Nothing was bound from here")
        await deck.press("x", "escape")
        for name in ("web-1", "web-2"):
            await row(deck, "machines", name)
            await deck.press("m", *keys("/srv"), "tab", *keys(f"/mnt/{name}"), "enter")
            await ended(deck, f"It is seen in {name}.")
        await deck.press("3", "B")
        assert deck.shows("web-1  /srv → /mnt/web-1")
        await deck.press("escape", "B", "down", "x")
        await ended(deck, "It is seen in web-2 no more.")
        assert last_deed(deck) == (
            "unbind",
            "web-2",
            "done",
            "machinectl shell web-2 /bin/umount -- /mnt/web-2",
        )
        await deck.press("B")
        assert deck.shows("/mnt/web-1")
        assert not deck.shows("/mnt/web-2")


async def test_the_tree_of_the_host_is_cloned_however_late() -> None:
    async with deck_on_demo() as deck:
        await deck.press("2", "full_stop")
        await deck.host.clock.advance(5)
        await row(deck, "images", ".host")
        await deck.press("c", *keys("copy"), "enter")
        await ended(deck, ".host is cloned.")
        assert last_deed(deck)[2] == "done"


async def test_all_that_are_marked_at_once() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-1")
        for name in ("scratch", "web-1", "web-2"):
            await row(deck, "machines", name)
            await deck.press("space")
        await deck.press("p")
        assert deck.shows("Stop web-1, web-2?")
        assert deck.shows("All that runs in web-1, web-2 ends.")
        assert deck.shows("… and 1 more alike")
        await deck.press("y")
        await ended(deck, "web-1 is stopped.")
        await ended(deck, "web-2 is stopped.")
        assert any("scratch is not running." in one.message for one in deck.app._notifications)
        assert sorted(deed.subject for deed in deck.app.doing.journal) == ["web-1", "web-2"]


async def test_a_machine_that_ends_while_it_is_asked_about() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("R")
        web = deck.app.store.registered["web-2"]
        await deck.app._host.machine_acting.terminate(web.identity)
        for _ in range(PATIENCE):
            if "web-2" not in deck.app.store.registered:
                break
            await deck.host.clock.advance(1)
            await asyncio.sleep(0.01)
        await deck.until_shown("web-2 has ended.")
        await deck.press("y")
        await ended(deck, "web-2 is not the machine it was")
        assert last_deed(deck)[0] == "restart"
        assert "Nothing was done." in last_deed(deck)[2]


async def test_the_end_is_told_wherever_one_has_gone() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("R", "y")
        await deck.open_shell("web-1")
        assert deck.app.console_screen.shells.current is not None
        await ended(deck, "web-2 is up again.")
        assert deck.app.store.registered["web-2"].state is State.RUNNING


async def test_the_journal_on_the_screen_and_in_a_file(tmp_path: Path) -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("J")
        assert deck.shows("Nothing was done from here yet.")
        await deck.press("escape", "e")
        await ended(deck, "web-2 is started at boot.")
        await deck.press("J")
        assert isinstance(deck.app.screen, JournalScreen)
        assert deck.shows("enable     web-2")
        assert deck.shows("= machinectl enable web-2")
        target = tmp_path / "deeds"
        await deck.press("e", "ctrl+u", *keys(str(target)), "enter")
        await ended(deck, "Exported 1 to")
        assert json.loads(target.read_text())["action"] == "enable"
        assert target.stat().st_mode & 0o777 == 0o600
        await deck.press("e", "ctrl+u", *keys(str(target)), "enter")
        await ended(deck, "there is such a file already")
        for typed, why in (("~nosuchuser/deeds", "There is no such user"), ("/", "This is a folder")):
            await deck.press("e", "ctrl+u", *keys(typed), "enter")
            await ended(deck, why)


def test_every_harm_is_asked_for_in_its_own_way() -> None:
    by_harm = {harm: {action.id for action in ACTIONS if action.harm is harm} for harm in Harm}
    assert by_harm[Harm.DATA] == {"remove", "clean"}
    assert by_harm[Harm.WORK] == {"stop", "restart", "poweroff", "reboot", "terminate", "kill"}
