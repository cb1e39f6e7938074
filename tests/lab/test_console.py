"""The console on a real host, on its own systemd-machined, driven through a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    add_image,
    add_small_image,
    layered,
    machine_addresses,
    machine_names,
    run_in_machine,
    sleeper,
    start_machine,
)
from tests.lab.operator import Operator
from tests.lab.place import wait_until
from tests.lab.tmux import Screen, Terminal

MACHINE = "alpha"
OTHER = "beta"


@pytest.fixture(scope="module")
def machines(deck: LabHost) -> LabHost:
    """The host with a booted container that has an address, and an image that could be started."""
    add_image(deck, MACHINE)
    add_small_image(deck, OTHER)
    start_machine(deck, MACHINE, addresses=True)
    return deck


@pytest.fixture
def console(machines: LabHost) -> Iterator[Terminal]:
    """The console in a terminal of 120 by 40, with its first lists."""
    with Terminal(machines, "machinedeck", "--bus", "system") as terminal:
        terminal.wait_for("● live")
        terminal.wait_for(lambda screen: f"│{MACHINE} " in screen and f"│{OTHER} " in screen)
        yield terminal


def line_of(screen: Screen, text: str) -> str:
    """The first line that holds a text; "" if none does."""
    return next((line for line in screen.lines if text in line), "")


def position(screen: Screen, name: str) -> int:
    """How many rows a machine is below the first one of its list; less than zero where it is not there."""
    is_head = [line.startswith("│NAME") for line in screen.lines]
    first = is_head.index(True) + 1 if any(is_head) else len(screen.lines)
    rows = screen.lines[first:]
    return next((at for at, line in enumerate(rows) if line.startswith(f"│{name} ")), -1)


def choose(terminal: Terminal, name: str) -> None:
    """Put the cursor on a machine."""
    terminal.keys("1", "Home")
    screen = terminal.wait_for(lambda screen: position(screen, name) >= 0)
    terminal.keys(*["Down"] * position(screen, name))


def rows(screen: Screen) -> list[str]:
    """What stands in a terminal of the console, row by row."""
    return [line.strip() for line in screen.lines]


def at_prompt(screen: Screen) -> bool:
    """Whether the shell waits for a command: a row of it, for the title may have the same words."""
    return any(row.startswith(f"root@{MACHINE}:") and row.endswith("#") for row in rows(screen))


def enter(terminal: Terminal, name: str) -> None:
    """Open a shell in a machine and wait for its prompt."""
    choose(terminal, name)
    terminal.keys("Enter")
    terminal.wait_for("F12 leave")
    terminal.wait_for(f"root@{name}")


@pytest.mark.promise("A running machine is listed with its OS and address")
def test_a_running_machine_is_listed(console: Terminal, machines: LabHost) -> None:
    def has_address(screen: Screen) -> bool:
        # Asked anew each time: which comes first changes while the machine boots
        line = line_of(screen, f"│{MACHINE} ")
        return any(address in line for address in machine_addresses(machines, MACHINE))

    screen = console.wait_for(has_address)
    line = line_of(screen, f"│{MACHINE} ")
    assert "● running" in line
    assert "Debian GNU/Linux" in line
    assert "container" in line
    assert "○ stopped" in line_of(screen, f"│{OTHER} ")
    assert f"Lab {OTHER}" in line_of(screen, f"│{OTHER} ")
    assert "/var/lib/machines" in screen
    assert machines.ask("hostname") in screen.lines[0]


@pytest.mark.promise("A machine that starts or dies shows within one second with no key pressed")
def test_machines_come_and_go_by_themselves(console: Terminal, machines: LabHost) -> None:
    shown, gone = [], []
    for _ in range(5):
        # From before the call that registers it, or the stop that ends it, to after the screen was read.
        began = time.monotonic()
        with sleeper(machines, "quick"):
            console.wait_for("quick")
            shown.append(time.monotonic() - began)
            ending = time.monotonic()
        console.wait_gone("quick")
        gone.append(time.monotonic() - ending)
    # The best of them: the tools that register, stop and read take their time on a busy host as well.
    assert min(shown) < 1.0, f"registering, showing and reading the screen took too long: {shown}"
    assert min(gone) < 1.0, f"stopping, taking away and reading the screen took too long: {gone}"


@pytest.mark.promise("A machine that starts or dies shows within one second with no key pressed")
def test_a_booting_container_shows_with_its_os(console: Terminal, machines: LabHost) -> None:
    with layered(machines, "gamma", boot=True):
        console.wait_for(lambda screen: "Debian" in line_of(screen, "│gamma "))
    console.wait_gone("│gamma ")


@pytest.mark.promise("Enter opens a shell of the machine inside the interface, of the pane's size")
def test_a_shell(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("id -u; stty size; tty; echo $TERM\n")
    screen = console.wait_for("xterm-256color")
    lines = rows(screen)
    assert "0" in lines
    assert "37 120" in lines
    console.resize(100, 30)
    console.type("until stty size | grep '27 100'; do :; done\n")
    console.wait_for(lambda screen: "27 100" in rows(screen))


@pytest.mark.promise("Every key goes to the machine but the one leave key")
def test_every_key_goes_to_the_machine(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("stty -isig -ixon -icanon -echo; echo ready; cat -v\n")
    console.wait_for(lambda screen: "ready" in rows(screen))
    console.keys("C-q", "C-p", "C-c", "C-z", "C-]", "C-a", "C-b", "F1", "Up", "BTab", "q", "1")
    console.wait_for("^Q^P^C^Z^]^A^B^[OP^[[A^[[Zq1")


@pytest.mark.promise("60x15 shows one pane at a time, under 40x10 one sentence")
def test_little_room(console: Terminal) -> None:
    console.resize(60, 15)
    console.wait_gone("─ Images")
    console.wait_for("─ Machines")
    console.keys("2")
    console.wait_for("─ Images")
    console.wait_gone("─ Machines")
    console.resize(39, 9)
    console.wait_for("Too small")
    console.resize(120, 40)
    console.wait_for("─ Machines")


@pytest.mark.promise("vim, less, top and tmux are usable in a shell")
def test_vim_edits_and_saves(console: Terminal, machines: LabHost) -> None:
    enter(console, MACHINE)
    console.type("vim -u NONE /root/note.txt\n")
    console.wait_for(in_vim)
    console.type("ihello from the console")
    console.wait_for("hello from the console")
    console.keys("Escape")
    console.type(":wq\n")
    # The main screen came back, with what was typed there
    console.wait_for(lambda screen: not in_vim(screen) and "vim -u NONE /root/note.txt" in screen)
    console.wait_for(at_prompt)
    assert run_in_machine(machines, MACHINE, "cat", "/root/note.txt") == "hello from the console"


def in_vim(screen: Screen) -> bool:
    """Whether vim shows that the file ends above the end of the screen."""
    return "~" in rows(screen)


def has_halves(screen: Screen) -> bool:
    """Whether a line from top to bottom parts the terminal, as tmux draws it."""
    return sum("│" in line for line in screen.lines) > 20


@pytest.mark.promise("vim, less, top and tmux are usable in a shell")
def test_less_top_and_tmux(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("seq 1 500 | less\n")
    console.wait_for(lambda screen: ":" in rows(screen))
    console.keys("G")
    console.wait_for("(END)")
    console.keys("q")
    console.wait_for(lambda screen: "(END)" not in screen and at_prompt(screen))
    console.type("top\n")
    console.wait_for(lambda screen: "load average" in screen and not at_prompt(screen))
    console.keys("q")
    console.wait_for(at_prompt)  # what is typed before top has ended is thrown away
    console.type("clear; tmux -f /dev/null new 'echo in $TERM; exec sh'\n")
    console.wait_for("0:sh*")
    console.keys("C-b", "%")
    console.wait_for(has_halves)
    console.type("exit\n")
    console.wait_for(lambda screen: not has_halves(screen))
    console.type("exit\n")
    console.wait_for("[exited]")


@pytest.mark.promise("Several machines in several tabs; one key leaves and leads back")
def test_tabs_and_leaving(console: Terminal, machines: LabHost) -> None:
    with layered(machines, "gamma", boot=True):
        console.wait_for("│gamma ")
        enter(console, MACHINE)
        console.keys("F12")
        console.wait_for("F12 back to the shell")
        enter(console, "gamma")
        console.type("hostname\n")
        console.wait_for(lambda screen: "gamma" in rows(screen))
        console.keys("F12")
        console.wait_for("F12 back")
        console.keys("F12")
        console.wait_for("F12 leave")
        console.keys("F12")
        both = f"Host │ {MACHINE} │ gamma"
        console.wait_for(lambda screen: "─ Machines" in screen and both in screen)
    console.wait_for("gamma ✗")


def test_a_shell_that_ends_stays_readable(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("echo last words; exit\n")
    screen = console.wait_for("Enter close")
    assert "last words" in screen
    console.keys("Enter")
    console.wait_for("─ Machines")


@pytest.mark.promise("s starts an image, t terminates a machine")
def test_start_and_terminate(console: Terminal, machines: LabHost) -> None:
    add_image(machines, "delta")
    console.wait_for("│delta ")
    choose(console, "delta")
    console.keys("s")
    console.wait_for(lambda screen: "● running" in line_of(screen, "│delta "))
    assert "delta" in machine_names(machines)
    choose(console, "delta")
    console.keys("t")
    console.wait_for("Terminate delta?")
    console.keys("y")
    console.wait_for(lambda screen: "○ stopped" in line_of(screen, "│delta "))
    assert "delta" not in machine_names(machines)


@pytest.mark.promise("An action that fails says what happened and what to do next; the journal keeps it")
def test_a_start_that_fails_says_where_to_look(console: Terminal) -> None:
    operator = Operator(console)
    choose(console, OTHER)
    with operator.ending("did not start"):
        console.keys("s")
    operator.sees(f"journalctl -e -u systemd-nspawn@{OTHER}")
    (noted,) = operator.noted()
    assert noted.command == f"machinectl start {OTHER}"
    assert "did not start" in noted.result
    assert f"journalctl -e -u systemd-nspawn@{OTHER}" in noted.result


@pytest.mark.promise("A restart of systemd-machined is survived")
def test_a_restart_of_machined(console: Terminal, machines: LabHost) -> None:
    enter(console, MACHINE)
    console.keys("F12")
    machines.ask("systemctl", "restart", "systemd-machined")
    with sleeper(machines, "after"):
        console.wait_for("│after ")
        console.wait_for("● live")
        assert "● running" in line_of(console.screen(), f"│{MACHINE} ")
    console.keys("F12")
    console.type("echo still $((40 + 2))\n")
    console.wait_for("still 42")


@pytest.mark.promise("A lost bus is shown, retried and healed")
def test_a_restart_of_the_bus(console: Terminal, machines: LabHost) -> None:
    enter(console, MACHINE)
    console.keys("F12")
    machines.ask("systemctl", "stop", "dbus.service", "dbus.socket")
    console.wait_for("Connection lost")
    assert MACHINE in console.screen(), "what was last known stays"
    machines.ask("systemctl", "restart", "dbus.socket", "dbus.service")
    console.wait_for("● live")
    console.wait_gone("Connection lost")
    wait_until(lambda: MACHINE in machine_names(machines), "machined is back on the bus")
    console.wait_for(lambda screen: "● running" in line_of(screen, f"│{MACHINE} "))
    console.keys("F12")
    console.type("echo still $((40 + 2))\n")
    console.wait_for("still 42")


@pytest.mark.promise("The terminal is left as it was, also inside tmux")
def test_quitting(console: Terminal) -> None:
    assert console.screen().alternate
    console.keys("q")
    screen = console.wait_exit()
    assert screen.status == 0
    assert not screen.alternate


@pytest.mark.promise("Where the bus policy refuses, it says that root is needed: never an empty list")
def test_a_user_who_is_not_root(machines: LabHost) -> None:
    machines.run("useradd", "--create-home", "--shell=/bin/bash", "op", check=False)
    with Terminal(machines, "machinedeck", user="op") as terminal:
        screen = terminal.wait_for(lambda screen: f"│{MACHINE} " in screen or "needs root" in screen)
        if f"│{MACHINE} " in screen:
            choose(terminal, MACHINE)
            terminal.keys("Enter")
            terminal.wait_for("Password:")
            terminal.keys("Escape")
        terminal.wait_for("needs root")


@pytest.mark.promise("`machinedeck list` and `images` print what machinectl knows, with --json in its words")
@pytest.mark.parametrize(("verb", "reference"), [("list", "list"), ("images", "list-images")])
def test_verbs(machines: LabHost, verb: str, reference: str) -> None:
    theirs = json.loads(machines.ask("machinectl", reference, "--output=json"))
    ours = json.loads(machines.ask("machinedeck", verb, "--json"))
    assert [set(one) for one in ours] == [set(one) for one in theirs]
    key = "machine" if verb == "list" else "name"
    assert sorted(one[key] for one in ours) == sorted(one[key] for one in theirs)
    assert {one[key]: one for one in ours} == {one[key]: one for one in theirs}
    assert MACHINE in machines.ask("machinedeck", verb)


@pytest.mark.promise("Where nobody serves machines, it says what is missing and the command that mends it")
def test_first_run(machines: LabHost) -> None:
    names = ("systemd-machined.service", "dbus-org.freedesktop.machine1.service")
    machines.ask("systemctl", "mask", "--runtime", "--now", *names)
    try:
        with Terminal(machines, "machinedeck") as terminal:
            terminal.wait_for("systemctl unmask --now systemd-machined")
            machines.ask("systemctl", "unmask", "--runtime", *names)
            machines.ask("systemctl", "start", "systemd-machined")
            terminal.keys("r")
            terminal.wait_for("● live")
            terminal.wait_for(MACHINE)
        done = machines.run("machinedeck", "--bus", "unix:path=/nowhere", "list", check=False)
        assert done.returncode == 5
        assert "/nowhere" in done.stderr
    finally:
        machines.run("systemctl", "unmask", "--runtime", *names)
        machines.run("systemctl", "start", "systemd-machined")
