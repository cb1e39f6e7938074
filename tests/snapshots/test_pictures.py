"""Pictures of every screen on the demo: the real service on the simulated host, whose time stands still.

State is asserted first and the picture second, so that a wrong picture is never kept because it was drawn.
"""

from __future__ import annotations

import pytest

from machinedeck.core.status import Link
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import State
from machinedeck.ui.dialogs.confirm import Confirm
from machinedeck.ui.options import Options
from machinedeck.ui.screens.first_run import FirstRun
from tests.snapshots.conftest import Picture
from tests.support.demo_deck import DemoDeck, DemoOpening, empty_scenario
from tests.support.waiting import until

TINY, SMALL, USUAL, LARGE = (60, 15), (80, 24), (120, 40), (200, 50)
ALL = (TINY, SMALL, USUAL, LARGE)
BOOT_SECONDS = 30.0
"""Longer than any container of the demo takes to boot."""


def sizes(*wanted: tuple[int, int]) -> pytest.MarkDecorator:
    """Takes a picture at each of these sizes."""
    return pytest.mark.parametrize("size", wanted, ids=lambda size: f"{size[0]}x{size[1]}")


def state(deck: DemoDeck, name: str) -> State:
    """The state of a machine, as the console knows it."""
    return next(machine.state for machine in deck.app.store.rows() if machine.name == name)


# The lists


@sizes(*ALL)
@pytest.mark.parametrize(("key", "pane"), [("1", "machines"), ("2", "images"), ("3", "pool")])
def test_panes(picture: Picture, size: tuple[int, int], key: str, pane: str) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press(key)
        assert deck.app.focused is deck.table(pane)
        assert deck.cell("ldap", "state") == "● running"
        assert deck.cell("ldap", "os") == "openSUSE Leap 15.6 – „Chamäleon“"
        assert state(deck, "mail") is State.OPENING
        assert state(deck, "legacy-shop") is State.CLOSING
        assert [len(deck.names(one)) for one in ("machines", "images", "pool")] == [24, 22, 8]

    picture(size, steps)


@sizes(TINY, SMALL)
def test_end_of_the_list(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("end")
        assert deck.table("machines").current == ".host"
        assert deck.shows("web-2")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_plain_ascii(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("2", "down")
        assert all(line.isascii() for line in deck.screen())

    picture(size, steps, options=Options(is_ascii=True, is_calm=True))


@sizes(*ALL)
def test_empty_host(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        assert deck.app.store.status.link is Link.UP
        assert [machine.name for machine in deck.app.store.rows()] == [".host"]
        assert deck.shows("No machine runs here")

    picture(size, steps, DemoOpening(empty_scenario()))


@sizes((39, 12), (60, 9))
def test_too_small(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        assert deck.shows("DEMO. Too small: make it at least 40")

    picture(size, steps)


# Shells


@sizes(*ALL)
def test_shell(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls --color /")
        await deck.run("colors")
        assert deck.shows("combined")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_greeting(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("git.halden.example")
        await deck.press("enter")
        await deck.until_shown("all other keys go to git.halden.example")
        await deck.until_prompt()

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_full_screen_program(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("db-primary")
        await deck.type("top")
        await deck.until_shown("PID USER")
        assert deck.shows("postgres")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_several_shells(picture: Picture, size: tuple[int, int]) -> None:
    """One that ended, two in the same machine, and one that is left: keys go to none of them."""

    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("ldap")
        await deck.type("exit")
        await deck.until_shown("ldap ✗")
        await deck.open_shell("web-2")
        await deck.run("hostname")
        await deck.press("f12")
        await deck.open_shell("web-2")
        await deck.run("uptime")
        await deck.press("f12", "left_square_bracket", "left_square_bracket")
        assert deck.shows("│ ldap ✗ │ web-2 #1 │ web-2 #2")
        current = deck.app.console_screen.shells.current
        assert current is deck.app.console_screen.shells.views[1]
        assert not current.is_captive

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_shell_that_ended(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("metrics")
        await deck.type("exit")
        await deck.until_shown("Ended.")
        assert deck.app.console_screen.shells.open_count == 0

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_no_shell_in_a_virtual_machine(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("qemu-3-accounting")
        await deck.press("enter")
        assert not deck.app.console_screen.shells.views
        await deck.until_told("is a virtual machine")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_no_shell_without_a_service_manager(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("statsd-relay")
        await deck.press("enter")
        await deck.until_told("has no system bus")
        assert not deck.app.console_screen.shells.views

    picture(size, steps)


# Actions


@sizes(*ALL)
def test_confirmation(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("customer-portal-staging.eu-west.halden.example")
        await deck.press("t")
        assert isinstance(deck.app.screen, Confirm)
        assert deck.shows("machinectl terminate")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_confirmation_of_leaving(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.press("f12", "q")
        assert isinstance(deck.app.screen, Confirm)
        assert deck.shows("Quit, and end the open shell?")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_started(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("scratch")
        await deck.press("s")
        await deck.until_told("Starting scratch")
        await deck.until_job("scratch")
        await deck.pass_time(BOOT_SECONDS)
        await deck.until_told("scratch is up.")
        assert state(deck, "scratch") is State.RUNNING

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_failed_start(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("crm-import")
        await deck.press("s")
        await deck.until_job("crm-import")
        await deck.pass_time(BOOT_SECONDS)
        await deck.until_told("did not start")
        assert state(deck, "crm-import") is State.FAILED

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_terminated(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("cache")
        await deck.press("t", "y")
        await deck.until_told("is told to end.")
        await deck.pass_time(BOOT_SECONDS)
        await until(lambda: state(deck, "cache") is State.STOPPED)

    picture(size, steps)


# What goes wrong


@sizes(*ALL)
def test_lost(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        deck.host.refusal = Failure(Kind.OWN_SERVICE, "The service ended at once, with exit code 1.")
        await deck.host.close()
        await until(lambda: deck.app.store.status.failure == deck.host.refusal)
        assert deck.app.store.status.link is Link.LOST
        await deck.until_shown("exit code 1")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_service_away(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.host.end_service()
        await until(lambda: deck.app.store.status.link is Link.AWAY and deck.app.store.status.failure)
        await deck.until_shown("◐ service restarting")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_service_that_does_not_start(picture: Picture, size: tuple[int, int]) -> None:
    opening = DemoOpening()
    opening.refusal = Failure(Kind.OWN_SERVICE, "The service ended at once, with exit code 1.")

    async def steps(deck: DemoDeck) -> None:
        await until(lambda: isinstance(deck.app.screen, FirstRun))
        assert deck.app.store.status.link is Link.MISSING
        await deck.until_shown("machinedeck service --help")

    picture(size, steps, opening)
