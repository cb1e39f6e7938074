"""What real clients print, on a host whose machines and images are served by whoever serves them there.

A `Play` keeps what each client printed, with all that differs from one run to the next masked: two plays of
the same steps on one host are alike if those who serve its machines are.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
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
    (r"^ *c?\d+( +\d+ \w+ .*pts/N)", r"SESSION\1"),
    (r"^(SESSION +\d+ \w+ +- +)\d+", r"\1PID"),
    (r"^((Imported|Exported) \d+%\.|Total: +\d+%)\n", ""),
    (r'"(created|modified)":[1-9]\d*', r'"\1":"TIME"'),
    (r"\b(transfer job) \d+", r"\1 N"),
)
"""What differs from one run to the next, and what stands in its place."""


SEEN = "what is there then"
"""What stands for a client where the host itself is looked at."""


class Printed(NamedTuple):
    """What a client said, how it ended, and which it was, as `client_of` calls it."""

    code: int
    out: str
    err: str
    client: str


Prints = dict[str, Printed]
"""What clients printed, by the titles of what was asked."""


class Play:
    """Runs clients in a host, and keeps what they print, by the titles they are given."""

    def __init__(self, host: LabHost) -> None:
        self.host = host
        self.printed: Prints = {}

    def ask(
        self,
        *command: str,
        title: str = "",
        user: str | None = None,
        only: str = ".",
        is_ordered: bool = True,
    ) -> Printed:
        """Run a client to its end, and keep what it prints.

        Args:
            command: Its words.
            title: What it is called; the command itself, if nothing is given.
            user: Who runs it; else root.
            only: A pattern that the lines fit which are kept.
            is_ordered: Whether the order of the lines counts; else they are sorted.
        """
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
        said = [_masked(done.stdout, only), _masked(done.stderr, ".")]
        out, err = said if is_ordered else ["\n".join(sorted(one.splitlines())) for one in said]
        printed = Printed(done.returncode, out, err, client_of(command))
        title = title or " ".join(command)
        assert title not in self.printed, f"{title} is there already"
        self.printed[title] = printed
        return printed

    def terminal(self, *command: str) -> PtyProgram:
        """A client in a terminal of its own; a context manager that ends it."""
        return PtyProgram([*self.host.words(*command, TERM="xterm-256color", SYSTEMD_PAGER="")])

    def note(self, title: str, text: str, client: str = SEEN) -> None:
        """Keep something that was seen beside what clients print, or of one in a terminal."""
        self.printed[title] = Printed(0, text, "", client)


def client_of(command: Sequence[str]) -> str:
    """What a client is called in a list of all: its name with the verb, or with -M."""
    program, *words = command
    if program in {"sh", "cmp", "findmnt"}:
        return SEEN
    if program != "machinectl" and any(word.startswith("--machine=") for word in words):
        return f"{program} -M"
    return f"{program} {next(word for word in words if not word.startswith('-'))}"


def surprises(real: Prints, ours: Prints, known: Mapping[str, str]) -> list[str]:
    """What is printed otherwise and is not known to be; and what is said to be and is not."""
    assert list(real) == list(ours)
    differing = [title for title in real if real[title] != ours[title]]
    found = [
        f"{title}:\n  systemd-machined: {real[title]}\n  ours:             {ours[title]}"
        for title in differing
        if title not in known
    ]
    return [*found, *(f"{title} is said to differ and does not" for title in known if title not in differing)]


def _masked(text: str, only: str) -> str:
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and re.search(only, line))
