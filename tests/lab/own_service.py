"""Our service in a lab host, in the place of systemd-machined: under its unit's name, owning its bus name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.place import wait_until
from tests.lab.program import install_program, program_binds

SERVICE = "systemd-machined.service"

OPTIONS = f"/etc/systemd/system/{SERVICE}.d/options.conf"
INSTALLER = ("python3", "-I", "-m", "machined")


def install_service(host: LabHost, *options: str) -> None:
    """Have our service run in a host that was given the program, with `options`, until the host's end."""
    host.ask(*INSTALLER, "install", "--replace")
    if options:
        start = f"/usr/bin/python3 -I -m machined --system {' '.join(options)}"
        drop_in = host.root / OPTIONS[1:]
        drop_in.parent.mkdir()
        drop_in.write_text(f"[Service]\nExecStart=\nExecStart={start}\n")
        host.ask("systemctl", "daemon-reload")
        host.ask("systemctl", "restart", SERVICE)


@contextlib.contextmanager
def own_service(host: LabHost, *options: str) -> Iterator[None]:
    """Have our service run in a host that was given the program; afterwards systemd's own one is back."""
    install_service(host, *options)
    try:
        yield
    finally:
        host.ask("rm", "-rf", OPTIONS.rpartition("/")[0])
        host.ask(*INSTALLER, "uninstall")
        host.ask("systemctl", "restart", SERVICE)


@pytest.fixture(scope="module")
def own(suite: str) -> Iterator[LabHost]:
    """A booted host with our service at work in it, shared by a module's tests."""
    with LabHost(suite, binds=program_binds(suite)) as host:
        install_program(host)
        install_service(host)
        yield host


def service_pid(host: LabHost) -> int:
    """The service's process, as the host counts; 0 while there is none."""
    return int(host.ask("systemctl", "show", "--value", "--property=MainPID", SERVICE))


def kill_service(host: LabHost) -> None:
    """Kill the service as `kill -9` does, and wait until another one serves in its place."""
    before = service_pid(host)
    host.ask("kill", "-KILL", str(before))
    until_back(host, before)


def until_back(host: LabHost, before: int) -> None:
    """Wait until another process than the one before serves."""

    def is_back() -> bool:
        active = host.run("systemctl", "is-active", SERVICE, check=False).stdout.strip()
        return active == "active" and service_pid(host) not in {0, before}

    wait_until(is_back, "the service is back")
