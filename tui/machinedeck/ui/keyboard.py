"""Reading the operator's keys so that none is lost on its way to a machine, and writing so that nothing is.

Textual's reader changes and loses some keys (see `keystrokes`), and reads for ever from a terminal that is
gone; its writer ends for good where a terminal does not take all at once (see `outlet`).
"""

from __future__ import annotations

import os
import selectors
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Any

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from machinedeck.ui.keystrokes import ESCAPE_SECONDS, Keystrokes
from machinedeck.ui.outlet import Outlet

LOOK_SECONDS = 0.1
"""How often the reader looks whether it should end."""

READ_BYTES = 4096

SWITCH_SECONDS = 0.0005
"""How soon a thread that has a key, or a picture to write, gets its turn while a terminal is parsed."""


class HungUp(Message):
    """The terminal is gone: its line was dropped, or its window closed."""


def _nothing() -> None:
    """What is done for a key by an app that has nothing to hold up."""


class KeyboardDriver(LinuxDriver):
    """Textual's driver with a reader of our own, which tells the app when the terminal is gone."""

    _is_suspended = False

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = Outlet(self._file)  # type: ignore[assignment]  # it is written to, and flushed

    @property
    def on_typed(self) -> Callable[[], None]:
        """What is called, in the thread that reads, before a key is passed on."""
        give_way: Callable[[], None] = getattr(self._app, "give_way", _nothing)
        return give_way

    def _sigtstp_application(self, *_: object) -> None:
        self._is_suspended = True
        super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        # systemd sends SIGCONT after SIGTERM (systemd.kill(5)). Who was not suspended must not start the
        # terminal a second time: two threads would write to it, and leaving would wait for one of them.
        if self._is_suspended:
            self._is_suspended = False
            super()._sigcont_application()

    def write(self, data: str) -> None:
        """Write to the terminal, or nowhere once it is gone."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def run_input_thread(self) -> None:
        """Read, parse and dispatch until the driver stops or the terminal hangs up."""
        sys.setswitchinterval(SWITCH_SECONDS)
        keystrokes = Keystrokes()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(ESCAPE_SECONDS if keystrokes.is_waiting else LOOK_SECONDS):
                    self._dispatch(keystrokes.tick())
                    continue
                # First: who was kept waiting here has not looked whether an escape stood alone long enough
                self._dispatch(keystrokes.tick(has_more=True))
                data = self._read()
                if not data:
                    self.send_message(HungUp())
                    return
                self._dispatch(keystrokes.feed(decode(data)))

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""  # EIO: the other end of the terminal is closed (pty(7))

    def _dispatch(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if isinstance(message, events.Key):
                self.on_typed()
            self.process_message(message)
