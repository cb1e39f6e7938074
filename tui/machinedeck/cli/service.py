"""Starting the service by hand: the console makes way for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from machinedeck.bus.child import service_command


def run_service(arguments: Sequence[str]) -> int:
    """Become the service (execve(2)); it reads `arguments` itself. Returns an exit code if that fails."""
    command = service_command(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(command[0], command)  # noqa: S606 - there is nothing for a shell to read
    except OSError as error:
        print(f"machinedeck: The service could not be started: {error}.", file=sys.stderr)  # noqa: T201
        return 1
