"""What comes at an awkward moment on a real host: another row, a hostile filter, a systemd that hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_small_image, layered, machine_names, sleeper
from tests.lab.operator import Operator, at_console
from tests.lab.place import wait_until
from tests.lab.tmux import Terminal

pytestmark = pytest.mark.lab()

ESCAPE = "\x1b[27u"


@pytest.fixture(scope="module")
def host(deck: LabHost) -> Iterator[LabHost]:
    """The host with two machines and an image."""
    add_small_image(deck, "tree")
    with layered(deck, "one"), sleeper(deck, "two"):
        yield deck


@pytest.fixture
def operator(host: LabHost) -> Iterator[Operator]:
    """The operator of that host."""
    with at_console(host) as operator:
        operator.sees_row("images", "tree")
        operator.sees_row("machines", "two", "● running")
        yield operator


@pytest.mark.promise("Nothing is done to anything else than what was named, whatever comes meanwhile")
def test_the_palette_acts_on_what_its_line_names(host: LabHost, operator: Operator) -> None:
    for name in ("aaa", "bbb"):
        add_small_image(host, name)
        operator.sees_row("images", name)
    operator.go("images", "aaa")
    operator.terminal.type(":")
    operator.terminal.type("read-only")
    operator.sees("Read-only: aaa.")
    host.ask("machinectl", "remove", "aaa")
    wait_until(lambda: not operator.row("images", "aaa"), "the row to go")
    operator.press("Enter")
    operator.sees("aaa")
    wait_until(lambda: bool(operator.noted()), "what came of it")
    shown = host.ask("machinectl", "show-image", "bbb", "--property=ReadOnly", "--value")
    assert shown == "no", "the row that came under the cursor is left alone"
    host.ask("machinectl", "remove", "bbb")


@pytest.mark.promise("Nothing is done to anything else than what was named, whatever comes meanwhile")
def test_a_shell_is_opened_in_the_machine_that_was_meant(host: LabHost, operator: Operator) -> None:
    with sleeper(host, "same"):
        operator.sees_row("machines", "same", "● running")
        operator.go("machines", "same")
        operator.press("O")
        operator.sees("A shell in same")
        operator.press("Tab")
        operator.terminal.type("touch /run/entered")
    with sleeper(host, "same"):
        operator.press("Enter")
        operator.sees("same is not the machine it was")
        assert not (host.root / "run/entered").exists()
        assert "F12" not in operator.terminal.screen().text, "no terminal is there"


@pytest.mark.promise("The cursor stays on its machine, whatever begins and ends meanwhile")
def test_the_cursor_stays(host: LabHost, operator: Operator) -> None:
    operator.go("machines", "two")
    with sleeper(host, "another"), layered(host, "at-last"):
        operator.sees_row("machines", "another", "● running")
        operator.sees_row("machines", "at-last", "● running")
        operator.press("t")
        operator.sees("Terminate two?")
        operator.press("n")
        operator.terminal.wait_gone("Terminate two?")
    wait_until(lambda: not operator.row("machines", "another"), "the row to go")
    operator.press("t")
    operator.sees("Terminate two?")
    operator.press("n")
    assert {"one", "two"} <= set(machine_names(host))


@pytest.mark.promise("Any text can be typed into a filter, and any name or reason stand in a title")
@pytest.mark.promise("No expression that is typed ends the console")
@pytest.mark.promise("No expression that is typed holds up the console")
@pytest.mark.parametrize("text", ["[/", "[x=#", "/a{4294967295}", "/(.+)+(.+)+(.+)+§"])
def test_a_filter_that_is_no_good(operator: Operator, text: str) -> None:
    operator.press("1", "/")
    operator.terminal.type(text)
    operator.sees(f"/{text}")
    operator.terminal.type(ESCAPE)
    operator.terminal.wait_gone(f"/{text}")
    operator.nothing_opened()


@pytest.mark.promise("Whatever path is typed, what is wrong with it is told")
def test_a_path_that_is_none(operator: Operator) -> None:
    operator.press("J")
    operator.sees("What was done from here")
    operator.press("e")
    operator.sees("machinedeck-journal.jsonl")
    operator.press("C-u")
    operator.terminal.type("~nosuchuser/x")
    operator.press("Enter")
    operator.sees("Not exported:")


@pytest.mark.promise("A PID 1 that hangs keeps no list waiting")
def test_a_systemd_that_stands_still(host: LabHost) -> None:
    with Terminal(host, "sh") as terminal:
        terminal.wait_for("#")
        host.ask("machinectl", "list")  # so that nobody has to start the service
        os.kill(host.leader, signal.SIGSTOP)
        try:
            terminal.type("machinedeck --bus system\n")
            terminal.wait_for("● live")
            terminal.wait_for("│two ")
            terminal.type("q")
            terminal.wait_gone("● live")
        finally:
            os.kill(host.leader, signal.SIGCONT)


@pytest.mark.promise("A service that does not answer is told of within seconds, and waited for")
def test_a_service_that_is_frozen(host: LabHost, operator: Operator) -> None:
    unit = "systemd-machined.service"
    host.ask("systemctl", "kill", "--kill-whom=main", "--signal=SIGSTOP", unit)
    try:
        operator.sees("no answer")
    finally:
        host.ask("systemctl", "kill", "--kill-whom=main", "--signal=SIGCONT", unit)
    operator.sees("● live")
    operator.sees_row("machines", "one", "● running")
