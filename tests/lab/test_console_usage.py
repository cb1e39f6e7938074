"""What machines use, and their processes, on a real host: from its own files, seen in the console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_image, start_machine
from tests.lab.place import wait_until
from tests.lab.tmux import Terminal

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


@pytest.mark.promise("A signal from the details reaches a process of a real machine")
@pytest.mark.promise("A signal from the details reaches the process that was meant, and is noted")
def test_a_signal_from_the_details(console: Terminal, machines: LabHost) -> None:
    machines.ask("systemd-run", "--quiet", f"--machine={MACHINE}", "--unit=eater", *EATER.split())
    console.type(f"/{MACHINE}")
    console.keys("Enter", "i")
    console.wait_for(EATER)
    lines = console.wait_for("│CPU ", timeout=30).lines
    first = next(at for at, line in enumerate(lines) if line.startswith("│CPU "))
    at = next(at for at, line in enumerate(lines) if EATER in line)
    console.keys("Home", *["Down"] * sum(not line.startswith("│──") for line in lines[first:at]), "K")
    assert EATER in console.wait_for("Signal for").text
    console.keys("Enter")
    sent = console.wait_for("SIGTERM is sent to").text
    process = sent.partition("SIGTERM is sent to ")[2].partition(".")[0]
    console.wait_for(f"kill -s TERM {process}: done")
    still = "systemctl", f"--machine={MACHINE}", "is-active", "eater"
    wait_until(lambda: machines.run(*still, check=False).returncode != 0, "the process to end")
