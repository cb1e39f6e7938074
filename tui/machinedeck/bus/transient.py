"""Units that no file describes: a copy of an image that is gone when it ends."""

from __future__ import annotations

import os

from machined.contract import is_machine_name
from machined.wire import Variant
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.text import clean

NSPAWN = "/usr/bin/systemd-nspawn"

RESTART_CODE = 133
"""The exit code with which systemd-nspawn(1) asks its unit to be started again, for a reboot."""

_LENGTH = 64
"""Bytes that the name of a machine may have."""


def ephemeral(image: str, path: str, type: str) -> tuple[str, list[tuple[str, Variant]]]:
    """A unit that runs a throw-away copy of an image, as `systemd-nspawn@.service` runs the image itself.

    Args:
        image: The image's name; the machine is called like it, with a tail that no other has.
        path: Where the image is on the host.
        type: The image's type, as the service names it.

    Returns:
        Its name and its properties (systemd-nspawn(1), `--ephemeral`; systemd.service(5)).

    Raises:
        Failure: No machine can be called so.
    """
    tail = f"-{os.urandom(4).hex()}"
    machine = f"{image[: _LENGTH - len(tail)].rstrip('-.')}{tail}"
    if not is_machine_name(machine):
        raise Failure(Kind.REFUSED, f"No machine can be called {clean(machine)}.", "Rename the image first.")
    place = "--directory" if type in {"directory", "subvolume"} else "--image"
    command = [NSPAWN, "--quiet", "--keep-unit", "--boot", "--ephemeral", "--link-journal=no"]
    command += ["--network-veth", "-U", "--settings=override", f"{place}={path}", f"--machine={machine}"]
    codes = Variant("(aiai)", [[RESTART_CODE], []])
    return f"machinedeck-{machine}.service", [
        ("Description", Variant("s", f"Container {machine}, a copy of {image} that goes with it")),
        ("Type", Variant("s", "notify")),
        ("ExecStart", Variant("a(sasb)", [[NSPAWN, command, False]])),
        ("KillMode", Variant("s", "mixed")),
        ("Slice", Variant("s", "machine.slice")),
        ("Delegate", Variant("b", True)),
        ("TasksMax", Variant("t", 16384)),
        ("CollectMode", Variant("s", "inactive-or-failed")),
        ("RestartForceExitStatus", codes),
        ("SuccessExitStatus", codes),
    ]
