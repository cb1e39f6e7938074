"""What is set, on the screen: keys, colours, mouse, ASCII, read-only; and mistakes told at the start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from machinedeck.core.config import Config, read_config
from machinedeck.core.follower import Follower
from machinedeck.core.setup import read_setup
from machinedeck.core.store import Store
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.options import Options, read_options
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import NOW, FakeHost
from tests.support.pty_program import PtyProgram

UTF8 = {"LANG": "C.UTF-8"}


@pytest.mark.promise("Keys of actions are what config.toml says")
async def test_keys_are_as_they_are_set(host: FakeHost, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[keys]\nterminate = 'f4'\nstop = 'j'\n")
    config = read_config(file)
    app = MachinedeckApp(Follower(host, Store()), Options(), clock=lambda: NOW, config=config)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        deck = Deck(app, pilot, host)
        await deck.settle()
        await deck.press("end", "t")
        assert not deck.shows("Terminate web-1?")
        await deck.press("f4")
        assert deck.shows("Terminate web-1?")
        await deck.press("n", "j")  # a key of the table's own that the operator gave to something else
        assert deck.shows("Stop web-1?")
        await deck.press("n", "a")
        assert deck.shows("F4  Terminate")
        await deck.press("escape", "question_mark")
        assert deck.shows("F4  End the machine at once")


@pytest.mark.promise("--read-only: nothing is changed and no shell opened, and the header says so")
async def test_read_only_refuses_and_says_so(console: Open, host: FakeHost) -> None:
    host.is_read_only = True
    async with console() as deck:
        assert "read-only" in deck.screen()[0]
        await deck.press("end")
        assert not {"shell", "restart", "stop"} & set(deck.screen()[-1].split()), "no key that does nothing"
        await deck.press("end", "t", "enter", "O", "L", "2", "delete", "3", "l")
        assert deck.app.screen is deck.app.console_screen, "nothing is asked for in vain"
        told = {one.message for one in deck.app._notifications}
        assert told == {"Nothing is changed here, and no shell opened: this was started with --read-only."}
        await deck.press("1", "a")
        assert deck.shows("Nothing is changed here")
        done = {call[0] for call in host.calls}
        assert not done & {"terminate", "open_terminal", "remove", "limit_pool"}


def test_what_is_set_of_the_screen(tmp_path: Path) -> None:
    set_ = Config({"console.theme": "light", "console.mouse": False, "console.ascii": True})
    options = read_options(UTF8, set_)
    assert (options.is_light, options.has_mouse, options.is_ascii) == (True, False, True)
    assert read_options(UTF8) == Options()


async def test_a_light_terminal_has_light_colours(console: Open) -> None:
    async with console(is_light=True) as deck:
        assert not deck.app.current_theme.dark
        assert deck.app.console_screen.styles.background.brightness > 0.8


@pytest.mark.promise("With NO_COLOR nothing is coloured, and states are told by words")
async def test_no_color(console: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console() as deck:
        strips = deck.app.screen._compositor.render_strips()
        for one in deck.app.get_line_filters():
            strips = [strip.apply_filter(one, deck.app.screen.styles.background) for strip in strips]
        colours = {
            colour.name
            for strip in strips
            for segment in strip
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None and colour.triplet is not None
            and len(set(colour.triplet)) > 1
        }  # fmt: skip
        assert not colours
        assert deck.shows("● running")


@pytest.mark.promise(
    "Mistakes in config.toml end the start with exit code 2, file, line and what was expected"
)
def test_a_mistake_ends_the_start(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[console]\ntheme = 'lite'\n")
    command = [sys.executable, "-m", "machinedeck", "--demo", "--config", str(file)]
    with PtyProgram(command, (100, 30)) as program:
        program.wait_for("expected one of dark, light.")
        assert program.wait_end() == 2
        assert b"config.toml:2: console.theme is 'lite'" in program.output


def test_a_home_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "machinedeck"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("nonsense")
    os.chown(tmp_path, 12345, 12345)
    setup = read_setup(None, {"HOME": str(tmp_path)}, 0)
    assert setup.config["console.theme"] == "dark"
    assert setup.places.state is None
    assert "sudo -H" in setup.places.notice


async def test_the_notice_is_on_the_screen(console: Open) -> None:
    async with console(notice="HOME is not set: no settings are read, and no journal is kept.") as deck:
        assert deck.shows("no journal is kept.")
        await deck.press("J")
        assert deck.screen()[3].count("no journal is kept.") == 1
