"""Runs inside a lab host and asks its org.freedesktop.machine1 of images by sd-bus; prints JSON.

    python3 -m tests.bench.image_calls list COUNT
    python3 -m tests.bench.image_calls os-release
    python3 -m tests.bench.image_calls change directory|subvolume FILES SIZE

All figures are microseconds. It needs sd-bus and the standard library.
"""

from __future__ import annotations

import ctypes
import gc
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from tests.bench.crowd import ADDRESS, MACHINE1, MANAGER, PATH, Call, timed
from tests.bench.sdbus import LIBRARY, SdBus

POOL = Path("/var/lib/machines")
UNIT = "systemd-machined.service"
PEER = (MACHINE1, PATH, "org.freedesktop.DBus.Peer")
TIMES = 20
SETTLED = 2.5
"""Seconds after which what was made counts as old."""
PAUSE = 0.003
"""Seconds between two calls, for systemd-machined keeps an image that it read until it has nothing to do."""
TREE, COPIES = "measured", ("measured-copy", "measured-other")
LONGEST = 600 * 10**6
"""Microseconds that a call may take."""


def connect() -> SdBus:
    """A connection whose calls may take long."""
    bus = SdBus(ADDRESS)
    LIBRARY.sd_bus_set_method_call_timeout(bus._bus, ctypes.c_uint64(LONGEST))
    for _ in range(20):  # what is made at the first call is not what a call takes
        bus.call(*PEER, "Ping")
    return bus


def populate(count: int) -> None:
    """Have so many directory images in the pool."""
    for path in POOL.glob("image-*"):
        if int(path.name.partition("-")[2]) >= count:
            shutil.rmtree(path)
    for number in range(count):
        (POOL / f"image-{number}").mkdir(exist_ok=True)


def listing(bus: SdBus) -> Call:
    """The call that lists them."""
    return lambda: bus.call(*MANAGER, "ListImages")


def ask_others(line: Connection) -> None:
    """Make other calls until told to stop, and tell what each took."""
    took = []
    with connect() as bus:
        line.send("ready")
        while not line.poll():
            took.append(timed(lambda: bus.call(*PEER, "Ping")))
            took.append(timed(lambda: bus.call(*MANAGER, "GetImage", "image-1")))
    line.send(took)


def others(bus: SdBus) -> list[float]:
    """What other calls of another client take while images are listed: first, and again and again."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=ask_others, args=(theirs,))
    process.start()
    ours.recv()
    (POOL / "image-0").chmod(0o700)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        listing(bus)()
    ours.send("stop")
    took: list[float] = ours.recv()
    process.join()
    return took


def restart() -> None:
    """Have a service that knows nothing yet, however many there were in the last seconds."""
    subprocess.run(["systemctl", "reset-failed", UNIT], check=False)
    subprocess.run(["systemctl", "restart", UNIT], check=True)


def lists(count: int) -> dict[str, list[float]]:
    """What it takes to list so many, by a service that has just started and later."""
    populate(count)
    os.sync()
    restart()
    with connect() as bus:
        first = timed(listing(bus))
        time.sleep(SETTLED)
        listing(bus)()
        again = [timed(listing(bus)) for _ in range(TIMES)]
    restart()
    with connect() as bus:
        return {f"first {count}": [first], f"again {count}": again, f"others {count}": others(bus)}


def os_release() -> dict[str, list[float]]:
    """What it takes to read an image's os-release."""
    path = POOL / "image-0/usr/lib"
    path.mkdir(parents=True, exist_ok=True)
    (path / "os-release").write_bytes(Path("/usr/lib/os-release").read_bytes())
    found: dict[str, list[float]] = {"os-release": [], "os-release at once": []}
    with connect() as bus:
        ask: Call = lambda: bus.call(*MANAGER, "GetImageOSRelease", "image-0")  # noqa: E731
        for name, pause in (("os-release", PAUSE), ("os-release at once", 0)):
            for _ in range(200):
                if pause:
                    time.sleep(pause)
                found[name].append(timed(ask))
    return {name: took[20:] for name, took in found.items()}


def make_tree(kind: str, files: int, size: int) -> None:
    """Have an image of many files."""
    path = POOL / TREE
    if path.exists():
        return
    if kind == "subvolume":
        subprocess.run(["btrfs", "--quiet", "subvolume", "create", path], check=True)
    path.mkdir(exist_ok=True)
    for number in range(files):
        if number % 100 == 0:
            folder = path / f"folder-{number // 100}"
            folder.mkdir()
        (folder / f"file-{number}").write_bytes(os.urandom(size))


def changes(kind: str, files: int, size: int) -> dict[str, list[float]]:
    """What it takes to clone such an image, and to remove the copy."""
    make_tree(kind, files, size)
    populate(1)
    found: dict[str, list[float]] = {"clone": [], "remove": []}
    with connect() as bus:
        # All copies before the first removal: ext4 is slow to use inodes again that were freed just now
        for copy in COPIES:
            os.sync()
            clone: Call = partial(bus.call_with, *MANAGER, "CloneImage", "ssb", TREE, copy, 0)
            found["clone"].append(timed(clone))
        for copy in COPIES:
            os.sync()
            found["remove"].append(timed(partial(bus.call, *MANAGER, "RemoveImage", copy)))
    return found


def main(words: list[str]) -> None:
    """Ask and print."""
    gc.disable()
    if words[0] == "list":
        print(json.dumps(lists(int(words[1]))))
    elif words[0] == "os-release":
        print(json.dumps(os_release()))
    else:
        print(json.dumps(changes(words[1], int(words[2]), int(words[3]))))


if __name__ == "__main__":
    main(sys.argv[1:])
