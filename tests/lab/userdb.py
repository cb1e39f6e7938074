"""Machines that map users in lab hosts, and what a host answers who asks for those users."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from machined.host.inside import IdRange
from tests.lab.host import LabHost
from tests.lab.images import MANAGER, machine_names
from tests.lab.place import wait_until
from tests.service.varlink import asking

SOCKET = "/run/systemd/userdb/io.systemd.Machine"

#: A process with maps of its own; it is the child of its unit's first process, and may end before that.
MAPPED = """
import ctypes, os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
told, tell = os.pipe()
ready, make_ready = os.pipe()
pid = os.fork()
if not pid:
    ctypes.CDLL(None).unshare(0x10000000)  # CLONE_NEWUSER, unshare(2)
    os.write(tell, b"x")
    os.read(ready, 1)
    while True:
        signal.pause()
os.read(told, 1)
for name, lines in zip(("uid_map", "gid_map"), sys.argv[2:]):
    with open(f"/proc/{pid}/{name}", "w") as file:
        file.write(lines)
os.write(make_ready, b"x")
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(pid))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    signal.pause()
"""


@contextlib.contextmanager
def mapped(host: LabHost, name: str, users: Sequence[IdRange], groups: Sequence[IdRange]) -> Iterator[int]:
    """Have a container that is one process with users and groups of its own; gives that process."""
    unit, note = f"lab-mapped-{name}.service", f"/run/lab-mapped-{name}"
    maps = ["".join(f"{one.inner} {one.outer} {one.length}\n" for one in some) for some in (users, groups)]
    words = ["systemd-run", "--quiet", "--collect", f"--unit={unit}"]
    host.ask(*words, "python3", "-c", MAPPED, note, *maps)
    try:
        wait_until((host.root / note[1:]).exists, f"{name} has its maps")
        leader = host.ask("cat", note)
        host.ask(
            "busctl",
            "call",
            *MANAGER,
            "RegisterMachine",
            "sayssus",
            name,
            "0",
            "lab",
            "container",
            leader,
            "",
        )
        yield int(leader)
    finally:
        host.run("systemctl", "stop", unit, check=False)
        host.run("rm", "-f", note)
        wait_until(lambda: name not in machine_names(host), f"{name} is no longer listed")


def answers(host: LabHost, questions: Sequence[str], path: str = SOCKET) -> dict[str, str | None]:
    """What a service of a host answers to each question; None where it ended the connection instead."""
    program = Path(asking.__file__).read_text()
    words = json.dumps(questions)
    said = host.run("python3", "-c", program, path, stdin=words).stdout
    return dict(zip(questions, json.loads(said), strict=True))
