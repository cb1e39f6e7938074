"""What keys do in the panes."""

from __future__ import annotations

import pytest

from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Machine
from tests.console.conftest import Open
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until


async def test_start_is_one_key(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("home", "s")
        assert ("start", "build-9") in host.calls
        await deck.until_shown("build-9 is up.")
        assert deck.cells("build-9")[1] == "● running"


async def test_terminate_asks_first(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "t")
        assert deck.shows("Terminate web-1?")
        assert deck.shows("machinectl terminate web-1")
        await deck.press("n")
        assert ("terminate", "web-1") not in host.calls
        await deck.press("t", "y")
        assert ("terminate", "web-1") in host.calls
        await until(lambda: deck.cells("web-1")[1] == "○ stopped")


async def test_whoever_ends_many_sees_each_of_them_named(console: Open, host: FakeHost) -> None:
    host.running |= {f"m-{at}": machine(f"m-{at}") for at in range(7)}
    async with console((80, 24)) as deck:
        await deck.press("home", "asterisk", "t")
        await deck.until_shown("Terminate 9 machines?")
        said = " ".join(line.strip("┃ ") for line in deck.screen())
        assert all(name in said for name in host.running)


async def test_of_very_many_all_can_be_looked_at_before_they_end(console: Open, host: FakeHost) -> None:
    host.running |= {f"machine-{at:03}": machine(f"machine-{at:03}") for at in range(200)}
    async with console((80, 24)) as deck:
        await deck.press("home", "asterisk", "t")
        await deck.until_shown("Terminate 202 machines?")
        assert deck.shows("n leave it alone"), "the keys are in sight"
        await deck.press(*["down"] * 120)
        await deck.until_shown("web-1 ends at once")


async def test_what_does_not_apply_is_refused_with_the_reason(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "s")
        assert deck.shows("web-1 is running already.")
        await deck.press("home", "t")
        assert deck.shows("build-9 is not running.")
        await deck.press("enter")
        assert deck.shows("build-9 is not running. Start it first.")
        assert not {"start", "terminate", "shell"} & {call[0] for call in host.calls}


async def test_a_machine_of_class_vm_cannot_be_entered(console: Open, host: FakeHost) -> None:
    host.running["vm-7"] = machine("vm-7", kind="vm", os=None, addresses=None)
    async with console() as deck:
        await deck.press("down", "down", "enter")
        assert deck.shows("vm-7 is a virtual machine")


async def test_a_failure_is_told_with_what_to_do_next(console: Open, host: FakeHost) -> None:
    host.refusals["start"] = Failure(Kind.REFUSED, "It did not start.", "See: journalctl -u it")
    async with console() as deck:
        await deck.press("home", "s")
        assert deck.shows("It did not start. See: journalctl")


async def test_the_cursor_stays_on_its_machine(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end")
        host.appear(machine("a-first"))
        await deck.settle()
        assert deck.table("machines").current == "web-1"
        host.stored.pop("web-1")
        host.vanish("web-1")
        await deck.pilot.pause()
        deck.app._follower.retry()
        await until(lambda: "web-1" not in deck.names())
        assert deck.table("machines").current == "db-1"


async def test_panes_are_reached_by_key(console: Open) -> None:
    async with console() as deck:
        for keys, pane in (
            (("2",), "images"),
            (("tab",), "pool"),
            (("tab",), "machines"),
            (("shift+tab",), "pool"),
        ):
            await deck.press(*keys)
            assert deck.app.focused is deck.table(pane)


async def test_actions_are_keys_of_the_pane_of_their_subjects(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("2", "home", "t", "s")
        assert ("start", "build-9") in host.calls
        assert "terminate" not in {call[0] for call in host.calls}


async def test_a_click_moves_and_a_second_one_opens(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.pilot.click("#machines", offset=(4, 3))
        assert deck.table("machines").current == "db-1"
        await deck.pilot.click("#machines", offset=(4, 3), times=2)
        await until(lambda: ("shell", "db-1", "root") in host.calls)


async def test_q_quits(console: Open) -> None:
    async with console() as deck:
        await deck.press("q")
        await until(lambda: not deck.app.is_running)


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+p", "ctrl+c"])
async def test_keys_of_the_framework_do_nothing(console: Open, key: str) -> None:
    async with console() as deck:
        before = deck.screen()
        await deck.press(key)
        assert deck.app.is_running
        assert deck.screen() == before


async def test_terminate_means_the_machine_it_was_asked_for(console: Open, host: FakeHost) -> None:
    asked: list[Machine] = []
    async with console() as deck:
        await deck.press("end", "t")
        host.running["web-1"] = machine("web-1", timestamp_monotonic=5)
        host.appear(host.running["web-1"])
        await deck.settle()

        async def terminate(identity: Machine) -> None:
            asked.append(identity)

        host.terminate = terminate  # type: ignore[method-assign,assignment]
        await deck.press("y")
        assert [one.timestamp_monotonic for one in asked] == [1000]
