"""Rights on a real host: what polkit wants a password for is asked in the console, by its own agent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    add_small_image,
    layered,
    machine_names,
    machine_property,
    run_in_machine,
    sleeper,
)
from tests.lab.operator import Operator
from tests.lab.place import wait_until
from tests.lab.tmux import Terminal

PASSWORD = "correct horse"


def guard(host: LabHost) -> None:
    """Give a host a user who is not root, and root a password."""
    host.add_user("ann")
    host.run("sh", "-c", f"echo 'root:{PASSWORD}' | chpasswd")


@pytest.fixture(scope="module")
def guarded(deck: LabHost) -> LabHost:
    """The host with that user and password."""
    guard(deck)
    return deck


@pytest.fixture
def console(guarded: LabHost) -> Iterator[Terminal]:
    """The console of that user, with a machine to end."""
    with sleeper(guarded, "mine"), Terminal(guarded, "machinedeck", user="ann", columns=120, lines=40) as one:
        one.wait_for("│mine ")
        yield one


def terminate(console: Terminal) -> None:
    """Want the machine ended, and say yes."""
    console.keys("Home", "t")
    console.wait_for("Terminate mine?")
    console.keys("y")


@pytest.mark.promise("A password that polkit wants is asked for in a dialog, on a terminal of our own")
def test_a_password_lets_a_user_do_it(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:")
    console.type(f"{PASSWORD}\n")
    console.wait_gone("polkit asks for a password")
    console.wait_for("mine is told to end.")
    wait_until(lambda: "mine" not in machine_names(guarded), "the machine to end")
    assert PASSWORD not in console.screen().text


def test_a_wrong_password_is_refused(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:")
    console.type("wrong\n")
    console.wait_for("Cannot terminate mine:")
    assert "mine" in machine_names(guarded)


def test_no_answer_is_a_refusal_at_once(console: Terminal, guarded: LabHost) -> None:
    terminate(console)
    console.wait_for("Password:")
    console.keys("Escape")
    console.wait_for("Cannot terminate mine:", timeout=20)
    assert "mine" in machine_names(guarded)


@pytest.mark.promise("Where no password can be asked for, a sentence says so at once")
def test_without_an_agent_it_is_said_at_once(console: Terminal, guarded: LabHost) -> None:
    program = guarded.root / "usr/bin/pkttyagent"
    away = program.with_name("pkttyagent.away")
    program.rename(away)
    try:
        terminate(console)
        console.wait_for("pkttyagent is not there", timeout=20)
    finally:
        away.rename(program)


def test_a_user_with_the_password_does_what_root_does(guarded: LabHost) -> None:
    add_small_image(guarded, "tree")
    (guarded.root / "home/ann/gift").write_text("for the machine")
    with layered(guarded, "box", boot=True), console_of_ann(guarded) as operator:
        operator.sees_row("machines", "box", "● running")
        operator.go("machines", "box")
        with operator.ending("Copied into box."):
            operator.press("c")
            operator.sees("Copy to: box.")
            operator.answer("/home/ann/gift", "/root/gift")
            give_password(operator)
        assert run_in_machine(guarded, "box", "cat", "/root/gift") == "for the machine"
        with operator.ending("The limits of box are set."):
            operator.press("l")
            operator.sees("Limit: box.")
            operator.answer("300M")
            give_password(operator)
        unit = machine_property(guarded, "box", "Unit")
        limit = guarded.ask("systemctl", "show", "--value", "--property=MemoryMax", unit)
        assert limit == str(300 << 20)
        operator.go("images", "tree")
        with operator.ending("tree is cloned."):
            operator.press("c")
            operator.sees("Clone: tree.")
            operator.answer("twig")
            give_password(operator)
        assert (guarded.machines / "twig/usr").exists()
        with operator.ending("Cannot remove the image tree"):
            operator.press("DC")
            operator.sees("Remove tree?")
            operator.answer("tree")
            operator.sees("Password:")
            operator.press("Escape")
        assert (guarded.machines / "tree/usr").exists()


@contextlib.contextmanager
def console_of_ann(host: LabHost) -> Iterator[Operator]:
    """The console of that user."""
    with Terminal(host, "machinedeck", user="ann", columns=120, lines=40) as terminal:
        terminal.wait_for("● live")
        terminal.wait_for("│.host ")
        yield Operator(terminal)


def give_password(operator: Operator) -> None:
    """Wait until it is asked for, and type it."""
    operator.sees("Password:")
    operator.terminal.type(f"{PASSWORD}\n")
    operator.terminal.wait_gone("polkit asks for a password")


RULE = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy user="ann">
<deny send_destination="org.freedesktop.machine1" send_interface="org.freedesktop.machine1.Manager"
 send_member="TerminateMachine"/>
</policy></busconfig>
"""
"""A rule of the message bus, as an administrator writes it."""


@pytest.mark.promise("What the message bus refuses to others than root is marked as needing root")
def test_what_the_bus_refuses_is_marked(guarded: LabHost) -> None:
    rule = guarded.root / "etc/dbus-1/system.d/ann.conf"
    rule.write_text(RULE)
    reload = ("busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReloadConfig")
    guarded.ask(*reload)
    try:
        with sleeper(guarded, "mine"), console_of_ann(guarded) as operator:
            operator.go("machines", "mine")
            operator.press("t")
            operator.sees("Terminate mine?")
            operator.press("y")
            operator.sees("Cannot terminate mine:")
            operator.sees("needs root")
            operator.press("a")
            operator.sees("Terminate needs root: the message bus lets")
            operator.press("Escape")
            operator.terminal.wait_gone("Terminate needs root: the message bus lets")
            operator.press("t")
            operator.sees("Terminate needs root: the message bus lets")
            assert "mine" in machine_names(guarded)
    finally:
        rule.unlink()
        guarded.ask(*reload)
