"""A shell of a virtual machine: by ssh(1), where whoever registered it told an address."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from machinedeck.core.actions import find
from machinedeck.core.ssh import has_ssh, ssh_command
from machinedeck.core.store import Store
from machinedeck.model.wish import Wish
from tests.console.conftest import Open
from tests.console.test_acting import deck_on_demo, row
from tests.support.console import Deck
from tests.support.fake_host import FakeHost, machine
from tests.support.waiting import until

KEY = "/run/systemd/vmspawn/guest-key"
GUEST = machine("guest", kind="vm", service="systemd-vmspawn", ssh_address="vsock/42", ssh_key=KEY, os=None)

SSH = """#!/bin/sh
echo "ssh $*; TERM=$TERM"
tty -s && echo "on a terminal"
read line
echo "got $line"
exec sleep 1000
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called ssh that says how it was called."""
    program = tmp_path / "ssh"
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return program


async def enter(deck: Deck) -> None:
    await deck.press("1", "home")
    deck.table("machines").cursor = deck.names().index("guest")
    await deck.press("enter")


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.mark.promise("A shell of a virtual machine goes by SSH where its address is told")
async def test_a_shell_by_ssh(console: Open, host: FakeHost, ssh: Path) -> None:
    host.running["guest"] = GUEST
    before = children()
    async with console() as deck:
        await enter(deck)
        await deck.until_shown(f"ssh -i {KEY} -- root@vsock/42; TERM=xterm-256color")
        await deck.until_shown("on a terminal")
        assert host.wishes == [], "the service was not asked"
        await deck.press("h", "i", "enter")
        await deck.until_shown("got hi")
        assert len(children() - before) == 1
        await deck.press("f12", "right_square_bracket", "x")
        await until(lambda: not children() - before, what="ssh to end with its tab")


async def test_the_command_is_shown(console: Open, host: FakeHost) -> None:
    host.running["guest"] = GUEST
    async with console() as deck:
        deck.table("machines").cursor = deck.names().index("guest")
        await deck.press("a")
        await deck.until_shown(f"= ssh -i {KEY} -- root@vsock/42")


async def test_no_ssh_on_this_host(console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.running["guest"] = GUEST
    async with console() as deck:
        monkeypatch.setenv("PATH", "/nowhere")
        await enter(deck)
        await deck.until_shown("ssh is not on this host. Install it first.")


@pytest.mark.parametrize("member", ["pty.openpty", "os.pidfd_open"])
async def test_no_descriptor_left(
    console: Open, host: FakeHost, ssh: Path, monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    host.running["guest"] = GUEST
    before = children()
    async with console() as deck:
        monkeypatch.setattr(member, refuse)
        await enter(deck)
        await deck.until_shown("ssh cannot be started: Too many open files.")
        assert not children() - before, "nothing goes on behind the operator's back"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"is_read_only": True}, "--read-only"),
        ({"mode": "a bus of mine"}, "counts on its own host"),
    ],
)
async def test_where_it_cannot_be(
    console: Open, host: FakeHost, ssh: Path, change: dict[str, object], told: str
) -> None:
    host.running["guest"] = GUEST
    for name, value in change.items():
        setattr(host, name, value)
    before = children()
    async with console() as deck:
        await enter(deck)
        await deck.until_shown(told)
        assert children() == before


async def test_in_the_demo_nothing_is_reached(ssh: Path) -> None:
    async with deck_on_demo() as deck:
        await row(deck, "machines", "fedora-test")
        await deck.press("enter")
        await deck.until_told("fedora-test is made up: SSH reaches nothing there.")
        await row(deck, "machines", "qemu-5-gateway")
        await deck.press("enter")
        await deck.until_told("qemu-5-gateway is a virtual machine: the host cannot enter it.")


def test_a_login_prompt_it_has_none() -> None:
    assert find("shell").refusal(GUEST, Store()) is None
    assert "virtual machine" in (find("login").refusal(GUEST, Store()) or "")


@pytest.mark.parametrize(
    "address", ["", "-oProxyCommand=reboot", "a b", "a;b", "a\nb", "$(reboot)", "host`x`", "äö", "x\x1b[2J"]
)
def test_no_address_becomes_an_option_or_a_command(address: str) -> None:
    guest = GUEST._replace(ssh_address=address)
    assert not has_ssh(guest)
    assert "cannot enter it" in (find("shell").refusal(guest, Store()) or "")


@pytest.mark.parametrize(
    "address", ["vsock/42", "unix/run/guest.sock", "10.0.0.5", "fe80::1%vt0", "guest.example"]
)
def test_addresses_of_all_kinds(address: str) -> None:
    assert has_ssh(GUEST._replace(ssh_address=address))
    assert not has_ssh(GUEST._replace(ssh_address=address, kind="container"))


def test_what_is_chosen_goes_along() -> None:
    wish = Wish("guest", user="ops", command="uptime -p", variables=("LANG=C.UTF-8",))
    assert ssh_command(GUEST, wish) == (
        "ssh", "-i", KEY, "-o", "SetEnv=LANG=C.UTF-8", "-t", "--", "ops@vsock/42", "uptime -p",
    )  # fmt: skip
    assert ssh_command(GUEST._replace(ssh_key="-x"), Wish("guest"))[1] == "--"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh(1) to read its options")
def test_ssh_reads_all_variables_as_they_are() -> None:
    variables = ("A=good day", "B=it's", 'C=say "hi"', "D=back\\slash", "E=#5", "F=", "G=ü")
    _, *options = ssh_command(
        GUEST._replace(ssh_address="10.0.0.5", ssh_key=""), Wish("x", variables=variables)
    )
    read = subprocess.run(["ssh", "-G", *options], capture_output=True, check=True)
    told = {line.removeprefix("setenv ") for line in read.stdout.decode().split("\n") if "setenv" in line}
    assert told == set(variables)


@pytest.mark.parametrize("user", ["-x", "a b", "", "a@b", "a;b"])
async def test_no_user_becomes_an_option(console: Open, host: FakeHost, ssh: Path, user: str) -> None:
    host.running["guest"] = GUEST
    async with console() as deck:
        deck.app.open_terminal(Wish("guest", user=user), GUEST)
        await deck.until_shown("is no name of a user.")
