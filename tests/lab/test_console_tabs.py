"""Terminals of real machines in tabs: what comes behind, search, links, the clipboard, keys at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import layered, run_in_machine
from tests.lab.operator import Operator, at_console
from tests.lab.place import wait_until
from tests.lab.tmux import Screen

pytestmark = pytest.mark.lab("trixie")

LEAVE = "\x1b[24~"
"""F12, as terminals send it."""

BROWSER = "/usr/local/bin/xdg-open"
OPENED = "/run/opened"

MATCH = "\x1b[48;5;179m"
"""The colour behind the match that was found last, in 256 colours."""

FOLLOWER = (
    ': >/run/go; PS1=; clear; echo ready; while read -r line; do eval "$line"; done < <(tail -f /run/go)\n'
)
"""Has a shell do what somebody else writes to a file."""


@pytest.fixture(scope="module")
def machines(deck: LabHost) -> Iterator[LabHost]:
    """The host with two machines, and a browser that tells when it is started."""
    browser = deck.root / BROWSER[1:]
    browser.write_text(f'#!/bin/sh\necho "$@" >>{OPENED}\n')
    browser.chmod(0o755)
    with layered(deck, "alpha", boot=True), layered(deck, "beta", boot=True):
        yield deck


@pytest.fixture
def operator(machines: LabHost) -> Iterator[Operator]:
    """The operator of that host."""
    with at_console(machines, BROWSER=BROWSER, DISPLAY=":0") as operator:
        yield operator


def rows(screen: Screen) -> list[str]:
    """What stands in the console's terminal, row by row, without its frame."""
    return [line.strip("┃│ ").rstrip() for line in screen.lines]


def open_shell(operator: Operator, name: str) -> None:
    """Open a shell in a machine from the panes, and wait for its prompt."""
    operator.go("machines", name)
    operator.press("Enter")
    operator.sees("F12 leave")
    operator.sees(f"root@{name}")


def leave(operator: Operator) -> None:
    """Go from a terminal to the panes."""
    operator.press("F12")
    operator.sees("F12 back")


def look(operator: Operator) -> None:
    """Go from a terminal that has the keys to looking at it."""
    leave(operator)
    operator.press("]")
    operator.sees("Enter type here")


def have_done(operator: Operator, name: str, command: str) -> None:
    """Have the follower in a machine's shell do something."""
    run_in_machine(operator.host, name, "/bin/sh", "-c", f"echo {command!r} >>/run/go")


@pytest.mark.promise("Nothing that came while a tab was hidden is lost")
@pytest.mark.promise("Tabs behind show what came, rang or ended while they were not seen")
def test_what_comes_behind(operator: Operator) -> None:
    open_shell(operator, "alpha")
    operator.terminal.type(FOLLOWER)
    operator.terminal.wait_for(lambda screen: "ready" in rows(screen))
    leave(operator)
    open_shell(operator, "beta")
    operator.sees("│ alpha │ beta")
    have_done(operator, "alpha", "seq -f line-%g 3000")
    operator.sees("│ alpha • │ beta")
    have_done(operator, "alpha", "tput bel")
    operator.sees("│ alpha ! │ beta")
    leave(operator)
    operator.press("M-1")
    operator.sees("│ alpha │ beta")
    operator.sees("line-3000")
    have_done(operator, "alpha", "exit 4")
    operator.sees("Enter close")
    operator.press("s")
    operator.sees("Save all lines")
    operator.press("C-u")
    operator.answer("/root/saved")
    operator.sees("Saved ")
    saved = (operator.host.root / "root/saved").read_text().splitlines()
    assert [line for line in saved if line.startswith("line-")] == [f"line-{n}" for n in range(1, 3001)]


@pytest.mark.promise(
    "The scrollback is searched as one types, by text or expression, with the matches marked"
)
def test_searching(operator: Operator) -> None:
    open_shell(operator, "alpha")
    operator.terminal.type("clear; seq -f 'line %g of many' 400; echo the end\n")
    operator.terminal.wait_for(lambda screen: "the end" in rows(screen))
    look(operator)
    operator.terminal.type("/line 7")
    operator.sees("1 of 11")
    marked = [line for line in operator.terminal.screen(styled=True).lines if f"{MATCH}line 7" in line]
    assert any("9 of many" in line for line in marked), "the match is marked, and no more of its line"
    operator.terminal.type(" of")
    operator.sees("1 of 1 ")
    operator.terminal.wait_for(lambda screen: "line 7 of many" in rows(screen))
    operator.press("C-u", "C-r")
    operator.terminal.type("line [23]77 ")
    operator.sees("1 of 2 ")
    operator.press("Enter")
    operator.terminal.wait_for(lambda screen: "line 377 of many" in rows(screen))
    operator.press("n")
    operator.terminal.wait_for(lambda screen: "line 277 of many" in rows(screen))


@pytest.mark.promise("Where a link leads is shown, and never opened")
def test_links(operator: Operator) -> None:
    address = "https://example.org/a?b"
    open_shell(operator, "alpha")
    operator.terminal.type(f"clear; printf '\\e]8;;{address}\\e\\\\click me\\e]8;;\\e\\\\\\n'\n")
    x, y = operator.terminal.wait_for(lambda screen: "click me" in rows(screen)).find("click me")
    operator.terminal.type(f"\x1b[<35;{x + 3};{y + 1}M")
    operator.sees(f"Leads to {address} (it is never opened)")
    operator.terminal.click(x + 2, y)
    operator.terminal.click(x + 2, y, 16)  # with Ctrl, which opens links elsewhere
    leave(operator)
    operator.terminal.type(f"\x1b[<35;{x + 30};{y + 10}M")
    operator.terminal.wait_gone("Leads to")
    operator.terminal.type("vg")
    operator.sees(f"Leads to {address} (it is never opened)")
    operator.press("Enter", "q")
    operator.sees("all other keys go to alpha")
    operator.terminal.type("echo still here\n")
    operator.terminal.wait_for(lambda screen: "still here" in rows(screen))
    assert not (operator.host.root / OPENED[1:]).exists()


@pytest.mark.promise(
    "Keys that arrive together are taken in the order they were typed, in and out of terminals"
)
def test_keys_that_arrive_together(operator: Operator) -> None:
    open_shell(operator, "alpha")
    operator.terminal.type("clear; stty -echo; echo re''ady; cat -v\n")
    operator.terminal.wait_for(lambda screen: "ready" in rows(screen))
    once = f"abc{LEAVE}21{LEAVE}def{LEAVE}23{LEAVE}ghi"
    operator.terminal.type(once * 4 + "\r")
    operator.terminal.wait_for(lambda screen: "abcdefghi" * 4 in rows(screen))


@pytest.mark.promise("A machine writes the clipboard only after a yes, given to this very run of it")
def test_the_clipboard(operator: Operator) -> None:
    host, wants = operator.host, "printf '\\033]52;c;{}\\007'\n"

    def clipboard() -> str:
        return host.run("tmux", "-L", operator.terminal.name, "show-buffer", check=False).stdout

    with layered(host, "gamma", boot=True):
        operator.sees_row("machines", "gamma", "● running")
        open_shell(operator, "gamma")
        operator.terminal.type(wants.format("ZXZpbA=="))
        operator.sees("gamma wants to write your clipboard.")
        operator.terminal.type("echo y\n")
        operator.terminal.wait_for(lambda screen: "y" in rows(screen))
        leave(operator)
        operator.press("y")
        operator.sees("gamma wants to put 4 bytes into your clipboard:")
        operator.sees("evil")
        operator.press("n")
        operator.terminal.wait_gone("wants to put 4 bytes")
        operator.terminal.wait_gone(" y clipboard ")
        operator.terminal.type(LEAVE + wants.format("Z29vZA=="))
        operator.sees("F12 leave")
        leave(operator)
        operator.sees(" y clipboard ")
        assert clipboard() == ""
        operator.press("y")
        operator.sees("gamma wants to put 4 bytes into your clipboard:")
        operator.press("a")
        wait_until(lambda: clipboard() == "good", "the text to arrive")
        operator.terminal.type(LEAVE + wants.format("YmV0dGVy"))
        wait_until(lambda: clipboard() == "better", "the next text to arrive without a question")
    operator.sees("Enter close")
    operator.press("Enter")
    with layered(host, "gamma", boot=True):
        operator.sees_row("machines", "gamma", "● running")
        open_shell(operator, "gamma")
        operator.terminal.type(wants.format("ZXZpbA=="))
        operator.sees("gamma wants to write your clipboard.")
        assert clipboard() == "better"
    operator.sees("Enter close")
    operator.press("Enter")
