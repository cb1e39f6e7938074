"""Where the program starts: reads the command line and opens the console or answers a verb."""

from __future__ import annotations

import gc
import os
import socket
import sys
from typing import TYPE_CHECKING

from machinedeck.cli.arguments import SYSTEM, read_arguments

if TYPE_CHECKING:
    from machinedeck.core.host import Host


def main() -> int:
    """Run machinedeck; the exit code."""
    # Nothing that starting makes is garbage, and looking for it takes a tenth of the time; the console
    # and the verbs switch it on again.
    gc.disable()
    arguments = read_arguments(sys.argv[1:])
    from machined.wire import system_address  # noqa: PLC0415 - a wrong command line is told at once
    from machinedeck.bus.host import BusHost  # noqa: PLC0415

    is_system = arguments.bus == SYSTEM
    host = BusHost(
        system_address() if is_system else arguments.bus,
        name=socket.gethostname(),
        mode="system bus" if is_system else arguments.bus,
    )
    if arguments.verb or not _has_screen():
        from machinedeck.cli.verbs import run_verb  # noqa: PLC0415

        verb = arguments.verb or "list"
        return run_verb(
            host,
            verb,
            is_json=getattr(arguments, "json", False),
            is_all=getattr(arguments, "all", False),
        )
    return _open_console(host)


def _has_screen() -> bool:
    """Whether there is a terminal that can be painted; a dumb one gets plain lines (term(7))."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    return is_terminal and os.environ.get("TERM", "") not in {"", "dumb"}


def _open_console(host: Host) -> int:
    from machinedeck.ui.start import open_console  # noqa: PLC0415 - Textual is a quarter second

    return open_console(host)


if __name__ == "__main__":
    sys.exit(main())
