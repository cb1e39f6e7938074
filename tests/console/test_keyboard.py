"""Reading the operator's keys from a real terminal, in a thread that gets its turn late."""

from __future__ import annotations

import os
import pty
import selectors
import sys
import time
import tty
from collections.abc import Iterator
from threading import Event

import pytest
from textual import events
from textual.message import Message

from machinedeck.ui.keyboard import HungUp, KeyboardDriver
from machinedeck.ui.keystrokes import ESCAPE_SECONDS


class Reader(KeyboardDriver):
    """The part of the driver that reads; it keeps what it would tell the app."""

    def __init__(self, fileno: int) -> None:  # not the driver's own, which is for a process with one app
        self._app = None  # type: ignore[assignment]
        self.fileno = fileno
        self.exit_event = Event()
        self.told: list[Message] = []

    def process_message(self, message: Message) -> None:
        """Keep it."""
        self.told.append(message)

    send_message = process_message


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """Our end and the operator's of a terminal; ours is closed by the test."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    pause = sys.getswitchinterval()  # who reads sets it
    yield master, slave
    sys.setswitchinterval(pause)
    os.close(slave)


@pytest.mark.promise(
    "No key is lost or changed on its way to a machine, however fast it is typed", where="bare host"
)
def test_an_escape_is_the_key_though_the_next_one_is_read_with_it(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = ends
    select = selectors.SelectSelector.select
    rounds = iter(("escape", "late", "end"))

    def turn(self: selectors.SelectSelector, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        match next(rounds):
            case "escape":
                os.write(master, b"\x1b")
            case "late":
                time.sleep(2 * ESCAPE_SECONDS)
                os.write(master, b"J")
            case "end":
                os.close(master)
        return select(self, seconds)

    monkeypatch.setattr(selectors.SelectSelector, "select", turn)
    reader = Reader(slave)
    reader.run_input_thread()
    assert [message.key for message in reader.told if isinstance(message, events.Key)] == ["escape", "J"]
    assert isinstance(reader.told[-1], HungUp)
