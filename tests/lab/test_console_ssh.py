"""A shell of a virtual machine by SSH, as systemd's own service tells its address on a real host."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import machine_names, machine_property
from tests.lab.operator import Operator, at_console
from tests.lab.place import wait_until

pytestmark = pytest.mark.lab("trixie")  # systemd tells addresses for SSH from version 256 on

GUEST, UNIT = "guest", "lab-guest.service"
ADDRESS, KEY = "vsock/42", "/run/guest-key"

SSH = """#!/bin/sh
echo "ssh $*; TERM=$TERM"
tty -s && echo "on a terminal"
read -r line
echo "got $line"
exec sleep 1000
"""
"""Says how it was called: there is no hypervisor here, so nobody answers at such an address."""


@pytest.fixture
def guest(deck: LabHost) -> Iterator[str]:
    """A machine that is registered as systemd-vmspawn(1) registers one, over Varlink."""
    program = deck.root / "usr/local/bin/ssh"
    program.write_text(SSH)
    program.chmod(0o755)
    deck.ask("systemd-run", "--quiet", "--collect", f"--unit={UNIT}", "sleep", "infinity")
    told = {
        "name": GUEST,
        "id": uuid.uuid4().hex,
        "service": "systemd-vmspawn",
        "class": "vm",
        "leader": int(deck.ask("systemctl", "show", "--value", "--property=MainPID", UNIT)),
        "vSockCid": 42,
        "sshAddress": ADDRESS,
        "sshPrivateKeyPath": KEY,
    }
    deck.ask("systemctl", "start", "systemd-machined")
    socket = "/run/systemd/machine/io.systemd.Machine"
    deck.ask("varlinkctl", "call", socket, "io.systemd.Machine.Register", json.dumps(told))
    yield GUEST
    deck.run("systemctl", "stop", UNIT, check=False)
    wait_until(lambda: GUEST not in machine_names(deck), f"{GUEST} is no longer listed")
    program.unlink()


@pytest.fixture
def operator(deck: LabHost, guest: str) -> Iterator[Operator]:
    """The operator of that host."""
    with at_console(deck) as operator:
        yield operator


@pytest.mark.promise("A shell of a virtual machine goes by SSH where its address is told")
def test_a_shell_by_ssh(operator: Operator, guest: str) -> None:
    host = operator.host
    assert machine_property(host, guest, "SSHAddress") == ADDRESS
    operator.sees_row("machines", guest, "● running", "vm")
    operator.go("machines", guest)
    operator.press("Enter")
    operator.sees(f"ssh -i {KEY} -- root@{ADDRESS}; TERM=")
    operator.sees("on a terminal")
    operator.terminal.type("hello\n")
    operator.sees("got hello")
    (pid,) = host.ask("pgrep", "--exact", "--full", "sleep 1000").split()
    operator.press("F12")
    operator.sees("F12 back")
    operator.press("]", "x")
    wait_until(lambda: not (host.root / "proc" / pid).exists(), "ssh to end with its tab")
    operator.sees_row("machines", guest, "● running")
