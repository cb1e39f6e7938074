"""How the console was started, on a real host: settings, colours, read-only, a journal without room."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_small_image, machine_names, sleeper
from tests.lab.operator import JOURNAL, YES, at_console
from tests.lab.place import wait_until
from tests.lab.tmux import Screen, Terminal

pytestmark = pytest.mark.lab("trixie")

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")

REFUSED = "Nothing is changed here, and no shell opened: this was started with --read-only."


@pytest.fixture(scope="module")
def host(deck: LabHost) -> Iterator[LabHost]:
    """The host with a machine and an image."""
    add_small_image(deck, "tree")
    with sleeper(deck, "mine"):
        yield deck


@pytest.mark.promise(
    "Mistakes in config.toml end the start with exit code 2, file, line and what was expected"
)
def test_a_mistake_ends_the_start(host: LabHost) -> None:
    folder = host.root / "root/.config/machinedeck"
    folder.mkdir(parents=True)
    file = folder / "config.toml"
    file.write_text("[console]\ntheme = 'lite'\n")
    try:
        with Terminal(host, "machinedeck") as terminal:
            screen = terminal.wait_exit(30)
    finally:
        file.unlink()
    assert screen.status == 2
    assert not screen.alternate
    assert "/root/.config/machinedeck/config.toml:2: console.theme is 'lite'" in screen
    assert "expected one of dark, light" in screen.text.replace("\n", " ")


@pytest.mark.promise("Keys of actions are what config.toml says")
def test_keys_are_as_they_are_set(host: LabHost) -> None:
    (host.root / "root/keys.toml").write_text("[keys]\nterminate = 'f4'\nstop = 'j'\n")
    with at_console(host, "--config", "/root/keys.toml") as operator:
        operator.go("machines", "mine")
        operator.press("j")
        operator.sees("Stop mine?")
        operator.press("n")
        operator.press("a")
        operator.sees("F4  Terminate")
        operator.press("Escape")
        operator.terminal.wait_gone("F4  Terminate")
        operator.press("t")  # no key of anything now
        operator.nothing_opened()
        operator.press("F4")
        operator.sees("Terminate mine?")
        operator.press("n")
    assert "mine" in machine_names(host)


@pytest.mark.promise("--read-only: nothing is changed and no shell opened, and the header says so")
def test_read_only(host: LabHost) -> None:
    with at_console(host, "--read-only") as operator:
        assert "read-only" in operator.terminal.screen().lines[0]
        for pane, name, key in (
            ("machines", "mine", "t"),
            ("machines", "mine", "O"),
            ("images", "tree", "DC"),
        ):
            operator.terminal.wait_gone(REFUSED[:40])  # that of the key before
            operator.go(pane, name)
            operator.press(key)
            operator.sees(REFUSED[:40])
        for pane, name, keys in (
            ("machines", "mine", ("Enter", "t", "R", "p", "c", "l", "O", "L")),
            ("images", "tree", ("DC", "s", "c", "w")),
            ("pool", "", ("c",)),
        ):
            for key in keys:
                operator.go(pane, name)
                operator.press(key)
                operator.nothing_opened()
        operator.go("machines", "mine")
        operator.press("a")
        operator.sees("leave it alone")  # the reason alone may be a notice of before
        operator.press("Enter")
        operator.press("Escape")
        operator.terminal.wait_gone("leave it alone")
        operator.press("J")
        operator.sees("Nothing was done from here yet.")
        operator.press("Escape")
        operator.terminal.wait_gone("Nothing was done from here yet.")
        assert "F12" not in operator.terminal.screen(), "no terminal was opened"
        assert operator.noted() == []
    assert "mine" in machine_names(host)
    assert (host.machines / "tree/usr").exists()


def colours(screen: Screen) -> set[str]:
    """The colours on a styled screen that are no grey, as the terminal was told them."""
    found = set()
    for match in COLOUR.finditer(screen.text):
        words = match[1].split(";")
        at = 0
        while at < len(words):
            word = int(words[at] or 0)
            if word in {38, 48} and words[at + 1] == "5":
                number = int(words[at + 2])
                is_grey = number >= 232 or number in {0, 7, 8, 15, 16, 59, 102, 145, 188, 231}
                found |= set() if is_grey else {f"{word};5;{number}"}
                at += 3
                continue
            if word in {38, 48} and words[at + 1] == "2":
                found |= {match[0]} if len(set(words[at + 2 : at + 5])) > 1 else set()
                at += 5
                continue
            if 30 < word < 37 or 40 < word < 47 or 90 < word < 97 or 100 < word < 107:
                found.add(match[0])
            at += 1
    return found


@pytest.mark.promise("With NO_COLOR nothing is coloured, and states are told by words")
def test_no_colour(host: LabHost) -> None:
    with at_console(host) as operator:
        operator.sees_row("machines", "mine", "● running")
        assert colours(operator.terminal.screen(styled=True)), "else there is nothing to take away"
    with at_console(host, NO_COLOR="1") as operator:
        operator.sees_row("machines", "mine", "● running")
        operator.sees_row("machines", "tree", "○ stopped")
        operator.go("machines", "mine")
        assert colours(operator.terminal.screen(styled=True)) == set()
        operator.press("t")
        operator.sees("Terminate mine?")
        assert colours(operator.terminal.screen(styled=True)) == set()


def tells_trouble(screen: Screen) -> bool:
    """Whether the journal's screen itself says that it cannot be written, above its title, and no notice."""
    title = screen.find(JOURNAL)[1]
    return any("The journal cannot be written" in line for line in screen.lines[:title])


@pytest.mark.promise("A journal that cannot be written is told of; what is done goes on")
def test_a_journal_without_room(host: LabHost) -> None:
    host.ask("mkdir", "-p", "/run/full")
    host.ask("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=4", "tmpfs", "/run/full")
    host.run("dd", "if=/dev/zero", "of=/run/full/filler", "bs=4k", "count=2", check=False)
    try:
        with sleeper(host, "other"), at_console(host, XDG_STATE_HOME="/run/full") as operator:
            operator.go("machines", "other")
            operator.press("t")
            operator.sees("Terminate other?")
            operator.press(YES)
            operator.sees("The journal cannot be written: No space left on device.")
            wait_until(lambda: "other" not in machine_names(host), "the machine to end")
            operator.press("J")
            operator.sees("machinectl terminate other")
            operator.terminal.wait_for(tells_trouble)
    finally:
        host.ask("umount", "/run/full")
