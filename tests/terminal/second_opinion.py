"""tmux as a second terminal: the same bytes into a pane of its own server, and what the pane then shows.

The pane runs a small feeder that writes what comes on a socket to its terminal, and says when tmux has taken
it all in: it asks for tmux's version behind every case, and waits for the answer.
"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from machinedeck.term import Style, sgr
from machinedeck.term.charsets import CHARSETS
from machinedeck.term.styles import DEFAULT
from machinedeck.term.widths import KINDS, PIECES

FEEDER = r"""
import os, socket, sys, tty
tty.setraw(0)
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
stream = link.makefile("rwb")
while head := stream.readline():
    data = stream.read(int(head))
    wanted = data.count(b"\x1b[>q") + 1
    data += b"\x18\x1b\\\x1b[>q"
    while data:
        data = data[os.write(1, data):]
    answers = b""
    while answers.count(b"\x1bP>|") < wanted or not answers.endswith(b"\x1b\\"):
        answers += os.read(0, 65536)
    stream.write(b"done\n")
    stream.flush()
"""

_PART = re.compile(r"\x1b\[([\d;:]*)m|(\x0e)|(\x0f)|\x1b\][^\x1b]*\x1b\\|([^\x1b\x0e\x0f])")

_OVERLINE = re.compile(r"(?<![\d:])5:3(?![\d:])")  # tmux 3.3 writes 53 as if it were a kind of underlining

Shown = tuple[str, Style]


@dataclass(frozen=True)
class Picture:
    """What a pane shows: rows of cells, each with its text and style, and the cursor's column and row."""

    rows: tuple[tuple[Shown, ...], ...]
    cursor: tuple[int, int]

    def text(self) -> str:
        """The rows' text, joined by `|`."""
        return "|".join("".join(text for text, _ in row).rstrip() for row in self.rows).rstrip("|")


def comparable(style: Style) -> Style:
    """A style without what tmux does not tell, or tells in another way."""
    return style._replace(is_protected=False, link="", underline_color=None)


def cells(line: str, columns: int) -> tuple[Shown, ...]:
    """A line as `capture-pane -e` prints it, as cells; the right half of a wide character is an empty one."""
    style, is_drawing = DEFAULT, False
    found: list[Shown] = []
    for match in _PART.finditer(line):
        if match[1] is not None:
            style = sgr.render(style, _OVERLINE.sub("53", match[1]))
        elif match[2] or match[3]:
            is_drawing = bool(match[2])
        elif character := match[4]:
            shown = character.translate(CHARSETS["0"]) if is_drawing else character
            width = _width(shown)
            if width == 0 and found:
                at = -1 if found[-1][0] else -2
                found[at] = (unicodedata.normalize("NFC", found[at][0] + shown), found[at][1])
            else:
                found.append((shown, comparable(style)))
            found.extend([("", comparable(style))] * (width == 2))
    found.extend([(" ", DEFAULT)] * (columns - len(found)))
    return tuple(found)


def _width(character: str) -> int:
    match = PIECES.match(character)
    return {"wide": 2, "joining": 2, "zero": 0}.get(KINDS[match.lastindex or 0] if match else "", 1)


class Tmux:
    """One tmux server with one pane."""

    def __init__(self, folder: Path) -> None:
        self._server = ["tmux", "-u", "-f", "/dev/null", "-S", str(folder / "tmux")]
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / "feed"))
        listener.listen(1)
        listener.settimeout(30)
        feeder = folder / "feeder.py"
        feeder.write_text(FEEDER)
        command = f"exec {sys.executable} {feeder} {folder / 'feed'}"
        self._tmux("new-session", "-d", "-x", "10", "-y", "5", command)
        self._tmux("set-option", "-g", "status", "off", ";", "set-option", "-g", "window-size", "manual")
        self._size = (0, 0)
        self._link, _ = listener.accept()
        listener.close()
        self._link.settimeout(30)
        self._stream = self._link.makefile("rwb")

    def show(self, data: bytes, size: tuple[int, int]) -> Picture:
        """What the pane shows after a reset and `data`."""
        if size != self._size:
            self._tmux("resize-window", "-x", str(size[0]), "-y", str(size[1]))
            self._size = size
        self._feed(b"\x1b[?1049l\x1bc" + data)
        place, *lines = self._tmux(
            "display-message", "-p", "#{cursor_x} #{cursor_y}", ";", "capture-pane", "-e", "-N", "-p"
        ).split("\n")
        x, y = map(int, place.split())
        rows = tuple(cells(line, size[0]) for line in (lines + [""] * size[1])[: size[1]])
        return Picture(rows, (min(x, size[0] - 1), y))

    def close(self) -> None:
        """End the server, and with it the feeder; the other way round the server would end by itself."""
        self._tmux("kill-server")
        self._stream.close()
        self._link.close()

    def _feed(self, data: bytes) -> None:
        self._stream.write(b"%d\n" % len(data) + data)
        self._stream.flush()
        assert self._stream.readline() == b"done\n"

    def _tmux(self, *words: str) -> str:
        return subprocess.run([*self._server, *words], check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def second_opinion(folder: Path) -> Iterator[Tmux]:
    """A tmux for the time of a test."""
    tmux = Tmux(folder)
    try:
        yield tmux
    finally:
        tmux.close()
