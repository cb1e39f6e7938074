"""Commands that are run in a machine for what no interface offers."""

from __future__ import annotations

import asyncio
import os

SAID_LIMIT = 4096
"""Bytes of what a command says that are kept: enough for an error."""

PATIENCE = 30.0
"""Seconds that such a command may take."""


async def command_end(fd: int) -> str:
    """Wait until the terminal `fd` is hung up, and close it; what was said on it.

    Raises:
        TimeoutError: The command did not end within `PATIENCE`.
    """
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    said = bytearray()

    def on_readable() -> None:
        try:
            data = os.read(fd, SAID_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: the last of the other ends was closed (pty(7))
        said.extend(data[: SAID_LIMIT - len(said)])
        if not data and not ended.done():
            ended.set_result(None)

    os.set_blocking(fd, False)
    loop.add_reader(fd, on_readable)
    try:
        await asyncio.wait_for(ended, PATIENCE)
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return said.decode(errors="replace").strip()
