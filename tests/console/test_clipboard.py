"""Machines that want the operator's clipboard."""

from __future__ import annotations

import base64
import os

import pytest

from machinedeck.model.machine import Identity
from machinedeck.ui.consent import Answer, Consents
from tests.console.conftest import Open
from tests.console.test_copying import shell
from tests.console.test_shells import arrived, typed
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def wants(text: bytes) -> bytes:
    """What a machine writes to have a text in the clipboard."""
    return b"\x1b]52;c;" + base64.b64encode(text) + b"\x07"


@pytest.mark.promise("A machine writes the clipboard only after a yes, given to this very run of it")
async def test_the_clipboard_is_asked_for(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, _view, written):
        os.write(host.masters[0], wants(b"evil\x1b[201~\nrm -rf /\n"))
        await deck.until_shown("web-1 wants to write your clipboard.")
        await deck.press("y", "enter", "a")
        await arrived(host, b"y\ra")
        assert not written.sequences, "what is typed into a machine answers nothing"
        await deck.press("f12", "y")
        await deck.until_shown("web-1 wants to put 19 bytes into your clipboard:")
        assert deck.shows("rm -rf /")
        await deck.press("n")
        assert not written.sequences
        os.write(host.masters[0], wants(b"good"))
        await until(lambda: deck.app.console_screen.shells.views[0].session.clipboard)
        await deck.press("y")
        await deck.until_shown("wants to put 4 bytes")
        await deck.press("y")
        await until(lambda: written.copied)
        assert written.copied == ["good"]


async def test_an_answer_for_as_long_as_it_runs(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        os.write(host.masters[0], wants(b"one"))
        await until(lambda: view.session.clipboard)
        await deck.press("f12", "y")
        await deck.until_shown("wants to put 3 bytes")
        await deck.press("a")
        await until(lambda: written.copied == ["one"])
        await deck.press("f12")
        os.write(host.masters[0], wants(b"two"))
        await until(lambda: written.copied == ["one", "two"])
        flood = b"\x1b]52;c;?\x07" + wants(b"x" * 80_000) + b"done"
        for start in range(0, len(flood), 2000):
            os.write(host.masters[0], flood[start : start + 2000])
            await deck.pilot.pause()
        await until(lambda: len(written.copied) == 3)
        assert written.copied[2] == "x" * 74_994, "what is too long is cut, and that is told"
        await deck.until_shown("web-1: Copied 74994 of 80000 bytes")
        assert typed(host) == b"", "the clipboard is never told to a machine"
        # Started anew under its name it is another machine.
        host.vanish("web-1")
        host.appear(machine("web-1", timestamp_monotonic=2000))
        await until(lambda: "web-1" in deck.app.store.registered)
        await until(lambda: deck.app.store.registered["web-1"].timestamp_monotonic == 2000)
        await deck.press("f12", "1", "end", "enter")
        await until(lambda: len(host.masters) == 2)
        await deck.settle()
        os.write(host.masters[1], wants(b"three") + b"asked")
        await deck.until_shown("asked")
        await until(lambda: deck.app.console_screen.shells.views[1].session.clipboard)
        assert len(written.copied) == 3


async def test_a_machine_that_wants_it_all_the_time_is_told_of_once(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shell(console, host, monkeypatch) as (deck, view, written):
        asked: list[str] = []
        monkeypatch.setattr(deck.app, "notify", lambda text, **_: asked.append(text))
        for number in range(20):
            os.write(host.masters[0], wants(b"%d" % number))
            await until(
                lambda number=number: view.session.clipboard and view.session.clipboard.text == f"{number}"
            )
            await deck.settle()
        assert len(asked) == 1
        await deck.press("f12", "y")
        await deck.until_shown("wants to put 2 bytes")
        os.write(host.masters[0], wants(b"another"))
        await until(lambda: view.session.clipboard and view.session.clipboard.text == "another")
        await deck.press("a")
        await until(lambda: written.copied == ["19"])
        for number in range(20):
            os.write(host.masters[0], wants(b"more %d" % number))
            await deck.settle()
        await until(lambda: written.copied[-1:] == ["more 19"])
        assert len(written.copied) < 10, "and no more than once a second"


def test_consent_is_bound_to_a_run() -> None:
    consents = Consents()
    first, other = Identity("web-1", "aa", 1), Identity("web-1", "aa", 2)
    consents.keep(first, Answer.ALWAYS)
    assert (consents.may(first), consents.may(other)) == (True, None)
    consents.keep(other, Answer.NEVER)
    assert consents.may(other) is False
    consents.keep(Identity("x", "", 0), Answer.ALWAYS)
    assert consents.may(Identity("x", "", 0)) is None
    consents.keep(Identity("y", "", 1), Answer.ONCE)
    assert consents.may(Identity("y", "", 1)) is None
