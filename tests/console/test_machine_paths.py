"""Paths in a machine are completed: below its root alone, and without waiting for what never answers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input

from machinedeck.model.failure import Failure, Kind
from machinedeck.sources.machine_paths import paths as machine_paths
from machinedeck.sources.machine_paths.paths import FORBIDDEN, SILENT, MachinePaths
from machinedeck.ui.dialogs.form import Form
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, ended, keys, last_deed, row
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a machine, which lies in traps."""
    root = tmp_path / "root"
    for folder in ("etc/systemd", "srv/data", "home"):
        (root / folder).mkdir(parents=True)
    (root / "etc/hostname").write_text("web-1\n")
    (tmp_path / "secret-of-the-host").touch()
    (root / "out").symlink_to("/etc")
    (root / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    (root / "nowhere").symlink_to("/missing")
    (root / "srv/.hidden").touch()
    (root / "srv/evil\x1b[2J").touch()
    os.mkfifo(root / "srv/fifo")
    return root


@pytest.fixture
async def paths(root: Path) -> AsyncIterator[MachinePaths]:
    """The paths of that machine."""
    made = MachinePaths(lambda: opened(root))
    yield made
    await ended_with(made)


async def opened(root: Path) -> int:
    return os.open(root, os.O_PATH | os.O_DIRECTORY)


async def ended_with(made: MachinePaths) -> None:
    process = made._process
    made.close()
    if process is not None:
        await process.wait()


@pytest.mark.promise("Paths in a machine are completed below its own root, wherever its links lead")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/", "/etc/"),
        ("/e", "/etc/"),
        ("/etc/h", "/etc/hostname"),
        ("/etc/hostname", "/etc/hostname"),
        ("/out", "/out/"),
        ("/out/h", "/out/hostname"),  # the machine's own /etc
        ("/up/", "/up/etc/"),
        ("/up/se", None),
        ("/../../se", None),
        ("/loop/", None),
        ("/lo", "/loop"),
        ("/now", "/nowhere"),
        ("/srv/", "/srv/data/"),
        ("/srv/.", "/srv/.hidden"),
        ("/srv/ev", None),
        ("/srv/fifo/", None),
        ("/srv/f", "/srv/fifo"),
        ("/etc/hostname/", None),
        ("/missing/", None),
        ("etc", None),
        ("", None),
        ("/a\0b/", None),
        ("/x" * 5000, None),
    ],
)
async def test_what_is_offered(paths: MachinePaths, typed: str, offered: str | None) -> None:
    assert await paths.complete(typed) == offered
    assert paths.trouble == ""


@pytest.mark.promise("A machine whose files never answer costs the console a moment, once")
async def test_what_never_answers_is_let_go_of(paths: MachinePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await paths.complete("/etc/h") == "/etc/hostname"
    assert paths._process is not None
    process = paths._process
    os.kill(process.pid, signal.SIGSTOP)  # as one that waits for a file system
    monkeypatch.setattr(machine_paths, "PATIENCE_SECONDS", 0.2)
    began = time.monotonic()
    assert await paths.complete("/etc/s") is None
    assert paths.trouble == SILENT
    assert await paths.complete("/etc/s") is None
    assert time.monotonic() - began < 5
    assert await process.wait() == -signal.SIGKILL


async def test_a_reader_that_ends_is_told(paths: MachinePaths) -> None:
    assert await paths.complete("/e") == "/etc/"
    assert paths._process is not None
    process = paths._process
    process.kill()
    await process.wait()
    assert await paths.complete("/e") is None
    assert paths.trouble == SILENT


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (Failure(Kind.NOT_ALLOWED, "Cannot look: Access denied."), FORBIDDEN),
        (Failure(Kind.NOT_THERE, "No machine 'web-1' known."), "No machine 'web-1' known"),
    ],
)
async def test_where_it_is_not_allowed_it_is_typed_in_full(
    console: Open, host: FakeHost, failure: Failure, why: str
) -> None:
    host.refusals["open_root"] = failure
    async with console() as deck:
        await deck.press("end", "C")
        assert deck.shows("The right arrow takes what is offered.")
        await deck.press(*keys("/etc"))
        await deck.until_shown(f"Type it in full: {why}.")
        assert [call for call in host.calls if call[0] == "open_root"] == [("open_root", "web-1")], (
            "it asks once"
        )


async def test_a_path_is_completed_in_the_dialog(console: Open, host: FakeHost, root: Path) -> None:
    host.roots["web-1"] = root
    async with console() as deck:
        await deck.press("end", "C")
        await deck.press(*keys("/etc/ho"))
        line = deck.app.screen.query_one("#from", Input)
        await until(lambda: line._suggestion == "/etc/hostname", what="an offer")
        await deck.press("right")
        assert line.value == "/etc/hostname"
        await deck.press("escape")
        assert deck.app.screen is deck.app.console_screen


async def test_a_path_of_a_machine_of_the_demo() -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "web-2")
        await deck.press("C", *keys("/etc/hostn"))
        assert isinstance(deck.app.screen, Form)
        line = deck.app.screen.query_one("#from", Input)
        await until(lambda: line._suggestion == "/etc/hostname", what="an offer")
        await deck.press("right", "tab", *keys("/root/out"), "enter")
        await ended(deck, "Copied from web-2.")
        assert last_deed(deck)[3] == "machinectl copy-from web-2 /etc/hostname /root/out"


async def test_of_several_machines_no_path_is_offered(console: Open, host: FakeHost) -> None:
    async with console() as deck:
        await deck.press("end", "space", "up", "space", "c", "tab", *keys("/etc"))
        assert deck.shows("A path in the machine. Type it in full.")
        await asyncio.sleep(0)
        assert not [call for call in host.calls if call[0] == "open_root"]
