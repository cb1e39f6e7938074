"""What the console does beside showing machines, on a real host and its own systemd-machined."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.images import MANAGER, add_image, layered, machine_property, run_in_machine, start_machine
from tests.lab.operator import Operator
from tests.lab.place import wait_until
from tests.lab.test_console import choose, line_of
from tests.lab.test_long_work import FILES, SLOWLY
from tests.lab.tmux import Screen, Terminal
from tests.service.linux_inside import silent

MACHINE = "alpha"
BOUND = "bound"
READER = "machine_paths/reader.py"

WATCHER = """
import os, sys, time
print("there" if os.path.exists(sys.argv[1]) else "never there", flush=True)
while os.path.exists(sys.argv[1]):
    time.sleep(0.001)
print("gone", flush=True)
"""
"""Tells when the file goes that systemd-machined keeps of a machine, however soon there is another."""


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
        terminal.wait_for("● live")
        terminal.wait_for(lambda screen: "● running" in line_of(screen, f"│{MACHINE} "))
        yield terminal


@pytest.mark.promise("Paths in a machine are completed below its own root, wherever its links lead")
def test_a_path_in_a_machine_is_completed(console: Terminal, machines: LabHost) -> None:
    choose(console, MACHINE)
    console.keys("C")
    console.wait_for("The right arrow takes what is offered.")
    for typed, offered in (("/way/qu", "/way/quarry/"), ("nug", "/way/quarry/nugget")):
        console.type(typed)
        console.wait_for(offered)
        console.keys("Right")
        console.wait_for(f"= machinectl copy-from {MACHINE} {offered}")
    console.keys("Tab")
    console.type("/root/nugget")
    console.keys("Enter")
    console.wait_for(f"Copied from {MACHINE}.")
    assert machines.ask("cat", "/root/nugget") == "gold"
    machines.ask("rm", "/root/nugget")


def test_who_may_not_look_types_it_in_full(machines: LabHost) -> None:
    with Terminal(machines, "machinedeck", "--bus", "system", user="ann", columns=120, lines=40) as console:
        console.wait_for(lambda screen: "● running" in line_of(screen, f"│{MACHINE} "))
        choose(console, MACHINE)
        console.keys("C")
        console.wait_for("in the machine")
        console.type("/et")
        console.wait_for("Type it in full: only root may look at its files.")


@pytest.mark.promise("Copies and removals by systemd's own service show in the console, marked as measured")
def test_a_copy_is_seen_and_cannot_be_cancelled(console: Terminal, machines: LabHost) -> None:
    (machines.machines / "many").mkdir()
    for number in range(2 * FILES):  # long enough for a look each second
        (machines.machines / f"many/file-{number}").write_bytes(b"x" * 5000)
    service = machines.ask("systemctl", "show", "--value", "--property=MainPID", "systemd-machined.service")
    copy = "machinectl", "copy-to", MACHINE, "/var/lib/machines/many", "/root/many"
    try:
        with machines.running("sh", "-c", SLOWLY, service), machines.running(*copy) as copying:
            console.wait_for(lambda screen: "⇄ ~" in line_of(screen, f"│{MACHINE} "))
            console.keys("W")
            console.wait_for("~ is measured from here")
            console.keys("x")
            console.wait_for("systemd-machined cannot be told to stop.")
            copying.terminate()
            machines.ask("systemctl", "restart", "systemd-machined")
            console.wait_for("No copy, clone or removal goes on now.")
    finally:
        machines.ask("rm", "-rf", "/var/lib/machines/many")


@pytest.mark.promise("A restart waits until the machine is really gone, and its row says so all the while")
def test_a_restart_is_one_state(console: Terminal, machines: LabHost) -> None:
    before = machines.ask("machinectl", "show", "--value", "--property=Leader", MACHINE)
    choose(console, MACHINE)

    def is_restarting(screen: Screen) -> bool:
        return "↻ restarting" in line_of(screen, f"│{MACHINE} ")

    with machines.running("python3", "-I", "-c", WATCHER, f"/run/systemd/machines/{MACHINE}") as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "there\n"
        console.keys("R")
        console.wait_for(f"Restart {MACHINE}?")
        console.keys("y")
        console.wait_for(is_restarting)
        screen = console.wait_for(lambda screen: not is_restarting(screen))
        line = line_of(screen, f"│{MACHINE} ")
        assert "● running" in line or "◐ opening" in line
        assert watcher.stdout.readline() == "gone\n", "it was really gone for a while"
    console.wait_for(f"{MACHINE} is up again.")
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
    close(console, f"Copy of {MACHINE}:")


@contextmanager
def silence(host: LabHost) -> Iterator[None]:
    """Have what is mounted on /mute in the machine taken away in the end."""
    try:
        yield
    finally:
        run_in_machine(host, MACHINE, "/bin/umount", "--lazy", "/mute")


@pytest.mark.promise("A machine whose files never answer costs the console a moment, once")
def test_a_machine_whose_files_never_answer(console: Terminal, machines: LabHost) -> None:
    run_in_machine(machines, MACHINE, "/bin/mkdir", "/mute")
    leader = machine_property(machines, MACHINE, "Leader")
    mount = ("python3", "-I", "-c", Path(silent.__file__).read_text(), leader, "/mute")
    choose(console, MACHINE)
    with silence(machines), machines.running(*mount) as mounted:
        assert mounted.stdout is not None
        assert mounted.stdout.readline() == "mounted\n"
        console.keys("C")
        console.wait_for("The right arrow takes what is offered.")
        console.type("/mute/a")
        console.wait_for("Type it in full: its files do not answer.")
        console.type("nd/more")
        console.wait_for(f"= machinectl copy-from {MACHINE} /mute/and/more")
        (stuck,) = machines.ask("pgrep", "--full", READER).split()  # none was sent after it
        close(console, "Copy from:")
        console.keys("C")
        console.wait_for("The right arrow takes what is offered.")
        console.type("/srv/qu")
        console.wait_for("/srv/quarry/")
        assert stuck in machines.ask("pgrep", "--full", READER).split(), "the file system holds it still"
        close(console, "Copy from:")
        console.keys("q")
        assert console.wait_exit(30).status == 0
    wait_until(lambda: not machines.run("pgrep", "--full", READER, check=False).stdout, "no reader is left")


def listed(screen: Screen) -> list[str]:
    """What the values are that a dialog offers, in its order."""
    if "Enter copy it" not in screen:
        return []
    (x, last), (_, title) = screen.find("Enter copy it"), screen.find("Copy of ")
    return [words[0] for line in screen.lines[title + 1 : last] if (words := line[x:].split())]


def close(console: Terminal, shown: str) -> None:
    """Close a dialog, and wait for that: what comes right behind the key makes another one of it."""
    console.keys("Escape")
    console.wait_gone(shown)


def clipboard(console: Terminal) -> str:
    """What a terminal's clipboard holds; "" while that is nothing."""
    return console.host.run("tmux", "-L", console.name, "show-buffer", check=False).stdout


def copy(console: Terminal, what: str, value: str) -> None:
    """Choose one of the values that are offered, and wait until the clipboard has it."""
    console.keys("Y")
    screen = console.wait_for(lambda screen: what in listed(screen))
    console.keys(*["Down"] * listed(screen).index(what), "Enter")
    wait_until(lambda: clipboard(console) == value, f"the {what} in the clipboard")


@pytest.mark.promise("Any value of a machine, an image or the pool is copied to the clipboard on a key")
def test_a_value_is_copied(console: Terminal, machines: LabHost) -> None:
    objects = {
        kind: machines.ask("busctl", "call", *MANAGER, f"Get{kind}", "s", MACHINE).split('"')[1]
        for kind in ("Machine", "Image")
    }
    wanted = {
        "1": {
            "name": MACHINE,
            "class": "container",
            "service": "systemd-nspawn",
            "unit": f"systemd-nspawn@{MACHINE}.service",
            "leader": machine_property(machines, MACHINE, "Leader"),
            "id": machine_property(machines, MACHINE, "Id"),
            "object": objects["Machine"],
            "shell": f"machinectl shell {MACHINE}",
        },
        "2": {"name": MACHINE, "object": objects["Image"]},
        "3": {"path": "/var/lib/machines"},
    }
    choose(console, MACHINE)
    for pane, values in wanted.items():
        console.keys(pane)
        for what, value in values.items():
            copy(console, what, value)
            console.wait_for(f"{what}: Copied {len(value)} bytes.")


@pytest.mark.promise("What was bound from here is listed, and undone on a key")
def test_what_was_bound_is_listed_and_undone(console: Terminal, machines: LabHost) -> None:
    console.keys("B")
    console.wait_for("Nothing was bound from here into a machine that still runs.")
    close(console, "Bound from here")
    operator = Operator(console)
    with layered(machines, BOUND, boot=True):  # not in a user namespace: nothing is bound into one
        console.wait_for(lambda screen: "● running" in line_of(screen, f"│{BOUND} "))
        choose(console, BOUND)
        for name in ("one", "two"):
            bind(operator, name)
            console.keys("3", "B")
            console.wait_for(f"{BOUND}  /srv/{name} → /mnt/{name}")
            close(console, "Bound from here")
            console.keys("1")
        console.keys("B")
        screen = console.wait_for(f"{BOUND}  /srv/one → /mnt/one")
        assert screen.find("/srv/two →")[1] < screen.find("/srv/one →")[1], "the latest is the first"
        operator.press("Down")
        operator.do("x", "", told=f"It is seen in {BOUND} no more.")
        assert (seen(machines, "one"), seen(machines, "two")) == ("", "two")
        console.keys("B")
        assert "/mnt/one" not in console.wait_for(f"{BOUND}  /srv/two → /mnt/two")
        operator.do("x", "", told=f"It is seen in {BOUND} no more.")
        assert seen(machines, "two") == ""


def bind(operator: Operator, name: str) -> None:
    """Bind a folder of the host into the machine that is chosen, and look at it there."""
    shown = operator.host.root / "srv" / name
    shown.mkdir(exist_ok=True)
    (shown / "here").write_text(name)
    told = f"It is seen in {BOUND}."
    operator.ask("m", f"Bind: {BOUND}.", f"/srv/{name}", f"/mnt/{name}", told=told)
    assert seen(operator.host, name) == name


def seen(host: LabHost, name: str) -> str:
    """What a machine finds in a file that was bound into it; "" where there is none."""
    return run_in_machine(host, BOUND, "/bin/sh", "-c", f"cat /mnt/{name}/here 2>/dev/null || true")
