"""A shell of a virtual machine by SSH, as systemd's own service tells its address, with a real server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from functools import partial

import pytest

from tests.lab.host import LabHost
from tests.lab.images import machine_names, machine_property
from tests.lab.operator import Operator, at_console
from tests.lab.place import wait_until
from tests.lab.tmux import Screen

pytestmark = pytest.mark.lab("trixie")  # systemd tells addresses for SSH from version 256 on

GUEST, UNIT = "guest", "lab-guest.service"
SOCKET, KEY = "/run/guest.sock", "/run/guest-key"
ADDRESS = f"unix{SOCKET}"
"""There is no hypervisor here: sshd(8) is at a socket, where systemd-ssh-proxy(1) leads as to a vsock."""


SERVICE = """[Service]
RuntimeDirectory=sshd
RuntimeDirectoryPreserve=yes
ExecStart=/usr/sbin/sshd -i
StandardInput=socket
"""


@pytest.fixture
def server(deck: LabHost) -> Iterator[None]:
    """An SSH server that lets in whoever has the key."""
    deck.ask("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
    folder = deck.root / "root/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "authorized_keys").write_bytes((deck.root / f"{KEY[1:]}.pub").read_bytes())
    units = deck.root / "run/systemd/system"
    units.mkdir(exist_ok=True)
    (units / "lab-sshd.socket").write_text(f"[Socket]\nListenStream={SOCKET}\nAccept=yes\n")
    (units / "lab-sshd@.service").write_text(SERVICE)
    deck.ask("systemctl", "daemon-reload")
    deck.ask("systemctl", "start", "lab-sshd.socket")
    yield
    deck.run("systemctl", "stop", "lab-sshd.socket", check=False)
    units_left = ("run/systemd/system/lab-sshd.socket", "run/systemd/system/lab-sshd@.service")
    for path in (
        *units_left,
        KEY[1:],
        f"{KEY[1:]}.pub",
        SOCKET[1:],
        "root/.ssh/authorized_keys",
        "root/.ssh/known_hosts",
    ):
        (deck.root / path).unlink(missing_ok=True)


@pytest.fixture
def guest(deck: LabHost, server: None) -> Iterator[str]:
    """A machine that is registered as systemd-vmspawn(1) registers one, over Varlink."""
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
    operator.sees("root@", 60)
    operator.terminal.type("echo $((40 + 2)) $TERM; tty; sleep 1000\n")
    operator.sees("42 xterm-256color")
    operator.sees("/dev/pts/")
    wait_until(
        lambda: host.run("pgrep", "--full", "sleep 1000", check=False).returncode == 0, "the program to run"
    )
    (pid,) = host.ask("pgrep", "--exact", "--full", "sleep 1000").split()
    operator.press("F12")
    operator.sees("F12 back")
    operator.press("]", "x")
    wait_until(lambda: not (host.root / "proc" / pid).exists(), "what runs there to end with its tab")
    operator.sees_row("machines", guest, "● running")


def asked_times(times: int, screen: Screen) -> bool:
    """Whether a password was asked for so often."""
    return screen.text.count("password:") == times


def test_where_the_key_does_not_fit_ssh_asks_in_the_terminal(operator: Operator, guest: str) -> None:
    host = operator.host
    (host.root / "root/.ssh/authorized_keys").write_text("")
    operator.sees_row("machines", guest, "● running", "vm")
    operator.go("machines", guest)
    operator.press("Enter")
    for asked in range(1, 4):  # what is typed before it asks is thrown away
        operator.terminal.wait_for(partial(asked_times, asked), 60)
        operator.terminal.type("wrong\n")
    operator.sees("Permission denied (publickey,password)", 60)
    operator.sees("Enter close")
