"""Reading the operator's keys so that none is lost on its way to a machine.

Textual's reader drops the escape of an escape typed right before a punctuation mark, as in `ESC :` to vim
over a line that delivers both at once, and reads for ever from a terminal that is gone.
"""

from __future__ import annotations

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

LOOK_SECONDS = 0.1
"""How often the reader looks whether it should end, and whether an escape stands alone."""

READ_BYTES = 4096

_WORD_KEYS = {"\x1bb": "alt+b", "\x1bf": "alt+f"}
"""What Textual takes for ctrl+left and ctrl+right; programs in machines tell these apart."""


class HungUp(Message):
    """The terminal is gone: its line was dropped, or its window closed."""


class KeyParser(XTermParser):
    """Textual's parser, but every key after an escape keeps it, as `alt+…`."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if sequence in _WORD_KEYS:
            yield events.Key(_WORD_KEYS[sequence], None)
            return
        for event in super()._sequence_to_key_events(sequence, alt):
            if alt and not event.key.startswith("alt+"):
                yield events.Key(f"alt+{event.key}", None)
            else:
                yield event


class KeyboardDriver(LinuxDriver):
    """Textual's driver with the parser above, which tells the app when the terminal is gone."""

    _is_suspended = False

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
        parser = KeyParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(LOOK_SECONDS):
                    data = self._read()
                    if not data:
                        self.send_message(HungUp())
                        return
                    self._dispatch(parser.feed(decode(data)))
                self._dispatch(parser.tick())

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""  # EIO: the other end of the terminal is closed (pty(7))

    def _dispatch(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.process_message(message)
