"""What real clients print about machines, on a host whose machines are served by whoever serves them there.

A `Play` keeps what each client printed, with all that differs from one run to the next masked: two plays of
the same steps on one host are alike if those who serve its machines are.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import NamedTuple

from tests.lab.host import LabHost
from tests.support.pty_program import PtyProgram

MASKS = (
    (r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\r", ""),  # colours, titles of terminals
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", "TIME"),
    (r"\b\d+(min|ms|s)( \d+(ms|s))? ago", "AGO"),
    (r"(Timestamp\w*=).*", r"\1TIME"),
    (r"(Leader[=:] ?)\d+", r"\1PID"),
    (r"^([├└│─ \t]+)\d+ (?=\S)", r"\1PID "),
    (r"(NetworkInterfaces=)\d+", r"\1INDEX"),
    (r"(Iface: ).*", r"\1LINK"),
    (r"(169\.254|192\.168)\.\d+\.\d+ *", "V4 "),
    (r"fe80::[0-9a-f:]+(%\w+)?", "V6"),
    (r"pts/\d+", "pts/N"),
    (r":1\.\d+", ":1.N"),
)
"""What differs from one run to the next, and what stands in its place."""


class Printed(NamedTuple):
    """What a client said, and how it ended."""

    code: int
    out: str
    err: str


class Play:
    """Runs clients in a host, and keeps what they print, by the titles they are given."""

    def __init__(self, host: LabHost) -> None:
        self.host = host
        self.printed: dict[str, Printed] = {}

    def ask(self, *command: str, title: str = "", user: str | None = None, only: str = ".") -> Printed:
        """Run a client to its end; of the lines that it prints, keep those that fit a pattern."""
        reading, writing = os.pipe()  # machinectl leaves a shell when its input ends, whatever is yet to come
        try:
            done = subprocess.run(
                [*self.host.words(*command, user=user, SYSTEMD_PAGER="", COLUMNS="200")],
                stdin=reading,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            os.close(reading)
            os.close(writing)
        printed = Printed(done.returncode, _masked(done.stdout, only), _masked(done.stderr, "."))
        assert title not in self.printed
        self.printed[title or " ".join(command)] = printed
        return printed

    def terminal(self, *command: str) -> PtyProgram:
        """A client in a terminal of its own; a context manager that ends it."""
        return PtyProgram([*self.host.words(*command, TERM="xterm-256color", SYSTEMD_PAGER="")])

    def note(self, title: str, text: str) -> None:
        """Keep something that was seen beside what clients print."""
        self.printed[title] = Printed(0, text, "")


def _masked(text: str, only: str) -> str:
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.splitlines() if re.search(only, line))
