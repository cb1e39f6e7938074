"""Copying text to the clipboard of the operator's own terminal (OSC 52), through tmux and screen too."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Mapping
from typing import NamedTuple

CLIPBOARD_BYTES = 74_994
"""The longest text that is copied: what terminals take of OSC 52, 100,000 bytes in all."""

SCREEN_PIECE = 240
"""Bytes that screen passes on at once; it cuts what is longer."""

TMUX_SECONDS = 2.0
"""How long tmux may take to answer."""


class Copied(NamedTuple):
    """What was copied of a text, in bytes."""

    taken: int
    size: int

    def __str__(self) -> str:
        if self.taken == self.size:
            return f"Copied {self.size} bytes."
        return f"Copied {self.taken} of {self.size} bytes; save it to a file instead."


def multiplexer(environment: Mapping[str, str]) -> str:
    """What stands between us and the operator's terminal: "tmux", "screen" or "" for nothing."""
    if environment.get("TMUX"):
        return "tmux"
    return "screen" if environment.get("STY") or environment.get("TERM", "").startswith("screen") else ""


def cut(text: str) -> tuple[bytes, Copied]:
    """As much of a text as a terminal takes, with no character cut in two."""
    content = text.encode("utf-8", "replace")
    kept = (
        content[:CLIPBOARD_BYTES].decode("utf-8", "ignore").encode()
        if len(content) > CLIPBOARD_BYTES
        else content
    )
    return kept, Copied(len(kept), len(content))


def sequence(content: bytes, through: str) -> str:
    """What makes the operator's terminal take `content`, wrapped for what it goes through.

    Sources: xterm's ctlseqs for OSC 52; tmux(1) `allow-passthrough`; screen's manual, "Control Sequences".
    """
    plain = f"\x1b]52;c;{base64.b64encode(content).decode()}\x07"
    if through == "tmux":
        return "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if through == "screen":
        pieces = [plain[at : at + SCREEN_PIECE] for at in range(0, len(plain), SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain


async def give_to_tmux(content: bytes) -> bool:
    """Put text into tmux's own buffer and, where tmux may, into the clipboard; whether that worked."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return False  # no tmux to be found here: the sequence is tried instead
    try:
        async with asyncio.timeout(TMUX_SECONDS):
            await process.communicate(content)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):  # it has ended this very moment
            process.kill()
    return await process.wait() == 0
