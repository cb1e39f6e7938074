"""Starting the console: the line's speed is looked at before Textual is."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from machined.contract import IMAGE_FOLDERS
from machinedeck.core.follower import Follower, Local
from machinedeck.core.host import SYSTEM_BUS, Host
from machinedeck.core.journal import Journal
from machinedeck.core.setup import Setup, read_setup
from machinedeck.core.store import Store
from machinedeck.model.event import Listener
from machinedeck.sources.environment import first_environment, operator_name
from machinedeck.ui.options import Options, read_options
from machinedeck.ui.spared import spare_palette

if TYPE_CHECKING:
    from machinedeck.ui.app import MachinedeckApp

FIRST_LOOK_SECONDS = 0.1
"""How long a slow bus may keep the first picture waiting."""

TURNS_TO_SEND = 3
"""Turns of the event loop in which a question gets from its task to the socket."""

DEMO_IMAGES_SECONDS = 2.0
"""How often the images of a made-up host are listed anew: it has no folders to watch."""


def open_console(
    host: Host, setup: Setup | None = None, *, leave_key: str | None = None, has_mouse: bool = True
) -> int:
    """Run the console on `host`, or on a made-up one if that was wanted, until it is left; the exit code.

    Args:
        host: The host to show.
        setup: What the operator has set; read here unless given.
        leave_key: The key that leaves a terminal, as `term.chords` names it; what is set unless given.
        has_mouse: Whether the mouse may be listened to.
    """
    setup = setup or read_setup(None, os.environ, os.geteuid())
    options = read_options(first_environment(), setup.config)._replace(notice=setup.places.notice)
    if leave_key is not None:
        options = options._replace(leave_key=leave_key)
    if not has_mouse:
        options = options._replace(has_mouse=False)
    if options.is_calm:
        # Read once when Textual is imported; what the operator set himself stays.
        os.environ.setdefault("TEXTUAL_FPS", "15")
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    app = asyncio.run(_run(host, options, setup))
    if app.wants_demo:
        from machinedeck.bus.child import DEMO_SEED  # noqa: PLC0415 - seldom needed
        from machinedeck.bus.demo import demo_host  # noqa: PLC0415 - seldom needed

        app = asyncio.run(_run(demo_host(DEMO_SEED, is_read_only=host.is_read_only), options, setup))
    return app.return_code or 0


async def _run(host: Host, options: Options, setup: Setup) -> MachinedeckApp:
    watch_images = _poll_images if host.is_demo else _watch_images
    # Locks are looked at here: they tell nothing of another host
    watch_work = _watch_work if host.mode == SYSTEM_BUS else None
    follower = Follower(host, Store(), watch_images, watch_work, _local(host))
    follower.hold_details()  # until the first picture is drawn
    following = follower.start()
    if not host.is_demo:
        # Textual takes a quarter of a second to import: what the bus has to say is asked for before that.
        # The service of a demo needs that time itself to get ready.
        await _first_questions(follower)
    spare_palette()
    from machinedeck.ui.app import MachinedeckApp  # noqa: PLC0415 - see above
    from machinedeck.ui.keyboard import KeyboardDriver  # noqa: PLC0415 - see above
    from machinedeck.ui.stacks import write_stacks_on_signal  # noqa: PLC0415 - see above

    # What is done to a made-up host is nobody's to answer for.
    journal = Journal(None if host.is_demo else setup.places.state)
    app = MachinedeckApp(
        follower,
        options,
        driver=KeyboardDriver,
        journal=journal,
        operator=operator_name(os.environ),
        config=setup.config,
    )
    await _first_answers(follower)
    write_stacks_on_signal(app, setup.places.state)
    try:
        await app.run_async(mouse=options.has_mouse)
    finally:
        if not following.cancelling():
            following.cancel()  # a second time would disturb it while it lets go of the host
        await asyncio.wait([following])
    return app


def _local(host: Host) -> Local | None:
    """What looks at files of this host, if it is the one that is shown."""
    if host.is_demo or host.mode != SYSTEM_BUS:
        return None
    from machinedeck.sources.interfaces import interface_name  # noqa: PLC0415 - not for other hosts
    from machinedeck.sources.space import read_space  # noqa: PLC0415 - see above
    from machinedeck.sources.usage.local import LocalUsage  # noqa: PLC0415 - see above
    from machinedeck.sources.usage.processes import send_signal  # noqa: PLC0415 - see above

    return Local(LocalUsage(), read_space, send_signal, interface_name)


async def _first_questions(follower: Follower) -> None:
    """Wait until the first questions are on their way: their answers come while Textual is imported."""
    try:
        async with asyncio.timeout(FIRST_LOOK_SECONDS):
            await follower.has_asked.wait()
            for _ in range(TURNS_TO_SEND):
                await asyncio.sleep(0)
    except TimeoutError:
        return  # the console shows that it is connecting, and fills as answers come


async def _first_answers(follower: Follower) -> None:
    """Wait for the first list: then the first picture has it, and need not be drawn twice."""
    try:
        async with asyncio.timeout(FIRST_LOOK_SECONDS):
            await follower.has_looked.wait()
    except TimeoutError:
        return  # see above


async def _watch_images(on_change: Callable[[], None]) -> None:
    from machinedeck.sources.image_folders import follow_image_folders  # noqa: PLC0415 - not needed at once

    await follow_image_folders(IMAGE_FOLDERS, on_change)


async def _watch_work(store: Store, listener: Listener) -> None:
    from machinedeck.sources.copy_work import CopyWork  # noqa: PLC0415 - not needed at once
    from machinedeck.sources.long_work import LongWork, Looks, follow_long_work  # noqa: PLC0415 - see above

    images = LongWork(lambda name: name in store.registered)
    copies = CopyWork(lambda: {name: one.leader for name, one in store.registered.items() if one.leader})
    await follow_long_work(Looks(images, copies), listener)


async def _poll_images(on_change: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(DEMO_IMAGES_SECONDS)
        on_change()
