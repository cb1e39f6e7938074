"""Keys in the order they were typed, wherever the focus goes meanwhile.

Textual puts a key into the queue of the widget that has the focus, and goes on to the next one. Keys that
arrive together, as a slow line delivers them, would be in the queue of the wrong widget by the time the one
before them has moved the focus, and overtake each other when they are sent after it.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

ROUNDS = 2
"""How often all queues on a key's way are waited for: once for the key, once for what was made of it."""

PATIENCE_SECONDS = 0.25
"""How long the next key waits at most, where what a key does takes longer."""

TYPED = (events.Key, events.Paste)


class OrderedApp(App[None], inherit_bindings=False):
    """An application that hands a key on when all that the one before it does is done."""

    def begin_order(self) -> None:
        """Make what is needed; to be called before the app runs."""
        self._typed: deque[events.Event] = deque()
        self._handing_on: asyncio.Task[None] | None = None

    @abstractmethod
    def moves_nothing(self, event: events.Event) -> bool:
        """Whether it is known that what is typed leaves the focus where it is: then nothing has to wait."""

    @property
    def is_typing(self) -> bool:
        """Whether a key is still on its way, or others wait for it."""
        return self._handing_on is not None and not self._handing_on.done()

    async def on_event(self, event: events.Event) -> None:
        """Hand an event on; what was typed waits for its turn."""
        if not isinstance(event, TYPED) or event.is_forwarded:
            await super().on_event(event)
        elif self.is_typing:
            self._typed.append(event)
        elif self.moves_nothing(event):
            await super().on_event(event)
        else:
            await super().on_event(event)
            self._handing_on = asyncio.create_task(self._hand_on(), name="hand on what is typed")
            self._handing_on.add_done_callback(self._on_handed_on)

    def _on_handed_on(self, task: asyncio.Task[None]) -> None:
        """An error of the program in there ends the app, as one in a handler does."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._handle_exception(error)

    async def _hand_on(self) -> None:
        await self._arrive()
        while self._typed and self.is_running:
            event = self._typed.popleft()
            is_done = self.moves_nothing(event)
            await super().on_event(event)
            if not is_done:
                await self._arrive()

    async def _arrive(self) -> None:
        """Wait until a key has gone its whole way, from the widget with the focus up to here."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for _ in range(ROUNDS):
                    if not self.is_running:
                        return  # nothing is left that could have the focus
                    start = self.focused or self.screen
                    for node in start.ancestors_with_self:
                        await _pass(node)
        except TimeoutError:
            self.log.warning("what a key does takes its time: the next one is handed on")


async def _pass(node: MessagePump) -> None:
    """Wait until all that is in a queue now has been worked off."""
    passed = asyncio.Event()
    if node.call_later(passed.set):
        await passed.wait()
