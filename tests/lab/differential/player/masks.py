"""What differs from run to run, by the names of what it stands for."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from pathlib import Path
from typing import Any

from tests.lab.differential.player.marshalling import Typed

TIMES = {"Timestamp", "TimestampMonotonic", "REALTIME", "MONOTONIC"}
FLAGS = {
    "O_WRONLY": os.O_WRONLY,
    "O_RDWR": os.O_RDWR,
    "O_NONBLOCK": os.O_NONBLOCK,
    "O_PATH": os.O_PATH,
}
TIOCGPTN = 0x80045430
"""Asks a pty master for its number: ioctl_tty(2). The termios module has had it since Python 3.13."""
PTS = re.compile(r"(pts/|container-(?:shell|getty)@)\d+")
MOMENTS = {"CreationTimestamp", "ModificationTimestamp"}
"""Times of images, of which those are told that were set."""
RECENT = 1_600_000_000_000_000
"""Microseconds since the epoch, from which on a time is that of the run."""
UNKNOWN = (1 << 64) - 1
LONGEST = 4000
RUN = re.compile(r"(.)\1{99,}")
UNIQUE = re.compile(r":1\.\d+\b")


class Names:
    """The processes that the scenario knows, and how values are written down."""

    def __init__(self) -> None:
        self.pids: dict[int, str] = {}
        self._machine_id = Path("/etc/machine-id").read_text().strip()

    def pid(self, pid: int) -> str:
        """A process by its part."""
        return f"<{self.pids[pid]}>" if pid in self.pids else "<a stranger>"

    def text(self, text: str) -> str:
        """A text without numbers of terminals and jobs, and not too long."""
        if len(text) > LONGEST:
            return f"<{len(text)} characters>"
        text = RUN.sub(lambda run: f"<{len(run[0])} times {run[1]}>", text)
        text = UNIQUE.sub(":1.<n>", PTS.sub(r"\1<n>", text)).replace(self._machine_id, "<machine-id>")
        return re.sub(r"/org/freedesktop/systemd1/job/\d+", "/org/freedesktop/systemd1/job/<n>", text)

    def sentence(self, text: str) -> str:
        """A message of an error, whose process ids stand anywhere in it.

        What dbus-daemon says of a call that its policy does not let pass ends with facts of the run.
        """
        text = text.partition(";")[0] if text.startswith("Rejected send message") else text
        return re.sub(r"\d+", lambda found: self._number(found[0]), self.text(text))

    def _number(self, digits: str) -> str:
        return f"<{self.pids[int(digits)]}>" if int(digits) in self.pids else digits

    def field(self, key: str, value: Any, machine: str = "") -> Any:
        """The value of a property or of a key of a state file."""
        bare = value.value if isinstance(value, Typed) else value
        masked = bare
        if key in {"Leader", "LEADER"} and int(bare) != 1:
            masked = self.pid(int(bare))
        elif key in TIMES:
            masked = "<time>" if int(bare) or machine == ".host" else 0
        elif key == "PoolUsage":  # of all that is in it, as the file system happens to put it
            masked = "<bytes>" if int(bare) < UNKNOWN else bare
        elif key in MOMENTS:
            masked = moment(int(bare))
        elif key == "VSockCID" and machine == ".host":
            masked = "<1 where there are vsocks>" if bare in {1, 0xFFFFFFFF} else bare
        masked = self.shown(masked)
        return [value.signature, masked] if isinstance(value, Typed) else masked

    def shown(self, value: Any) -> Any:
        """A value as JSON has it."""
        if isinstance(value, Typed):
            return [value.signature, self.shown(value.value)]
        if isinstance(value, bytes):
            return self.text(value.hex())
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.shown(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.field(key, item) for key, item in value.items()}
        return value

    def descriptor(self, fd: int) -> str:
        """What a descriptor leads to, and how it is open."""
        kind = os.fstat(fd)
        mode = fcntl.fcntl(fd, fcntl.F_GETFL)
        flags = [name for name, bit in FLAGS.items() if mode & bit == bit]
        if stat.S_ISDIR(kind.st_mode):
            what = self._directory(kind)
        elif stat.S_ISCHR(kind.st_mode):
            what = "terminal" if os.isatty(fd) else "character device"
            if _is_master(fd):
                what = "pty master"
        else:
            what = f"file of type {stat.S_IFMT(kind.st_mode):o}"
        return f"<{' '.join([what, *flags])}>"

    def _directory(self, found: os.stat_result) -> str:
        for pid, name in {1: "the host", **self.pids}.items():
            try:
                root = os.stat(f"/proc/{pid}/root/.")
            except FileNotFoundError:  # it ended
                continue
            if os.path.samestat(root, found):
                return f"root of {name}"
        return "directory"


def moment(value: int) -> Any:
    """A time in microseconds since the epoch."""
    return "<now>" if value > RECENT else value


def _is_master(fd: int) -> bool:
    try:
        fcntl.ioctl(fd, TIOCGPTN, bytes(4))
    except OSError:
        return False
    return True
