"""What the console does beside showing machines, on a real host and its own systemd-machined."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_image, run_in_machine, start_machine
from tests.lab.test_console import choose, line_of
from tests.lab.test_long_work import FILES, SLOWLY
from tests.lab.tmux import Screen, Terminal

MACHINE = "alpha"


@pytest.fixture(scope="module")
def machines(deck: LabHost) -> LabHost:
    """The host with a booted container, in which there is one file of a name that nothing else has."""
    add_image(deck, MACHINE)
    start_machine(deck, MACHINE)
    run_in_machine(deck, MACHINE, "/bin/sh", "-c", "mkdir /srv/quarry; echo gold >/srv/quarry/nugget")
    run_in_machine(deck, MACHINE, "/bin/ln", "-s", "/srv", "/way")
    deck.add_user("ann")
    return deck


@pytest.fixture
def console(machines: LabHost) -> Iterator[Terminal]:
    """The console of root in a terminal of 120 by 40."""
    with Terminal(machines, "machinedeck", "--bus", "system") as terminal:
        terminal.wait_for("● live", timeout=30)
        terminal.wait_for(lambda screen: "● running" in line_of(screen, f"│{MACHINE} "), timeout=30)
        yield terminal


@pytest.mark.promise("Paths in a machine are completed below its own root, wherever its links lead")
def test_a_path_in_a_machine_is_completed(console: Terminal, machines: LabHost) -> None:
    choose(console, MACHINE)
    console.keys("C")
    console.wait_for("The right arrow takes what is offered.")
    for typed, offered in (("/way/qu", "/way/quarry/"), ("nug", "/way/quarry/nugget")):
        console.type(typed)
        console.wait_for(offered, timeout=20)
        console.keys("Right")
        console.wait_for(f"= machinectl copy-from {MACHINE} {offered}")
    console.keys("Tab")
    console.type("/root/nugget")
    console.keys("Enter")
    console.wait_for(f"Copied from {MACHINE}.", timeout=30)
    assert machines.ask("cat", "/root/nugget") == "gold"
    machines.ask("rm", "/root/nugget")


def test_who_may_not_look_types_it_in_full(machines: LabHost) -> None:
    with Terminal(machines, "machinedeck", "--bus", "system", user="ann", columns=120, lines=40) as console:
        console.wait_for(lambda screen: "● running" in line_of(screen, f"│{MACHINE} "), timeout=30)
        choose(console, MACHINE)
        console.keys("C")
        console.wait_for("in the machine")
        console.type("/et")
        console.wait_for("Type it in full: only root may look at its files.", timeout=20)


@pytest.mark.promise("Copies and removals by systemd's own service show in the console, marked as measured")
def test_a_copy_is_seen_and_cannot_be_cancelled(console: Terminal, machines: LabHost) -> None:
    (machines.machines / "many").mkdir()
    for number in range(2 * FILES):  # long enough for a look each second
        (machines.machines / f"many/file-{number}").write_bytes(b"x" * 5000)
    service = machines.ask("systemctl", "show", "--value", "--property=MainPID", "systemd-machined.service")
    copy = "machinectl", "copy-to", MACHINE, "/var/lib/machines/many", "/root/many"
    with machines.running("sh", "-c", SLOWLY, service), machines.running(*copy) as copying:
        console.wait_for(lambda screen: "⇄ ~" in line_of(screen, f"│{MACHINE} "), timeout=30)
        console.keys("W")
        console.wait_for("~ is measured from here")
        console.keys("x")
        console.wait_for("systemd-machined cannot be told to stop.")
        copying.terminate()
        machines.ask("systemctl", "restart", "systemd-machined")
        console.wait_for("No copy, clone or removal goes on now.", timeout=30)
    machines.ask("rm", "-rf", "/var/lib/machines/many")


@pytest.mark.promise("A restart waits until the machine is really gone, and its row says so all the while")
def test_a_restart_is_one_state(console: Terminal, machines: LabHost) -> None:
    before = machines.ask("machinectl", "show", "--value", "--property=Leader", MACHINE)
    choose(console, MACHINE)
    console.keys("R")
    console.wait_for(f"Restart {MACHINE}?")
    console.keys("y")

    def is_restarting(screen: Screen) -> bool:
        return "↻ restarting" in line_of(screen, f"│{MACHINE} ")

    console.wait_for(is_restarting, timeout=30)
    seen = []
    while is_restarting(screen := console.screen()):
        seen.append(machines.run("machinectl", "show", MACHINE, check=False).returncode)
    assert "● running" in line_of(screen, f"│{MACHINE} ") or "◐ opening" in line_of(screen, f"│{MACHINE} ")
    assert any(code != 0 for code in seen), "it was really gone for a while"
    console.wait_for(f"{MACHINE} is up again.", timeout=60)
    assert machines.ask("machinectl", "show", "--value", "--property=Leader", MACHINE) != before


@pytest.mark.promise("A letter or two upon each row that is seen leads there from anywhere")
def test_a_jump(console: Terminal) -> None:
    choose(console, MACHINE)
    console.keys("3", "'")
    line = line_of(console.wait_for("Type the letters of a row"), MACHINE)
    console.type(line.strip("│ ").split()[0])
    console.wait_gone("Type the letters of a row")
    console.keys("Y")
    console.wait_for(f"Copy of {MACHINE}:")
    console.keys("Escape")
