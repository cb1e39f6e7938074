"""What machines use, and their processes, on a real host: from its own files, seen in the console."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_image, start_machine
from tests.lab.place import wait_until
from tests.lab.tmux import Screen, Terminal

MACHINE = "hungry"
EATER = "sleep 4242"


@pytest.fixture(scope="module")
def machines(deck: LabHost) -> LabHost:
    """The host with a booted container."""
    add_image(deck, MACHINE)
    start_machine(deck, MACHINE)
    return deck


@pytest.fixture
def console(machines: LabHost) -> Iterator[Terminal]:
    """The console in a terminal of 120 by 40, with its first list."""
    with Terminal(machines, "machinedeck", "--bus", "system") as terminal:
        terminal.wait_for("● live")
        terminal.wait_for(MACHINE)
        yield terminal


def shown(terminal: Terminal, name: str) -> list[str]:
    """The words of a machine's line: name, glyph, state, CPU, memory, tasks …"""
    line = next((line for line in terminal.screen().lines if line.startswith(f"│{name} ")), "")
    return line.strip("│").split()


@pytest.mark.promise("What a machine uses is counted from the host's own files")
def test_usage_of_a_real_machine(console: Terminal) -> None:
    wait_until(lambda: shown(console, MACHINE)[3:4] not in ([], ["–"]), "its share of a processor")
    _name, _glyph, state, cpu, memory, tasks = shown(console, MACHINE)[:6]
    assert state == "running"
    assert cpu.lstrip("~").rstrip("%").isdigit()
    assert memory.lstrip("~")[-1] in "KM"
    assert 2 <= int(tasks.lstrip("~")) < 100
    wait_until(lambda: shown(console, ".host")[3:4] not in ([], ["–"]), "the share of the host itself")
    of_host = shown(console, ".host")
    assert of_host[4][-1] in "MGT"
    assert int(of_host[5]) > 0


def place(screen: Screen) -> int:
    """How many rows the process is below the first one of the details; -1 where it is not shown."""
    first = [at for at, line in enumerate(screen.lines) if line.startswith("│CPU ")]
    last = [at for at, line in enumerate(screen.lines) if EATER in line]
    if not first or not last:
        return -1
    return sum(not line.startswith("│──") for line in screen.lines[first[0] : last[0]])


@pytest.mark.promise("A signal from the details reaches a process of a real machine")
@pytest.mark.promise("A signal from the details reaches the process that was meant, and is noted")
def test_a_signal_from_the_details(console: Terminal, machines: LabHost) -> None:
    machines.ask("systemd-run", "--quiet", f"--machine={MACHINE}", "--unit=eater", *EATER.split())
    console.type(f"/{MACHINE}")
    console.keys("Enter", "i")
    before = -1

    def is_settled(screen: Screen) -> bool:
        nonlocal before
        last, before = before, place(screen)
        return before == last >= 0

    console.wait_for(is_settled)
    console.keys("Home", *["Down"] * before, "K")
    asked = re.compile(rf"Signal for (\d+): {EATER}")
    process = asked.findall(console.wait_for(lambda screen: bool(asked.search(screen.text))).text)[0]
    console.keys("Enter")
    console.wait_for(f"SIGTERM is sent to {process}.")
    console.wait_for(f"done: kill -s TERM {process}")
    still = "systemctl", f"--machine={MACHINE}", "is-active", "eater"
    wait_until(lambda: machines.run(*still, check=False).returncode != 0, "the process to end")
