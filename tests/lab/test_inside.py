"""The inside of machines with a systemd of their own, beside what systemd-machined says of them."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    MANAGER,
    add_image,
    layered,
    machine_addresses,
    machine_names,
    machine_property,
    run_in_machine,
    start_machine,
)
from tests.lab.place import wait_until

NAME = "m-1"

#: Runs in the host: gives the coroutine function `do` the inside, a place and the host's, and prints as JSON.
DRIVER = """
import asyncio, json, os, subprocess, sys, time
from machined.host.errors import Refused
from machined.host.inside import CopyRequest, BindRequest, Place, ShellRequest
from machined.host.linux.inside import LinuxInside
from machined.host.linux.processes import LinuxProcesses

async def read_until(pty, word, seconds=20):
    os.set_blocking(pty.fd, False)
    said = b""
    end = time.monotonic() + seconds
    while word.encode() not in said:
        if time.monotonic() > end:
            raise SystemExit(f"no {word} in {said!r}")
        try:
            said += os.read(pty.fd, 65536)
        except BlockingIOError:
            await asyncio.sleep(0.02)
        except OSError:  # nobody has the other side open just now, as between getty's resets
            await asyncio.sleep(0.02)
    return said.decode().replace("\\r", "")

def said_by(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()

async def main():
    inside = LinuxInside()
    await inside.start()
    leader = int(sys.argv[1])
    place, host = Place("m-1", leader, process=await LinuxProcesses().pin(leader)), Place(".host", 1, True)
    try:
        print(json.dumps(await do(inside, place, host)))
    finally:
        await inside.close()
"""


@pytest.fixture(scope="module", params=["plain", "shifted"])
def machine(deck: LabHost, request: pytest.FixtureRequest) -> Iterator[LabHost]:
    """A host with the console's packages and a machine that runs systemd, once with ids of its own."""
    if request.param == "plain":
        with layered(deck, NAME, boot=True):
            yield deck
        return
    add_image(deck, NAME)
    start_machine(deck, NAME, addresses=True)
    assert int(deck.ask("busctl", "call", *MANAGER, "GetMachineUIDShift", "s", NAME).split()[1])
    yield deck
    deck.ask("systemctl", "stop", f"systemd-nspawn@{NAME}.service")
    wait_until(lambda: NAME not in machine_names(deck), "it is gone")


def do(host: LabHost, body: str) -> object:
    """Run the lines of a coroutine function in a host, with `inside`, `place` and `host`; what it returns."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    script = f"{DRIVER}\nasync def do(inside, place, host):\n{lines}\nasyncio.run(main())\n"
    leader = machine_property(host, NAME, "Leader")
    return json.loads(host.run("python3", "-", leader, stdin=script).stdout.splitlines()[-1])


@pytest.mark.lab
def test_a_login_prompt_comes_from_the_machines_own_systemd(machine: LabHost) -> None:
    said = do(
        machine,
        """
pty = await inside.open_login(place)
prompt = await read_until(pty, "login:")
unit = f"container-getty@{pty.path.removeprefix('/dev/pts/')}.service"
return [pty.path, prompt, said_by("systemctl", "--machine=m-1", "is-active", unit)]
""",
    )
    assert isinstance(said, list)
    path, prompt, state = said
    assert path.startswith("/dev/pts/")
    assert f"{NAME} login:" in prompt
    assert state == "active"


@pytest.mark.lab
def test_a_shell_has_a_session_of_the_machine(machine: LabHost) -> None:
    said = do(
        machine,
        """
pty = await inside.open_shell(place, ShellRequest("root", "", [], ["MARK=x y", "TERM=dumb"]))
await read_until(pty, "# ")
os.write(pty.fd, b"echo a=$MARK b=$XDG_SESSION_ID c=$(tty) d=$(cat /proc/1/comm) e=$(whoami) f=$-; exit\\n")
said = await read_until(pty, "e=root")
os.close(pty.fd)
return [pty.path, said]
""",
    )
    assert isinstance(said, list)
    path, text = said
    assert re.search(rf"^a=x y b=\w+ c={path} d=systemd e=root", text, re.MULTILINE)


KEYS = [
    *("Description", "StandardInput", "StandardOutput", "StandardError", "SendSIGHUP", "IgnoreSIGPIPE"),
    *("KillMode", "TTYReset", "UtmpMode", "PAMName", "WorkingDirectory", "User", "Environment"),
    *("ExecStart", "Slice", "Type", "CollectMode"),
]

#: Runs in the host: has machinectl open a shell, and shows its unit.
REFERENCE = """
import os, subprocess, sys, time
show = ["systemctl", "--machine=m-1", "show", *(f"--property={key}" for key in sys.argv[1:])]
listing = ["systemctl", "--machine=m-1", "list-units", "--plain", "--no-legend", "container-shell@*"]
def units():
    listed = subprocess.run(listing, capture_output=True, text=True).stdout
    return [line.split()[0] for line in listed.splitlines() if " running " in line]
words = ["machinectl", "shell", "--quiet", "--setenv=A=b c", "root@m-1", "/bin/sleep", "infinity"]
master, slave = os.openpty()
process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave)
while not (found := units()):
    time.sleep(0.05)
print(subprocess.run([*show, found[0]], capture_output=True, text=True).stdout)
process.kill()
"""


@pytest.mark.lab
def test_the_unit_of_a_shell_is_the_references(machine: LabHost) -> None:
    """What systemd tells of the unit is the same as of one that systemd-machined started."""
    theirs = machine.run("python3", "-", *KEYS, stdin=REFERENCE).stdout
    ours = do(
        machine,
        f"""
words = ["/bin/sleep", "infinity"]
pty = await inside.open_shell(place, ShellRequest("root", "/bin/sleep", words, ["A=b c"]))
unit = f"container-shell@{{pty.path.removeprefix('/dev/pts/')}}.service"
keys = [f"--property={{key}}" for key in {KEYS!r}]
return said_by("systemctl", "--machine=m-1", "show", *keys, unit)
""",
    )
    assert masked(str(ours)) == masked(theirs)


def masked(text: str) -> list[str]:
    """Properties without times and pids, and without what the client adds."""
    lines = [re.sub(r" ; start_time=.*", "", line) for line in text.split("\n") if line]
    return sorted(re.sub(r" TERM=\S+|TERM=\S+ ", "", line) for line in lines)


@pytest.mark.lab
def test_a_login_can_be_opened_again_at_once(machine: LabHost) -> None:
    """On the same terminal, whose prompt systemd has started in vain several times by then."""
    said = do(
        machine,
        """
paths = []
for _ in range(4):
    login = await inside.open_login(host)
    await read_until(login, "login:")
    paths.append(login.path)
    os.close(login.fd)
    await asyncio.sleep(0.3)
return paths
""",
    )
    assert isinstance(said, list)
    assert len(said) == 4
    assert len(set(said)) < 4, "terminals are used again"


@pytest.mark.lab
def test_login_and_shell_of_the_host_itself(machine: LabHost) -> None:
    said = do(
        machine,
        """
login = await inside.open_login(host)
prompt = await read_until(login, "login:")
pty = await inside.open_shell(host, ShellRequest("root", "/bin/sh", ["sh", "-c", "echo here; tty"], []))
return [prompt, pty.path, await read_until(pty, "pts")]
""",
    )
    assert isinstance(said, list)
    assert "login:" in said[0]
    assert said[2].split()[:2] == ["here", said[1]]


@pytest.mark.lab
def test_what_the_machines_systemd_refuses_is_passed_on(machine: LabHost) -> None:
    said = do(
        machine,
        """
try:
    await inside.open_shell(place, ShellRequest("no:user", "/bin/true", ["true"], []))
except Refused as error:
    return error.name
return ""
""",
    )
    assert said == "org.freedesktop.DBus.Error.InvalidArgs"


@pytest.mark.lab
def test_addresses_are_the_references(machine: LabHost) -> None:
    found = do(machine, "return [str(list(one.raw)) for one in await inside.addresses(place)]")
    assert isinstance(found, list)
    mine = [str(ipaddress.ip_address(bytes(json.loads(one)))) for one in found]
    assert mine == machine_addresses(machine, NAME)
    assert mine


GOES_ON = """# a comment that goes on \\
AFTER=1
"""
ODD = r"""
# a comment = 1
; another
PLAIN=word
 INDENTED = spaced out {blanks}
EMPTY=
QUOTED="with \"quotes\", \$HOME, \`x\`, \\ and \n"
SINGLE='it is \n $x'
MIXED='a'"b"c
GLUED="a" b
no assignment
=nothing
ESCAPED=a\ b\"c
TWO=lines\
 of it
LONG="first
second"
PLAIN=again
# a comment that goes on \
AFTER=1
TAIL=x # no comment
KEY WITH SPACE=1
UNENDED="to the end
"""


@pytest.mark.lab
@pytest.mark.parametrize("place", ["etc", "usr/lib"])
def test_os_release_is_read_as_the_reference_reads_it(machine: LabHost, place: str) -> None:
    inner = f"/{place}/os-release"
    # Until version 254 a comment went on in the next line
    odd = ODD if machine.version >= 254 else ODD.replace(GOES_ON, "")
    machine.run("sh", "-c", "cat >/root/odd", stdin=odd.replace("{blanks}", "  "))
    if place == "usr/lib":
        run_in_machine(machine, NAME, "rm", "-f", "/etc/os-release")
    run_in_machine(machine, NAME, "rm", "-f", inner)
    machine.run("machinectl", "copy-to", NAME, "/root/odd", inner)
    said = machine.ask("busctl", "--json=short", "call", *MANAGER, "GetMachineOSRelease", "s", NAME)
    theirs = json.loads(said)["data"][0]
    mine = do(machine, "return list((await inside.os_release(place)).items())")
    assert isinstance(mine, list)
    assert [tuple(pair) for pair in mine] == list(theirs.items())
