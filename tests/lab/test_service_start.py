"""How our service starts and ends on a real systemd host where something never answers."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.images import machine_names
from tests.lab.own_service import SERVICE, own
from tests.service.linux_inside import silent

__all__ = ["own"]

pytestmark = pytest.mark.lab("trixie")
POOL = "/var/lib/machines"
SOON = 30
"""Seconds that are plenty: systemd itself would wait for 90."""


@contextlib.contextmanager
def silent_pool(host: LabHost) -> Iterator[None]:
    """Have the folder of images on a file system that takes requests and answers none."""
    words = ("python3", "-I", "-c", Path(silent.__file__).read_text(), "self", POOL)
    with host.running(*words) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mounted\n"
        yield
        process.kill()
    host.ask("umount", "--lazy", POOL)


@contextlib.contextmanager
def mute_bus(host: LabHost) -> Iterator[socket.socket]:
    """Have our service meet a bus, when it starts, that takes callers and says nothing."""
    drop_in = host.root / f"etc/systemd/system/{SERVICE}.d/mute.conf"
    drop_in.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        path = host.root / "run/mute"
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(SOON)
        drop_in.write_text("[Service]\nEnvironment=DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/mute\n")
        host.ask("systemctl", "daemon-reload")
        yield listener
        path.unlink()
        drop_in.unlink()
        host.ask("systemctl", "daemon-reload")


@pytest.mark.promise("Where the folder of images never answers, the service starts and ends all the same")
def test_a_pool_that_never_answers(own: LabHost) -> None:
    with silent_pool(own):
        own.ask("systemctl", "restart", SERVICE, timeout=SOON)
        assert machine_names(own) == []
        began = time.monotonic()
        own.ask("systemctl", "stop", SERVICE, timeout=SOON)
        assert time.monotonic() - began < SOON
        own.ask("systemctl", "start", SERVICE, timeout=SOON)
    own.ask("systemctl", "restart", SERVICE)
    assert machine_names(own) == []


def test_it_ends_at_once_while_it_starts(own: LabHost) -> None:
    own.ask("systemctl", "stop", SERVICE)
    with mute_bus(own) as listener:
        own.ask("systemctl", "start", "--no-block", SERVICE)
        with listener.accept()[0]:
            own.ask("systemctl", "stop", SERVICE, timeout=SOON)
            assert own.ask("systemctl", "show", "--value", "--property=Result", SERVICE) == "success"
    own.ask("systemctl", "start", SERVICE)
    assert machine_names(own) == []
