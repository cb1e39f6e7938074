"""What the console is busy with, written to a file on SIGUSR1: for the report of one that hangs.

The file is in the operator's folder of state, next to the journal; if it cannot be written, a new one takes
its place among the temporary files. Nothing is written before a signal comes, and never a byte of a machine:
only where the program is, and how much waits where.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from textual.app import App
from textual.screen import Screen

FILE_NAME = "stacks.txt"


def write_stacks_on_signal(app: App[Any], folder: Path | None) -> None:
    """Append to `stacks.txt` in a folder whenever SIGUSR1 comes, also while the event loop hangs (signal(7)).

    Args:
        app: What hangs; its event loop is running.
        folder: Made if it is not there; None where nothing of the operator's may be written.
    """
    loop = asyncio.get_running_loop()

    def on_signal(_number: int, frame: FrameType | None) -> None:
        try:
            text = "\n".join(_told(app, loop, frame))
            path = _write(text, folder) or _write_aside(text)
            told = f"What it is busy with was written to {path}."
        except Exception as error:  # noqa: BLE001 - it would end what it should only look into
            told = f"What it is busy with could not be written: {error!r}"
        if not loop.is_closed():  # else the console has just been left
            loop.call_soon_threadsafe(partial(app.notify, told, markup=False))

    signal.signal(signal.SIGUSR1, on_signal)


def _write(text: str, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(folder / FILE_NAME, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None  # another place takes it, and the operator is told which
    return folder / FILE_NAME


def _write_aside(text: str) -> Path:
    import tempfile  # noqa: PLC0415 - not at every start

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="machinedeck-", delete=False) as file:
        file.write(text)
    return Path(file.name)


def _told(app: App[Any], loop: asyncio.AbstractEventLoop, frame: FrameType | None) -> Iterator[str]:
    yield f"\n===== process {os.getpid()}, {time.strftime('%Y-%m-%d %H:%M:%S')}"
    yield from _state(app)
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    main = threading.main_thread().ident
    for id, top in sys._current_frames().items():
        yield f"\n--- thread {names.get(id, id)}"
        yield "".join(traceback.format_stack(frame if id == main and frame is not None else top)).rstrip()
    yield from _tasks(loop)


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """Where the tasks wait: most of them in the same few places."""
    waiting: dict[tuple[str, ...], list[str]] = {}
    for task in asyncio.all_tasks(loop):
        waiting.setdefault(tuple(_awaited(task.get_coro())), []).append(task.get_name())
    for places, names in sorted(waiting.items(), key=lambda one: len(one[1])):
        yield f"\n--- tasks ({len(names)}): {', '.join(sorted(names))}"
        yield from places


def _awaited(awaited: Any) -> Iterator[str]:
    """The frames of a task from its own to where it waits; asyncio's own way shows the first alone."""
    while awaited is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), None)
        if kind is None:
            return
        frame = getattr(awaited, f"{kind}_frame")
        if frame is not None:
            yield f'  File "{frame.f_code.co_filename}", line {frame.f_lineno}, in {frame.f_code.co_name}'
        awaited = getattr(awaited, {"cr": "cr_await", "gi": "gi_yieldfrom", "ag": "ag_await"}[kind])


def _state(app: App[Any]) -> Iterator[str]:
    """What decides whether anything is drawn, and how much waits where.

    Queues are looked into without their locks: the thread that is interrupted may have them.
    """
    yield f"painting is held up {app._batch_count} times"
    writer = getattr(app._driver, "_writer_thread", None)
    if writer is not None:
        state = "is alive" if writer.is_alive() else "has ended"
        yield f"the thread that writes to the terminal {state}, {len(writer._queue.queue)} texts wait for it"
    for screen in app.screen_stack:
        pumps = [screen, *screen.walk_children()]
        yield f"screen {screen!r}, is current: {screen.is_current}, timer of its pictures {_timer(screen)}"
        yield from (f"  {pump!r}: {count} messages" for pump in pumps if (count := pump.message_queue_size))
    yield f"app: {app.message_queue_size} messages, focus on {app.focused!r}"


def _timer(screen: Screen[Any]) -> str:
    timer = getattr(screen, "_Screen__update_timer", None)  # what Textual has is made when it is asked for
    if timer is None or timer._task is None:
        return "is not there"
    return "has ended" if timer._task.done() else "waits" if timer._active.is_set() else "rests"
