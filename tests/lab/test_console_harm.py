"""Names and texts that mean harm, on a real host: shown, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from tests.lab.host import LabHost
from tests.lab.images import add_small_image, layered
from tests.lab.operator import Operator, at_console
from tests.lab.tmux import Screen

pytestmark = pytest.mark.lab("trixie")

NAMES = {
    "markup": "[bold red]x[b]",
    "open markup": "[ ",
    "link": "[@click=app.exit]x",
    "bidi": "a\u202egnp.exe\u2066",
    "zero width": "b\u200b\u200d\ufe0fy",
    "wide": "漢字" * 30,
    "quote": "c'; reboot #",
    "option": "-rf",
    "long": "l" * 120,
}
"""What systemd takes for a name of an image."""

PRETTY = "\x1b[2J\x1b]0;pwned\x07\x9b31m[red]Evil\u202e OS\r"

FORBIDDEN = set(map(chr, (*range(0x20), 0x7F, *range(0x80, 0xA0)))) | set("\u202e\u2066\u200b\u2028") - {"\n"}
"""What no screen has: control characters, and what turns the direction of text."""


@pytest.fixture(scope="module")
def host(deck: LabHost) -> Iterator[LabHost]:
    """The host with images and a machine of somebody who means harm."""
    for name in (*NAMES.values(), "tree"):
        add_small_image(deck, name, PRETTY_NAME=PRETTY, NAME=PRETTY)
    with layered(deck, "evil", boot=True):
        yield deck


def is_harmless(screen: Screen) -> bool:
    """Whether a screen of the console is whole: no control characters, its own title, no frame bent."""
    frames = [line for line in screen.lines if line.startswith(("│", "╭", "╰"))]
    return (
        not FORBIDDEN & set(screen.text.replace("\n", ""))
        and screen.title == "lab-trixie"
        and screen.status is None
        and len(screen.lines) == 40
        and all(cell_len(line) == screen.columns for line in frames)
    )


@pytest.fixture
def operator(host: LabHost) -> Iterator[Operator]:
    """The operator of that host."""
    with at_console(host) as operator:
        operator.terminal.wait_for(lambda screen: "pwned" in screen and "reboot #" in screen)
        yield operator


@pytest.mark.promise("Nothing a machine says can do anything to the screen")
def test_lists_details_and_tabs(operator: Operator) -> None:
    assert is_harmless(operator.terminal.wait_for("��31m[re"))
    name = r"$'\\e]0;pwned\\a[red]x'"
    words = ("systemd-run", "--quiet", "--machine=evil", "bash", "-c", f"exec -a {name} sleep 4321")
    operator.host.ask(*words)
    operator.go("machines", "evil")
    operator.press("i")
    assert is_harmless(operator.sees("]x 4321", 30))
    operator.press("i")
    operator.terminal.wait_gone("]x 4321")
    operator.press("Enter")
    operator.sees("root@evil")
    operator.terminal.type("printf '\\e]2;[bold]own\\u202eed\\a\\e[?1049h\\e[5;5Hdrawn'\n")
    operator.sees("drawn")
    assert is_harmless(operator.sees("evil: [bold]own"))


@pytest.mark.promise("Names that mean harm are shown harmlessly in every dialog")
def test_dialogs(operator: Operator) -> None:
    operator.go("images")
    operator.press("Home")
    for _ in NAMES:
        for key in ("a", "c", "DC"):
            operator.press(key)
            assert is_harmless(operator.sees("leave it alone"))
            operator.press("Escape")
            operator.terminal.wait_gone("leave it alone")
        operator.press("Down")
    operator.terminal.type(":")
    assert is_harmless(operator.sees("what to do"))
    operator.press("Escape")
    operator.terminal.wait_gone("what to do")


def test_what_has_such_a_name_is_acted_on(operator: Operator) -> None:
    host = operator.host
    operator.press("2", "Home")
    screen = operator.terminal.wait_for(lambda screen: "│-rf " in screen and "│c'; " in screen)
    rows = [line[1:].split(" ")[0] for line in screen.lines]
    first = rows.index("-rf")
    operator.press(*["Down"] * (rows.index("c';") - first))
    operator.ask("c", "Clone: c'; reboot #.", "-e", told="c'; reboot # is cloned.")
    assert (host.machines / "-e/usr").exists()
    operator.sees(f"Images {len(NAMES) + 2} ")  # it comes above the cursor, out of sight maybe
    operator.press("Home")
    operator.sees("│-e ")
    with operator.ending("-e is removed."):
        operator.press("DC")
        operator.sees("Remove -e?")
        operator.answer("-e")
    assert not (host.machines / "-e").exists()
    operator.sees(f"Images {len(NAMES) + 1} ")
    operator.press("Home", *["Down"] * (next(at for at, row in enumerate(rows) if "gnp" in row) - first))
    with operator.ending(" is removed."):
        operator.press("DC")
        operator.sees("To do it, type remove")
        operator.answer("remove")
    assert not (host.machines / NAMES["bidi"]).exists()
    assert [noted.command for noted in operator.noted()] == [
        """machinectl clone 'c'"'"'; reboot #' -e""",
        "machinectl remove -e",
        "machinectl remove 'a\N{REPLACEMENT CHARACTER}gnp.exe\N{REPLACEMENT CHARACTER}'",
    ]
