"""A simulated host in memory, and someone who sits at a terminal of it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import struct
import termios
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from machined.host.inside import Pty, ShellRequest
from machined.host.simulated.clock import RunningClock, StandingClock
from machined.host.simulated.estate import Estate
from machined.host.simulated.machines import SimulatedMachine
from machined.host.simulated.population import populate
from machined.host.simulated.scenario import read_scenario
from machined.host.simulated.shell import close_all, open_shell
from machinedeck.term import Terminal
from tests.support.waiting import until

START = 1_700_000_000.0
"""Tue Nov 14 22:13:20 UTC 2023."""

SEQUENCES = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1b\][^\x07]*\x07")
"""What colours and moves."""

SCENARIO = """
[host]
hostname = "atlas"
system = "small"
uptime = "3d"
size = "10G"
age = "1y"
addresses = ["192.0.2.10"]

[systems.small]
init = "systemd"
bus = true
files = '''
-- /etc/hostname --
@hostname@
-- /etc/os-release --
PRETTY_NAME="Small Linux 1"
ID=small
-- /etc/passwd --
root:x:0:0:root:/root:/bin/bash
ada:x:1000:1000:Ada:/home/ada:/bin/bash
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
-- /etc/group --
root:x:0:
ada:x:1000:
-- /root/ 0700 --
-- /home/ada/ 0755 1000:1000 --
-- /srv/poem --
one fish
two fish
red fish
blue fish
'''
processes = '''
11M 0.0% root /sbin/init
14M 0.1% root /usr/lib/systemd/systemd-journald
9M 0.1% root sshd: /usr/sbin/sshd -D
'''

[[images]]
name = "web-1"
type = "directory"
system = "small"
size = "1G"
age = "9d"
addresses = ["10.0.0.11"]

[[images]]
name = "db-1"
type = "directory"
system = "small"
size = "1G"
age = "9d"

[[machines]]
name = "web-1"
since = "2d"

[[machines]]
name = "db-1"
since = "1d"
"""


def make_estate(folder: Path, clock: RunningClock | StandingClock | None = None) -> Estate:
    """A host with two containers that run; its clock stands unless another is given."""
    path = folder / "scenario.toml"
    path.write_text(SCENARIO)
    assert tomllib.loads(SCENARIO)
    estate = Estate(clock or StandingClock(300_000, START), 1, read_scenario(path))
    populate(estate)
    return estate


class Guest:
    """Someone at a terminal: types, and looks at the screen."""

    def __init__(self, pty: Pty, size: tuple[int, int] = (80, 24)) -> None:
        self.pty = pty
        self.fd = pty.fd
        self.output = b""
        self.has_ended = False
        self._runs = 0
        self.terminal = Terminal(*size)
        self.resize(*size)
        os.set_blocking(self.fd, False)
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return
        except OSError:
            self.has_ended = True
            asyncio.get_running_loop().remove_reader(self.fd)
            return
        self.output += data
        self.terminal.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Have a window of another size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.terminal.resize(columns, lines)

    def type(self, text: str | bytes) -> None:
        """Press keys."""
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    @property
    def rows(self) -> list[str]:
        """The screen, without the blanks at the ends of rows."""
        return [row.rstrip() for row in self.terminal.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.rows).rstrip()

    async def shows(self, wanted: str | Callable[[list[str]], object], seconds: float = 10) -> list[str]:
        """Wait until the screen shows something."""

        def is_so() -> object:
            return wanted(self.rows) if callable(wanted) else wanted in self.text

        try:
            await until(is_so, seconds)
        except AssertionError:
            raise AssertionError(f"not shown: {wanted}\n{self.text}") from None
        return self.rows

    async def ready(self) -> None:
        """Wait for a prompt in the last line."""
        await self.shows(
            lambda rows: [row for row in rows if row][-1:][0][-1:] in {"#", "$"} if any(rows) else False
        )

    async def run(self, command: str) -> list[str]:
        """Run a command at the prompt; the lines it wrote, and last its status."""
        await self.ready()
        self._runs += 1
        mark, before = f"end{self._runs}=", len(self.output)
        self.type(f"{command}\recho {mark}$?\r")
        found = re.compile(rf"{mark}(\d+)\r\n")

        def text() -> str:
            return SEQUENCES.sub("", self.output[before:].decode())

        try:
            await until(lambda: found.search(text()))
        except AssertionError:
            raise AssertionError(f"{command}: {self.text}") from None
        await self.ready()
        lines = text()[: text().rindex(mark)].split("\r\n")
        last = next(number for number, line in enumerate(lines) if re.search(rf"[#$] echo {mark}", line))
        tail = re.split(r"(?:root|ada)@", lines[last])[0].strip("\r")
        status = found.search(text())
        assert status
        return [*lines[1:last], *([tail] if tail else []), f"status={status[1]}"]

    async def ended(self) -> None:
        """Wait for the end of the terminal."""
        await until(lambda: self.has_ended, what="the terminal does not end")

    def hang_up(self) -> None:
        """Let go of the terminal."""
        if self.fd >= 0:
            asyncio.get_running_loop().remove_reader(self.fd)
            os.close(self.fd)
            self.fd = -1


class Room:
    """An estate with people at its terminals."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.guests: list[Guest] = []

    @property
    def machine(self) -> SimulatedMachine:
        """One of the machines."""
        return self.estate.machines["web-1"]

    def sit_down(self, pty: Pty, size: tuple[int, int] = (80, 24)) -> Guest:
        """Have somebody use a terminal."""
        guest = Guest(pty, size)
        self.guests.append(guest)
        return guest

    async def shell(
        self,
        user: str = "root",
        path: str = "",
        arguments: tuple[str, ...] = (),
        *,
        machine: str = "web-1",
        environment: tuple[str, ...] = (),
        size: tuple[int, int] = (80, 24),
    ) -> Guest:
        """Open a shell, on the host where the machine is ""."""
        request = ShellRequest(user, path, list(arguments), list(environment))
        pty = await open_shell(self.estate, self.estate.machines.get(machine), request)
        return self.sit_down(pty, size)

    async def advance(self, seconds: float) -> None:
        """Let the clock go on."""
        assert isinstance(self.estate.clock, StandingClock)
        await self.estate.clock.advance(seconds)


@contextlib.asynccontextmanager
async def open_room(folder: Path, clock: RunningClock | StandingClock | None = None) -> AsyncIterator[Room]:
    """An estate that is left as it must be."""
    room = Room(make_estate(folder, clock))
    try:
        yield room
    finally:
        await close_all(room.estate)
        for guest in room.guests:
            guest.hang_up()
        await room.estate.close()
