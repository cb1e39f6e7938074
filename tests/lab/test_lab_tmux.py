"""The lab's terminals: what is typed arrives, what is shown is read."""

from __future__ import annotations

import pytest

from tests.lab.host import LabHost
from tests.lab.tmux import Terminal

pytestmark = pytest.mark.lab()


def test_a_shell_answers_on_its_terminal(lab: LabHost) -> None:
    with Terminal(lab, "bash", "--norc", columns=90, lines=20, PS1="ready> ") as terminal:
        terminal.wait_for("ready>")
        terminal.type("tput cols; tput lines; echo $TERM; tty")
        terminal.keys("Enter")
        screen = terminal.wait_for("/dev/pts/")
        assert (screen.columns, len(screen.lines)) == (90, 20)
        assert [line for line in screen.lines if line][1:4] == ["90", "20", "tmux-256color"]
        terminal.keys("C-d")
        assert terminal.wait_exit().status == 0


def test_a_full_screen_program_follows_its_size(lab: LabHost) -> None:
    with Terminal(lab, "vim", "--clean", columns=80, lines=24) as terminal:
        assert terminal.wait_for("VIM - Vi IMproved").alternate
        terminal.keys("i")
        terminal.type("grüße; it's $HOME")
        screen = terminal.wait_for("grüße; it's $HOME")
        terminal.resize(100, 30)
        screen = terminal.wait_for(lambda seen: "-- INSERT --" in seen.lines[29])
        assert screen.cursor == (len("grüße; it's $HOME"), 0)
        terminal.keys("Escape")
        terminal.type(":cq")
        terminal.keys("Enter")
        assert terminal.wait_exit().status == 1


def test_what_does_not_show_fails_with_the_screen(lab: LabHost) -> None:
    with Terminal(lab, "sh", "-c", "echo here it is; sleep 60") as terminal:
        terminal.wait_for("here it is")
        with pytest.raises(AssertionError, match=r"(?s)not within 0.2 s: 'absent'.*\|here it is +\|"):
            terminal.wait_for("absent", timeout=0.2)


def test_a_console_that_does_not_show_it_says_what_it_is_busy_with(deck: LabHost) -> None:
    with Terminal(deck, "machinedeck", "--demo", XDG_STATE_HOME="/run/state") as terminal:
        terminal.wait_for("● live")
        with pytest.raises(
            AssertionError, match=r"(?s)State:.*--- thread MainThread.*--- tasks \(1\): follow"
        ):
            terminal.wait_for("absent", timeout=0.2)


def test_mouse_reports_reach_the_program(lab: LabHost) -> None:
    with Terminal(lab, "cat", "-v") as terminal:
        terminal.wait_for(lambda screen: screen.cursor == (0, 0))
        terminal.click(4, 2)
        terminal.wait_for("^[[<0;5;3M^[[<0;5;3m")


def test_programs_run_as_users_of_the_host(lab: LabHost) -> None:
    lab.add_user("bob")
    with Terminal(lab, "sh", "-c", "id -un; pwd; cat", user="bob") as terminal:
        terminal.wait_for(lambda screen: screen.lines[:2] == ("bob", "/home/bob"))


def test_ending_a_terminal_ends_what_it_started(lab: LabHost) -> None:
    with Terminal(lab, "sh", "-c", "setsid sleep 4713 & echo on; sleep 4713") as terminal:
        terminal.wait_for("on")
    assert lab.run("pgrep", "-f", "sleep 4713|tmux", check=False).stdout == ""
