"""Runs inside a host: takes away what is not copied yet while an image is; prints what was there then.

    vanishing.py SOURCE COPY

The worker stands still meanwhile, so that it meets none of what it had listed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

POOL = Path("/var/lib/machines")
SLICE = 0.002
"""Seconds that the worker goes on for until it is looked at again."""


def children(pid: int) -> list[int]:
    """Those of a process."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nursery() -> int:
    """The process that the workers of the service are born in."""
    said = subprocess.run(["pgrep", "-f", "storage[.]nursery"], capture_output=True, text=True, check=True)
    return int(said.stdout)


def signal_all(pids: list[int], number: int) -> None:
    """Signal processes."""
    for pid in pids:
        os.kill(pid, number)


def unfinished() -> list[Path]:
    """What is copied of the image so far."""
    return [one for folder in POOL.glob(".#clone-*") if folder.is_dir() for one in folder.iterdir()]


def main(source: str, copy: str) -> None:
    """Clone, and take away what is not copied once some is."""
    home = nursery()
    client = subprocess.Popen(["machinectl", "clone", source, copy], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (workers := children(home)) and time.monotonic() < deadline:
        continue  # it is quick: nobody sleeps here
    signal_all(workers, signal.SIGSTOP)
    while not unfinished() and time.monotonic() < deadline:
        signal_all(workers, signal.SIGCONT)
        time.sleep(SLICE)
        signal_all(workers, signal.SIGSTOP)
    copied = {path.name for path in unfinished()}
    gone = [path for path in (POOL / source).iterdir() if path.name not in copied]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    signal_all(workers, signal.SIGCONT)
    _, said = client.communicate(timeout=120)
    found = {"workers": len(workers), "copied": len(copied), "gone": len(gone)}
    print(json.dumps({**found, "code": client.returncode, "said": said}))


if __name__ == "__main__":
    main(*sys.argv[1:])
