"""Starting the console: the line's speed is looked at before Textual is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from machined.contract import IMAGE_FOLDERS
from machinedeck.core.follower import Follower
from machinedeck.core.host import Host
from machinedeck.core.store import Store
from machinedeck.ui.options import Options, first_environment, read_options

FIRST_LOOK_SECONDS = 0.1
"""How long a slow bus may keep the first picture waiting."""

TURNS_TO_SEND = 3
"""Turns of the event loop in which a question gets from its task to the socket."""


def open_console(host: Host) -> int:
    """Run the console on `host` until it is left; the exit code."""
    options = read_options(first_environment())
    if options.is_calm:
        # Read once when Textual is imported; what the operator set himself stays.
        os.environ.setdefault("TEXTUAL_FPS", "15")
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    return asyncio.run(_run(host, options))


async def _run(host: Host, options: Options) -> int:
    follower = Follower(host, Store(), _watch_images)
    follower.hold_details()  # until the first picture is drawn
    following = follower.start()
    # Textual takes a quarter of a second to import: what the bus has to say is asked for before that.
    await _first_look(follower)
    from machinedeck.ui.app import MachinedeckApp  # noqa: PLC0415 - see above
    from machinedeck.ui.keyboard import KeyboardDriver  # noqa: PLC0415 - see above

    app = MachinedeckApp(follower, options, driver=KeyboardDriver)
    try:
        await app.run_async()
    finally:
        following.cancel()
        await asyncio.wait([following])
    return app.return_code or 0


async def _first_look(follower: Follower) -> None:
    """Wait until the first questions are on their way: their answers come while Textual is imported."""
    try:
        async with asyncio.timeout(FIRST_LOOK_SECONDS):
            await follower.has_asked.wait()
            for _ in range(TURNS_TO_SEND):
                await asyncio.sleep(0)
    except TimeoutError:
        return  # the console shows that it is connecting, and fills as answers come


async def _watch_images(on_change: Callable[[], None]) -> None:
    from machinedeck.sources.image_folders import follow_image_folders  # noqa: PLC0415 - not needed at once

    await follow_image_folders(IMAGE_FOLDERS, on_change)
