"""Where the program starts: reads the command line and opens the console or answers a verb."""

from __future__ import annotations

import gc
import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from machined.loop import import_asyncio
from machinedeck.cli.arguments import DEMO, DOCTOR, SERVICE, SYSTEM, read_arguments

if TYPE_CHECKING:
    from machinedeck.bus.child import Child
    from machinedeck.core.host import Host
    from machinedeck.core.setup import Setup


def main() -> int:
    """Run machinedeck; the exit code."""
    # Nothing that starting makes is garbage, and looking for it takes a tenth of the time; the console
    # and the verbs switch it on again.
    gc.disable()
    _have_streams()
    arguments = read_arguments(sys.argv[1:])
    if arguments.verb == SERVICE:
        from machinedeck.cli.service import run_service  # noqa: PLC0415 - the program becomes another

        return run_service(arguments.arguments)
    if arguments.verb == DOCTOR:
        return _run_doctor(is_json=arguments.json)
    # A wrong command line is told at once; what is needed for a right one is imported from here on.
    import_asyncio()
    is_console = not arguments.verb and _has_screen()
    child = _demo_child(arguments.seed) if arguments.bus == DEMO else None
    setup = None
    if is_console or arguments.config is not None:
        try:
            setup = _setup(arguments.config)
        except ValueError as error:
            if child is not None:
                child.finish()
            sys.stderr.write(f"machinedeck: {error}\n")
            return 2
    is_read_only = arguments.read_only or bool(setup and setup.config["console.read_only"])
    if arguments.bus == DEMO:
        host = _demo(arguments.seed, child, is_read_only=is_read_only)
    else:
        host = _bus_host(arguments.bus, is_read_only=is_read_only)
    if not is_console:
        return _run_verb(host, arguments)
    from machinedeck.ui.start import open_console  # noqa: PLC0415 - not for verbs

    return open_console(host, setup, leave_key=arguments.leave_key, has_mouse=not arguments.no_mouse)


def _have_streams() -> None:
    """Have standard input, output and errors, if only nowhere: whoever started us may have closed them.

    What is opened next would get their numbers, and be taken for them by every program that we start.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest number that is free, and so the one that is missing (open(2))
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC), mode))


def _setup(file: str | None) -> Setup:
    from machinedeck.core.setup import read_setup  # noqa: PLC0415 - see `main`

    return read_setup(file, os.environ, os.geteuid())


def _run_doctor(*, is_json: bool) -> int:
    from machined.wire import system_address  # noqa: PLC0415 - see `main`
    from machinedeck.cli.answer import end_on_interrupt  # noqa: PLC0415 - see `main`
    from machinedeck.cli.doctor import run_doctor  # noqa: PLC0415 - see `main`

    end_on_interrupt()
    return run_doctor(system_address(), is_json=is_json)


def _demo_child(seed: int) -> Child | None:
    """The service of a made-up host; it is started first and gets ready while we do."""
    from machinedeck.bus.child import Child, demo_command  # noqa: PLC0415 - see `main`
    from machinedeck.model.failure import Failure  # noqa: PLC0415 - see `main`

    try:
        return Child(demo_command(seed))
    except Failure:
        return None  # the host tries it again when it is opened, and says what is wrong


def _demo(seed: int, child: Child | None, *, is_read_only: bool) -> Host:
    from machinedeck.bus.demo import demo_host  # noqa: PLC0415 - see `main`

    return demo_host(seed, child, is_read_only=is_read_only)


def _bus_host(bus: str, *, is_read_only: bool) -> Host:
    import socket  # noqa: PLC0415 - see `main`

    from machined.wire import system_address  # noqa: PLC0415 - see `main`
    from machinedeck.bus.host import BusHost  # noqa: PLC0415 - see `main`

    is_system = bus == SYSTEM
    return BusHost(
        system_address() if is_system else bus,
        name=socket.gethostname(),
        mode="system bus" if is_system else bus,
        is_read_only=is_read_only,
    )


def _run_verb(host: Host, arguments: Namespace) -> int:
    """Answer a verb; without one, where no screen can be painted, `list`."""
    from machinedeck.cli.answer import end_on_interrupt  # noqa: PLC0415 - see `main`
    from machinedeck.cli.verbs import run_verb  # noqa: PLC0415 - see `main`

    end_on_interrupt()
    return run_verb(
        host,
        arguments.verb or "list",
        is_json=getattr(arguments, "json", False),
        is_all=getattr(arguments, "all", False),
    )


def _has_screen() -> bool:
    """Whether there is a terminal that can be painted; a dumb one gets plain lines (term(7))."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    return is_terminal and os.environ.get("TERM", "") not in {"", "dumb"}


if __name__ == "__main__":
    sys.exit(main())
