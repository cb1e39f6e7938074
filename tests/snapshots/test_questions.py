"""Pictures of questions that are asked seldom: a name, a signal, a password."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator

import pytest

from machinedeck.core.config import Config
from machinedeck.core.follower import Follower
from machinedeck.core.store import Store
from machinedeck.model.machine import Machine
from machinedeck.model.usage import Process
from machinedeck.model.wish import Wish
from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.dialogs.ask import Ask
from machinedeck.ui.dialogs.password import PasswordPrompt
from machinedeck.ui.dialogs.signals import SignalDialog
from machinedeck.ui.options import Options
from machinedeck.ui.session import Session
from tests.snapshots.conftest import Picture
from tests.snapshots.test_pictures import SMALL, TINY, USUAL, sizes
from tests.support.console import Deck
from tests.support.demo_deck import DemoDeck
from tests.support.fake_host import NOW, FakeHost, machine
from tests.support.waiting import until

ASKED = (
    b"==== AUTHENTICATING FOR org.freedesktop.machine1.manage-machines ====\r\n"
    b"Authentication is required to manage local virtual machines and containers.\r\n"
    b"Authenticating as: root\r\nPassword: "
)
"""What pkttyagent(1) writes (polkit, polkitagenttextlistener.c)."""


@pytest.fixture
def terminal() -> Iterator[int]:
    """The descriptor of an agent's terminal, which whoever gets it closes."""
    ours, agents = pty.openpty()
    yield ours
    os.close(agents)


@sizes(TINY, SMALL, USUAL)
def test_name_of_a_tab(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.press("f12", "right_square_bracket", "comma")
        await until(lambda: isinstance(deck.app.screen, Ask), what="the question")
        await deck.press(*"deploy")

    picture(size, steps)


@sizes(TINY, SMALL, USUAL)
def test_signal(plain_picture: Picture, size: tuple[int, int]) -> None:
    host = FakeHost(running={"web-1": machine("web-1")})
    nginx = Process(4242, 1, "/usr/sbin/nginx -g 'daemon off;'", 0, "S", 1, 5 << 20, 10**9, 9)
    host.inside["web-1"] = [nginx]
    app = MachinedeckApp(Follower(host, Store()), Options(is_calm=True), lambda: NOW, config=Config())

    async def steps(deck: Deck) -> None:
        await deck.until_shown("running")
        await deck.press("end", "i")
        await deck.until_shown("nginx")
        app.push_screen(SignalDialog(nginx))
        await until(lambda: isinstance(app.screen, SignalDialog), what="the question")
        await deck.press("down")
        assert deck.shows("SIGKILL")

    plain_picture(size, steps, app)


@sizes(TINY, SMALL, USUAL)
def test_password(plain_picture: Picture, size: tuple[int, int], terminal: int) -> None:
    host = FakeHost(running={"web-1": machine("web-1")})
    app = MachinedeckApp(Follower(host, Store()), Options(is_calm=True), lambda: NOW, config=Config())

    async def steps(deck: Deck) -> None:
        await deck.until_shown("running")
        session = Session(Machine("polkit"), Wish("polkit"), terminal, app._turns)
        session.start()
        app.push_screen(PasswordPrompt(session, lambda _session: False))
        await until(lambda: isinstance(app.screen, PasswordPrompt), what="the question")
        await deck.settle()
        session._slicer.take(ASKED)
        await deck.until_shown("Password:")
        assert deck.shows("Esc leave it alone")
        session.close()

    plain_picture(size, steps, app)
