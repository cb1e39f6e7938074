"""Programs in machines that are started from outside of our own unit.

What a unit forbids itself its children cannot have either: with `NoNewPrivileges=` no sudo works, and with
`MemoryDenyWriteExecute=` no program that compiles as it runs. So the host's service manager is asked for a
process that does what the helper would: for one wish, and without these.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket

from machined.host.errors import Refused
from machined.host.inside import Place
from machined.host.linux.inside.buses import Managers, NoManager
from machined.host.linux.inside.helper import Helper, helper_command, make_room
from machined.wire import Variant

logger = logging.getLogger(__name__)

HOST = Place(".host", 1, is_host=True)


class Outside:
    """Starts programs on terminals of machines that have no service manager.

    Args:
        helper: Starts them where the host has no service manager either.
        managers: The way to the host's.
    """

    def __init__(self, helper: Helper, managers: Managers) -> None:
        self._helper = helper
        self._managers = managers
        self._numbers = itertools.count(1)

    async def start_program(self, place: Place, arguments: list[bytes], terminal: int) -> None:
        """Have a program started; see `Helper.start_program`.

        Raises:
            OSError: ENOENT, no such user or program; EACCES, it cannot be executed; others of execve(2).
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            ours.setblocking(False)
            make_room(ours)
            try:
                await self._start_process(place, theirs)
            except NoManager:
                logger.debug("the host has no service manager: the helper starts it")
            except (Refused, OSError) as error:
                logger.warning(
                    "%s is entered by our own helper, without new privileges: %s", place.name, error
                )
            else:
                theirs.close()
                await self._helper.start_program(place, arguments, terminal, by=ours)
                return
        await self._helper.start_program(place, arguments, terminal)

    async def _start_process(self, place: Place, sock: socket.socket) -> None:
        """Have a process started that takes one wish from a socket (systemd.exec(5))."""
        unit = f"machine-shell-{os.getpid()}-{next(self._numbers)}.service"
        words = helper_command("main_once", 0)
        async with self._managers.of(HOST) as ask:
            properties = [
                ["Description", Variant("s", f"Shell in machine {place.name}")],
                ["CollectMode", Variant("s", "inactive-or-failed")],
                [
                    "KillMode",
                    Variant("s", "process"),
                ],  # where the machine's groups took the program it is not here
                ["StandardInputFileDescriptor", Variant("h", os.dup(sock.fileno()))],  # sending closes it
                ["StandardOutput", Variant("s", "null")],
                # What our own unit may call: there are machines whose programs may call no more
                ["SystemCallFilter", Variant("(bas)", [True, ["@system-service", "@mount"]])],
                ["SystemCallErrorNumber", Variant("i", 1)],
                ["SystemCallArchitectures", Variant("as", ["native"])],
                ["ExecStart", Variant("a(sasb)", [[words[0], words, False]])],
            ]
            await ask("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", properties, [])
