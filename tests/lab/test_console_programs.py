"""Full-screen programs in a real machine, seen through the console's terminal and driven by keys."""

from __future__ import annotations

import pytest

from tests.lab.test_console import MACHINE, at_prompt, console, enter, has_halves, machines
from tests.lab.tmux import Screen, Terminal

pytestmark = pytest.mark.lab()

__all__ = ["console", "machines"]  # fixtures


def rows(screen: Screen) -> list[str]:
    """What stands in the console's terminal, row by row, without its frame."""
    return [line.strip("┃│ ").rstrip() for line in screen.lines]


@pytest.mark.promise("Full-screen programs run in a machine's terminal and follow its size")
def test_less_vim_and_tmux(console: Terminal) -> None:
    enter(console, MACHINE)
    console.type("cd; seq -f 'number %g' 300 > numbers; clear; less numbers\n")
    console.wait_for(lambda screen: "number 1" in rows(screen) and "number 30" in rows(screen))
    console.keys("Space")
    console.wait_for(lambda screen: "number 1" not in rows(screen) and "number 60" in rows(screen))
    console.type("/number 222\n")
    console.wait_for(lambda screen: "number 222" in rows(screen) and "number 60" not in rows(screen))
    console.type("q")
    console.wait_for(at_prompt)
    console.type("vim -u NONE numbers\n")
    console.wait_for(lambda screen: "number 1" in rows(screen) and "number 30" in rows(screen))
    console.type("Goa line of grüße")
    console.keys("Escape")
    console.wait_for(lambda screen: "a line of grüße" in rows(screen) and "number 300" in rows(screen))
    console.resize(90, 24)
    console.wait_for(lambda screen: "a line of grüße" in rows(screen) and "number 300" in rows(screen))
    console.type("gg5dd")
    console.wait_for(lambda screen: "number 6" in rows(screen) and "number 5" not in rows(screen))
    console.type(":q!\n")
    console.wait_for(at_prompt)
    console.resize(120, 40)
    console.type("clear; tmux -u new 'bash --norc'\n")
    console.wait_for("[0] 0:bash")
    console.keys("C-b")
    console.type("%")
    console.type("echo in the right half\n")
    console.wait_for(lambda screen: any(row.endswith("in the right half") for row in rows(screen)[3:]))
    console.resize(100, 30)
    console.wait_for(lambda screen: "[0] 0:bash" in screen and has_halves(screen))
    console.type("exit\n")
    console.wait_for(lambda screen: "[0] 0:bash" in screen and not has_halves(screen))
    console.type("exit\n")
    console.wait_for("[exited]")


@pytest.mark.promise("Full-screen programs run in a machine's terminal and follow its size")
def test_htop(console: Terminal) -> None:
    """One that draws by itself, in colours, and takes function keys and the mouse."""
    enter(console, MACHINE)
    console.type("clear; sleep 7777 & sleep 8888 & htop\n")
    console.wait_for(lambda screen: "sleep 7777" in screen.text and "F10Quit" in screen.text)
    console.keys("F4")
    console.type("8888")
    console.wait_for(lambda screen: "sleep 8888" in screen.text and "sleep 7777" not in screen.text)
    console.resize(90, 24)
    console.wait_for(lambda screen: "sleep 8888" in screen.text and "sleep 7777" not in screen.text)
    console.keys("Escape", "F2")
    console.wait_for("Meters")
    console.keys("F10")
    console.wait_for("F10Quit")
    console.resize(120, 40)
    console.keys("F10")
    console.wait_for(at_prompt)
    console.type("kill %1 %2; clear; echo 'all of' it\n")
    console.wait_for(lambda screen: "all of it" in rows(screen) and "F10Quit" not in screen.text)


@pytest.mark.promise("Long lines flow when the terminal gets another width")
def test_long_lines_flow(console: Terminal) -> None:
    enter(console, MACHINE)
    console.resize(120, 40)
    console.type("clear; printf 'begin%080dend\\n' 7\n")
    whole = "begin" + "0" * 79 + "7end"
    console.wait_for(lambda screen: whole in rows(screen))
    console.resize(70, 30)
    console.wait_for(
        lambda screen: whole not in rows(screen) and any(row.endswith("7end") for row in rows(screen))
    )
    console.resize(120, 40)
    console.wait_for(lambda screen: whole in rows(screen))
