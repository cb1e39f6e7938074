"""Rights on a real host: what polkit wants a password for is asked in the console, by its own agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import machine_names, sleeper
from tests.lab.place import wait_until
from tests.lab.tmux import Terminal

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def guarded(deck: LabHost) -> LabHost:
    """The host with a user who is not root, and a password that root has."""
    deck.add_user("ann")
    deck.run("sh", "-c", f"echo 'root:{PASSWORD}' | chpasswd")
    return deck


@pytest.fixture
def console(guarded: LabHost) -> Iterator[Terminal]:
    """The console of that user, with a machine to end."""
    with sleeper(guarded, "mine"), Terminal(guarded, "machinedeck", user="ann", columns=120, lines=40) as one:
        one.wait_for("│mine ", timeout=30)
        yield one


def terminate(console: Terminal) -> None:
    """Want the machine ended, and say yes."""
    console.keys("Home", "t")
    console.wait_for("Terminate mine?")
    console.keys("y")


@pytest.mark.promise("A password that polkit wants is asked for in a dialog, on a terminal of our own")
def test_a_password_lets_a_user_do_it(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:", timeout=20)
    console.type(f"{PASSWORD}\n")
    console.wait_gone("polkit asks for a password", timeout=20)
    console.wait_for("mine is told to end.")
    wait_until(lambda: "mine" not in machine_names(guarded), "the machine to end")
    assert PASSWORD not in console.screen().text


def test_a_wrong_password_is_refused(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:", timeout=20)
    console.type("wrong\n")
    console.wait_for("Cannot terminate mine:", timeout=40)
    assert "mine" in machine_names(guarded)


def test_no_answer_is_a_refusal_at_once(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:", timeout=20)
    console.keys("Escape")
    console.wait_for("Cannot terminate mine:", timeout=15)
    assert "mine" in machine_names(guarded)


@pytest.mark.promise("Where no password can be asked for, a sentence says so at once")
def test_without_an_agent_it_is_said_at_once(console: Terminal, guarded: LabHost) -> None:
    program = guarded.root / "usr/bin/pkttyagent"
    away = program.with_name("pkttyagent.away")
    program.rename(away)
    try:
        terminate(console)
        console.wait_for("pkttyagent is not there", timeout=5)
    finally:
        away.rename(program)
