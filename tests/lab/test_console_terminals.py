"""Terminals of real machines: keys, splits, search, copying through tmux, login prompts, exit codes."""

from __future__ import annotations

import pytest

from tests.lab.host import LabHost
from tests.lab.test_console import MACHINE, console, enter, machines
from tests.lab.tmux import Terminal

pytestmark = pytest.mark.lab()

SHELLS = "A shell is opened as any user, with a command, variables and TERM, or as a login prompt"

__all__ = ["console", "machines"]  # fixtures


@pytest.mark.promise("The leave key itself, and any other, reaches the machine after “next key raw”")
@pytest.mark.promise("No key is lost or changed on its way to a machine, however fast it is typed")
def test_keys_that_are_often_lost(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("stty -isig -ixon -icanon -echo; echo ready; cat -v\n")
    console.wait_for(lambda screen: "ready" in [line.strip() for line in screen.lines])
    console.type("\x1b[1;2R\x1b[1;5R\x1b[1;3A\x1b:\x1b\x1b[3;5~\x1b[15;2~\x08\x7f")
    console.wait_for("^[[1;2R^[[1;5R^[[1;3A^[:^[^[[3;5~^[[15;2~^H^?")
    console.keys("F12", "C-v")
    console.wait_for("The next key goes to")
    console.keys("F12")
    console.wait_for("^[[24~")
    console.keys("F12", "C-v")
    console.wait_for("The next key goes to")
    console.type("z")
    console.wait_for("^[[24~z")


def test_a_split_of_a_real_machine(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("vim -u NONE\n")
    console.wait_for("VIM - Vi IMproved")
    console.keys("F12")
    console.wait_for("F12 back")
    console.keys("|")
    console.wait_for("▶")
    # Written so that what is typed does not show what is waited for
    console.type("until stty size | grep '37 6''0'; do :; done; echo he''re\n")
    console.wait_for(lambda screen: "37 60" in screen and "here" in screen)
    console.resize(100, 30)
    console.type("clear; until stty size | grep '27 5''0'; do :; done; echo the''re\n")
    console.wait_for(lambda screen: "27 50" in screen and "there" in screen)
    console.keys("F12")
    console.wait_for("F12 back")
    console.keys("o")
    console.wait_for("◀")
    console.type("ihello")
    console.wait_for("hello")
    console.type("\x1b:q!\n")
    console.wait_gone("hello")


@pytest.mark.promise("Text is selected and copied by keys and by mouse: by words, lines and blocks")
def test_copying_through_tmux(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("clear; for n in $(seq 300); do echo number-$n; done; echo 'copy me' please\n")
    console.wait_for(lambda screen: "copy me please" in [line.strip() for line in screen.lines])
    console.keys("F12")
    console.wait_for("F12 back")
    console.keys("v")
    console.wait_for("y copy")
    console.type("/number-77")
    console.wait_for("1 of 1")
    console.keys("Enter")
    console.type("Vy")
    console.wait_for("Copied 10 bytes.")
    assert console._tmux("show-buffer") == "number-77\n"
    console.type("echo typed again\n")
    console.wait_for(lambda screen: "typed again" in [line.strip() for line in screen.lines])


@pytest.mark.promise(SHELLS)
def test_a_login_prompt_and_its_end(console: Terminal) -> None:
    console.keys("1", "Home")
    console.keys("L")
    console.wait_for(f"{MACHINE} login:")
    console.type("root\n")
    console.wait_for(lambda screen: "root@" in screen or "assword" in screen)


@pytest.mark.promise("A shell that ended shows its exit code where the machine tells it")
def test_an_exit_code(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("trap 'printf \"\\033]133;D;%s\\007\" $?' EXIT; exit 3\n")
    console.wait_for("Ended: exit code 3.")


@pytest.mark.promise(SHELLS)
def test_a_command_as_another_user(console: Terminal, machines: LabHost) -> None:
    console.keys("1", "Home", "O")
    console.wait_for("A shell in")
    console.keys("C-u")
    console.type("games")
    console.keys("Tab")
    console.type("echo as $(id -un) in $(id -gn), $GREETING $TERM; read line")
    console.keys("Tab")
    console.type("GREETING='good day'")
    console.keys("Tab", "F2", "Enter")
    console.wait_for("as games in games, good day xterm")
    console.wait_for(f"games@{MACHINE}")
