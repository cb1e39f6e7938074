"""Asking for a password, with an agent that stands in for pkttyagent(1): the real one is asked in the lab."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from machinedeck.model.failure import Failure, Kind
from machinedeck.model.machine import Identity
from machinedeck.sources.agent import Agent, NoAgentError
from machinedeck.ui.dialogs.password import PasswordPrompt
from machinedeck.ui.rights import Rights
from tests.console.conftest import Open
from tests.support.console import Deck
from tests.support.fake_host import FakeHost
from tests.support.waiting import until

AGENT = """#!/bin/bash
# Asks whenever a line comes through the pipe, as pkttyagent does when polkit tells it to.
for word; do case $word in --process=*) echo "$word" > "$AGENT_FOLDER/process";; --notify-fd=*) fd=${word#*=};; esac; done
tty > "$AGENT_FOLDER/tty"
exec {fd}>&-
while read -r about < "$AGENT_FOLDER/ask"; do
    printf '==== AUTHENTICATING FOR %s ====\\r\\nPassword: ' "$about"
    stty -echo; read -r word; stty echo
    echo "$word" > "$AGENT_FOLDER/word"
    printf '\\r\\n==== AUTHENTICATION COMPLETE ====\\r\\n'
done
"""  # noqa: E501

NO_MORE = OSError(errno.EMFILE, "Too many open files")

DENIED = Failure(Kind.NOT_ALLOWED, "Cannot terminate web-1: Access denied.", "This needs root.")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the agent is, and what it leaves."""
    agent = tmp_path / "pkttyagent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    os.mkfifo(tmp_path / "ask")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AGENT_FOLDER", str(tmp_path))
    return tmp_path


def guard(host: FakeHost, folder: Path) -> None:
    """Have the host ask for a password before it terminates a machine, and refuse without."""

    async def terminate(identity: Identity) -> None:
        ask = os.open(folder / "ask", os.O_RDWR | os.O_NONBLOCK)  # never waits for the agent
        os.write(ask, b"manage-machines\n")
        rights = host.rights  # type: ignore[attr-defined]
        agent = rights._agent
        try:
            await until(lambda: (folder / "word").exists() or agent.has_ended, what="an answer")
        finally:
            os.close(ask)
        if not (folder / "word").exists():
            raise DENIED
        host.vanish(identity.name)

    host.terminate = terminate  # type: ignore[method-assign]


@asynccontextmanager
async def deck_of_a_user(console: Open, host: FakeHost) -> AsyncIterator[Deck]:
    """A console whose user may be asked for a password."""
    async with console(size=(80, 24)) as deck:
        rights = Rights(deck.app, deck.app._turns, is_needed=True)
        deck.app.acting.rights = host.rights = rights  # type: ignore[attr-defined]
        yield deck


@pytest.mark.promise("A password that polkit wants is asked for in a dialog, on a terminal of our own")
async def test_a_password_is_asked_for(console: Open, host: FakeHost, folder: Path) -> None:
    guard(host, folder)
    async with deck_of_a_user(console, host) as deck:
        await deck.press("end", "t", "y")
        await deck.until_shown("Password:")
        assert isinstance(deck.app.screen, PasswordPrompt)
        assert deck.shows("AUTHENTICATING FOR manage-machines")
        await deck.press(*"secret", "enter")
        await until(lambda: deck.app.screen is deck.app.console_screen, what="the dialog to close")
        await until(lambda: "web-1" not in deck.app.store.registered, what="the machine to end")
        assert (folder / "word").read_text() == "secret\n"
        assert not deck.shows("secret")
        assert (folder / "process").read_text().startswith(f"--process={os.getpid()},")
        assert (folder / "tty").read_text().startswith("/dev/pts/")


async def test_escape_answers_nothing(console: Open, host: FakeHost, folder: Path) -> None:
    guard(host, folder)
    async with deck_of_a_user(console, host) as deck:
        await deck.press("end", "t", "y")
        await deck.until_shown("Password:")
        await deck.press("s", "escape")
        await deck.until_shown("Access denied.")
        assert deck.app.screen is deck.app.console_screen
        assert "web-1" in deck.app.store.registered
        # and the next time it is asked anew
        await deck.press("t", "y")
        await deck.until_shown("Password:")
        await deck.press(*"secret", "enter")
        await until(lambda: "web-1" not in deck.app.store.registered, what="the machine to end")


@pytest.mark.promise("Where no password can be asked for, a sentence says so at once")
@pytest.mark.parametrize(
    ("script", "said"),
    [(None, "pkttyagent is not there"), ("#!/bin/sh\nexit 1\n", "pkttyagent ended at once")],
)
async def test_no_agent(
    console: Open,
    host: FakeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    said: str,
) -> None:
    host.refusals["terminate"] = DENIED
    if script is not None:
        (tmp_path / "pkttyagent").write_text(script)
        (tmp_path / "pkttyagent").chmod(0o755)
    setsid = tmp_path / "setsid"
    setsid.symlink_to("/usr/bin/setsid")
    monkeypatch.setenv("PATH", str(tmp_path))
    async with deck_of_a_user(console, host) as deck:
        began = asyncio.get_running_loop().time()
        await deck.press("end", "t", "y")
        await until(lambda: any(said in one.message for one in deck.app._notifications), what=said)
        assert asyncio.get_running_loop().time() - began < 5
        assert deck.shows("This needs root.")


async def test_root_needs_none(console: Open, host: FakeHost, folder: Path) -> None:
    async with console() as deck:
        await deck.press("end", "t", "y")
        await until(lambda: "web-1" not in deck.app.store.registered, what="the machine to end")
        assert not (folder / "tty").exists()


@pytest.mark.promise("What the message bus refuses to others than root is marked as needing root")
async def test_what_the_bus_refuses_is_marked(console: Open, host: FakeHost) -> None:
    host.refusals["terminate"] = Failure(
        Kind.NOT_ALLOWED,
        "Cannot terminate web-1: Rejected send message, 1 matched rules.",
        "This needs root.",
    )
    async with console() as deck:
        await deck.press("end", "t", "y", "a")
        assert deck.shows("Terminate needs root: the message bus lets")


@pytest.mark.parametrize("member", ["os.openpty", "os.pipe2", "subprocess.Popen"])
def test_no_descriptor_left(folder: Path, monkeypatch: pytest.MonkeyPatch, member: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NO_MORE

    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched:
        patched.setattr(member, refuse)
        with pytest.raises(NoAgentError, match="pkttyagent: Too many open files"):
            Agent(os.environ)
    assert len(os.listdir("/proc/self/fd")) == before
