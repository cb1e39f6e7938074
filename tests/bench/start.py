"""From typing `machinedeck` to a list that can be used: on a bus with 50 machines, and in the demo."""

from __future__ import annotations

import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

from tests.bench.rows import Measure
from tests.support.daemon import private_daemon

TIMES = 15
MACHINES = 50
DEMO_MACHINES = [b"build-runner-7", b"web-2"]
"""The first and one of the last that run in the demo's estate."""
GOAL = "<= 1.25"
TOP = Path(__file__).parents[2]


def seconds_until(command: list[str], texts: list[bytes]) -> float:
    """How long a program takes until the last of `texts` is on its way to a terminal of 120 by 100."""
    master, slave = pty.openpty()
    ioctl(master, TIOCSWINSZ, struct.pack("HHHH", 100, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    environment.pop("SSH_CONNECTION", None)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, cwd=TOP
    )
    os.close(slave)
    seen = b""
    try:
        while not all(text in seen for text in texts):
            missing = [text for text in texts if text not in seen]
            is_late = time.perf_counter() - began > 20 or not select.select([master], [], [], 20)[0]
            assert not is_late, f"{command}: {missing} is missing in {seen[-2000:]!r}"
            seen += os.read(master, 65536)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(master)


def measure() -> list[Measure]:
    """Ours and the reference in turn, medians of both."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder, private_daemon(Path(folder)) as address:
        service = subprocess.Popen(
            [python, "-m", "tests.support.machine1", address, str(MACHINES)],
            stdout=subprocess.PIPE,
            cwd=TOP,
        )
        assert service.stdout is not None
        try:
            assert service.stdout.readline() == b"ready\n"
            names = [f"machine-{number:02}".encode() for number in range(MACHINES)]
            ours = [python, "-m", "machinedeck", "--bus", address]
            demo = [python, "-m", "machinedeck", "--demo"]
            listed, complete, made_up, reference = [], [], [], []
            for _ in range(TIMES):
                reference.append(seconds_until([python, "-m", "tests.bench.one_row"], [b"machine-49"]))
                listed.append(seconds_until(ours, names))
                complete.append(seconds_until(ours, [*names, b"10.0.0.49"]))
                made_up.append(seconds_until(demo, DEMO_MACHINES))
        finally:
            service.terminate()
            service.wait()
            service.stdout.close()
    base = statistics.median(reference)
    what = "Textual app, one row"
    return [
        Measure("start", f"{MACHINES} machines listed", statistics.median(listed), "s", what, base, GOAL),
        Measure("start", "… with state, OS and addresses", statistics.median(complete), "s", what, base, ""),
        Measure("start", "the demo's machines listed", statistics.median(made_up), "s", what, base, GOAL),
    ]
