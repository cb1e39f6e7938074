"""Asking the operator for a password where polkit wants one, in a dialog over whatever is shown."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Any

from machinedeck.model.machine import Machine
from machinedeck.model.wish import Wish

if TYPE_CHECKING:
    from textual.app import App

    from machinedeck.sources.agent import Agent
    from machinedeck.term.slicing import Turns
    from machinedeck.ui.dialogs.password import PasswordPrompt
    from machinedeck.ui.session import Session

_ANSWERED = r"==== AUTHENTICATION (?:COMPLETE|FAILED|CANCELED) ===="
"""What the agent writes when it has an answer (polkit, polkitagenttextlistener.c)."""

CLEAR = b"\x1b[H\x1b[2J\x1b[3J"


class Rights:
    """Has an agent there before something is asked that polkit may want a password for.

    Args:
        app: The application, for its dialogs.
        turns: What all terminals share their time by.
        is_needed: Whether polkit may ask at all: never where the console is root.
    """

    def __init__(self, app: App[Any], turns: Turns, *, is_needed: bool) -> None:
        self._app = app
        self._turns = turns
        self._is_needed = is_needed
        self._agent: Agent | None = None
        self._session: Session | None = None
        self._prompt: PasswordPrompt | None = None
        self._starting = asyncio.Lock()
        self.trouble = ""
        """Why no password can be asked for; "" where one can, or none is needed."""

    async def ready(self) -> None:
        """Have an agent, as far as there can be one; called before anything that polkit guards."""
        if not self._is_needed:
            return
        from machinedeck.sources.agent import NoAgentError  # noqa: PLC0415 - not at every start

        async with self._starting:
            if self._agent is not None and not self._agent.has_ended:
                return
            self.end()
            try:
                await self._start()
            except NoAgentError as error:
                self.trouble = str(error)
                self.end()
            else:
                self.trouble = ""

    async def _start(self) -> None:
        from machinedeck.sources.agent import Agent  # noqa: PLC0415 - not at every start
        from machinedeck.ui.session import Session  # noqa: PLC0415 - see above

        self._agent = Agent(os.environ)
        # An agent has no machine: it is named for what it is
        session = Session(Machine("polkit"), Wish("polkit"), self._agent.take_terminal(), self._turns)
        self._session = session
        session.on_change = self._on_words
        session.start()
        await self._agent.ready()

    def _on_words(self) -> None:
        """The agent wrote something: it asks, unless that was the end of it."""
        session = self._session
        if session is None or self._prompt is not None or session.has_ended:
            return
        if any(line.strip() for line in session.terminal.display):
            self._app.call_later(self._show)

    async def _show(self) -> None:
        from machinedeck.ui.dialogs.password import PasswordPrompt  # noqa: PLC0415 - seldom needed

        session = self._session
        if session is None or self._prompt is not None:
            return
        if self._is_answered(session):
            session.terminal.feed(CLEAR)
            return
        self._prompt = PasswordPrompt(session, self._is_answered)
        await self._app.push_screen(self._prompt, self._on_closed)

    @staticmethod
    def _is_answered(session: Session) -> bool:
        return session.has_ended or any(re.search(_ANSWERED, line) for line in session.terminal.display)

    def _on_closed(self, is_answered: bool | None) -> None:
        self._prompt = None
        session = self._session
        if session is None:
            return
        if not is_answered:
            self.end()  # whoever waits for the password is refused at once
            return
        session.terminal.feed(CLEAR)
        session.on_change = self._on_words

    def end(self) -> None:
        """Let go of the agent."""
        session, self._session = self._session, None
        agent, self._agent = self._agent, None
        if session is not None:
            session.close()
        if agent is not None:
            agent.end()
