"""The service is installed on real hosts in systemd-machined's place, and taken away again."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import layered, machine_names
from tests.lab.place import wait_until
from tests.lab.program import INSIDE

pytestmark = pytest.mark.lab()

UNIT = "systemd-machined.service"
SOCKET = "systemd-machined.socket"
FRAGMENT = f"/etc/systemd/system/{UNIT}"
ACTIVATION = "/usr/local/share/dbus-1/system-services/org.freedesktop.machine1.service"
MACHINE1 = "org.freedesktop.machine1"
MANAGER = (MACHINE1, "/org/freedesktop/machine1", f"{MACHINE1}.Manager")

OPERATIONS = (MACHINE1, "/io/machinedeck/Operations1", "io.machinedeck.Operations1")

PYTHON = "/usr/bin/python3"
BROKEN = "/opt/broken/bin/python"
INTERPRETER = """#!/bin/bash
for word; do if [ "$word" = --system ]; then echo it is broken >&2; exit 1; fi; done
exec -a "$0" /usr/bin/python3 "$@"
"""
"""An interpreter with which the service does not start."""
USER = "visitor"


def service(host: LabHost, *words: str, python: str = PYTHON) -> subprocess.CompletedProcess[str]:
    """Run `machinedeck service …`, by the interpreter that is to run the service."""
    return host.run(python, "-I", "-m", "machined", *words, check=False)


def installed(host: LabHost) -> str:
    """Install in systemd-machined's place; what it said."""
    done = service(host, "install", "--replace")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listing(host: LabHost) -> list[str]:
    """All that an installation could touch."""
    skip = ("(", "-name", "__pycache__", "-o", "-path", "/var/lib/systemd/*", ")", "-prune")
    folder = ("-type", "d", "-printf", r"%p %M %U:%G\n")
    file = ("-printf", r"%p %M %U:%G %l %s %T@\n")
    return sorted(
        host.ask("find", "/etc", "/usr", "/var/lib", *skip, "-o", *folder, "-o", *file).splitlines()
    )


def show(host: LabHost, name: str) -> str:
    """A property of the unit."""
    return host.ask("systemctl", "show", "--value", f"--property={name}", UNIT)


def owner(host: LabHost) -> int:
    """The process that serves machines; 0 for none."""
    ask = ("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", MACHINE1)
    said = host.run("busctl", "call", *ask, check=False).stdout.split()
    return int(said[1]) if said else 0


def is_ours(host: LabHost) -> bool:
    """Whether our service answers, started by the call if nothing runs: the other tells of no operations."""
    return host.run("busctl", "call", *OPERATIONS, "ListOperations", check=False).returncode == 0


def await_another(host: LabHost, pid: int) -> None:
    """Wait until another process serves machines."""
    wait_until(lambda: owner(host) not in {0, pid}, "the service is back")


@pytest.fixture(scope="module", autouse=True)
def prepared(deck: LabHost) -> None:
    """Put an interpreter there with which the service does not start, and add a user."""
    place = deck.root / BROKEN[1:]
    place.parent.mkdir(parents=True)
    place.write_text(INTERPRETER)
    place.chmod(0o755)
    deck.add_user(USER)


@pytest.fixture
def host(deck: LabHost) -> Iterator[LabHost]:
    """The host as it was before every test, and after."""
    before = listing(deck)
    yield deck
    undone = service(deck, "uninstall")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert listing(deck) == before
    assert not is_ours(deck)
    deck.ask("machinectl", "list")


@pytest.mark.promise("It never takes systemd-machined's place without being told to")
def test_it_is_refused_where_systemd_machined_is(host: LabHost) -> None:
    before = listing(host)
    for words in (["install"], ["install", "--dry-run"]):
        done = host.run("machinedeck", "service", *words, check=False)
        assert done.returncode == 2
        assert re.search(r"systemd-machined is installed here .*service install --replace", done.stderr)
    assert listing(host) == before


def test_it_needs_root_and_says_so(host: LabHost) -> None:
    for word in ("install", "uninstall"):
        done = host.run("machinedeck", "service", word, check=False, user=USER)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"this needs root: sudo machinedeck service {word}" in done.stderr


def test_a_dry_run_says_every_step(host: LabHost) -> None:
    before, pid = listing(host), owner(host)
    done = host.run("machinedeck", "service", "install", "--replace", "--dry-run")
    assert listing(host) == before
    assert owner(host) == pid
    lines = done.stdout.splitlines()
    assert f"would write {FRAGMENT}" in lines
    assert lines[-1] == f"would run systemctl restart {UNIT}"
    assert all(line.startswith("would ") for line in lines)


def test_another_tree_is_another_host(host: LabHost) -> None:
    before = listing(host)
    pid = owner(host)
    host.ask("mkdir", "-p", "/srv/tree")
    host.run("machinedeck", "service", "install", "--root", "/srv/tree")
    unit = host.ask("cat", f"/srv/tree{FRAGMENT}")
    assert "ExecStart=/usr/bin/python3 -I -m machined --system" in unit
    assert owner(host) == pid
    host.run("machinedeck", "service", "uninstall", "--root", "/srv/tree")
    assert host.ask("find", "/srv/tree", "-mindepth", "1") == ""
    assert listing(host) == before


@pytest.mark.promise(
    "After `service install --replace` the service serves machines, and systemd-machined none"
)
def test_it_takes_the_place_of_systemd_machined(host: LabHost) -> None:
    host.ask("machinectl", "list")
    theirs = owner(host)
    assert theirs
    said = installed(host)
    assert f"run systemctl restart {UNIT}" in said
    assert is_ours(host)
    assert owner(host) not in {0, theirs}
    assert str(owner(host)) == show(host, "MainPID")
    assert show(host, "FragmentPath") == FRAGMENT
    assert show(host, "ActiveState") == "active"
    again = installed(host)
    assert str(owner(host)) == show(host, "MainPID")
    assert {line.split()[0] for line in again.splitlines()} == {"keep"}
    host.ask("systemctl", "stop", UNIT)
    assert owner(host) == 0
    assert is_ours(host), "the message bus starts it"
    assert f"run systemctl restart {UNIT}" not in installed(host)


def test_a_service_that_was_stopped_is_started_by_installing_again(host: LabHost) -> None:
    installed(host)
    host.ask("systemctl", "stop", UNIT)
    assert f"run systemctl restart {UNIT}" in installed(host)
    assert owner(host)


@pytest.mark.promise("Machines run on while the service takes systemd-machined's place, and back")
def test_machines_outlive_the_switch(host: LabHost) -> None:
    with layered(host, "gamma"):
        leader = host.ask("machinectl", "show", "--value", "--property=Leader", "gamma")
        state = host.ask("cat", "/run/systemd/machines/gamma")
        installed(host)
        assert is_ours(host)
        assert host.ask("cat", "/run/systemd/machines/gamma") == state
        service(host, "uninstall")
        assert machine_names(host) == ["gamma"]
        assert host.ask("machinectl", "show", "--value", "--property=Leader", "gamma") == leader


def test_a_killed_service_comes_back(host: LabHost) -> None:
    installed(host)
    for _ in range(10):
        pid = owner(host)
        host.ask("kill", "-KILL", str(pid))
        await_another(host, pid)
    assert is_ours(host)


def test_a_service_that_does_not_start_leaves_all_as_it_was(host: LabHost) -> None:
    before = listing(host)
    host.ask("machinectl", "list")
    done = service(host, "install", "--replace", python=BROKEN)
    assert done.returncode == 1
    assert f"systemctl restart {UNIT} failed" in done.stderr
    assert "everything is put back as it was" in done.stdout
    assert listing(host) == before
    assert owner(host), "what served before serves again"
    assert show(host, "FragmentPath") != FRAGMENT
    assert show(host, "ActiveState") == "active"


def test_somebody_else_who_serves_machines_is_named(host: LabHost) -> None:
    host.ask("systemctl", "stop", UNIT)
    start = (PYTHON, "-I", "-m", "machined", "--system")
    host.ask("systemd-run", "--quiet", "--unit=other", "--service-type=notify", *start)
    try:
        done = service(host, "install", "--replace")
        assert done.returncode == 2
        assert f"the process {owner(host)} serves {MACHINE1}" in done.stderr
    finally:
        host.ask("systemctl", "stop", "other")


def test_systemd_has_nothing_to_say_of_the_unit(host: LabHost) -> None:
    installed(host)
    done = host.run("systemd-analyze", "verify", "--man=no", FRAGMENT)
    assert (done.stdout, done.stderr) == ("", "")


def test_it_is_no_more_exposed_than_systemd_machined(host: LabHost) -> None:
    def exposure() -> float:
        said = host.ask("systemd-analyze", "security", "--no-pager", UNIT)
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert found
        return float(found[1])

    theirs = exposure()
    installed(host)
    assert exposure() <= theirs


def test_the_message_bus_lets_users_call_what_polkit_is_asked_for(host: LabHost) -> None:
    installed(host)
    allowed = host.run("busctl", "call", *MANAGER, "ListMachines", user=USER, check=False)
    assert allowed.returncode == 0
    for member in ("CreateMachine", "OpenMachinePTY", "CopyFromMachineWithFlags", "Who"):
        refused = host.run("busctl", "call", *MANAGER, member, user=USER, check=False)
        assert refused.returncode
        assert "Access denied" in refused.stderr, member


def test_polkit_knows_the_actions(host: LabHost) -> None:
    installed(host)

    def known() -> str:
        ask = ("pkaction", "--verbose", "--action-id", f"{MACHINE1}.create-machine")
        return str(host.run(*ask, check=False).stdout)

    wait_until(lambda: "implicit active:   auth_admin_keep" in known(), "polkit has read them")


def test_without_systemd_machined(host: LabHost) -> None:
    """On a host that has none nothing is replaced, the message bus starts ours, and none is there after."""
    folder = "/usr/lib/systemd/system"
    theirs = (
        *(f"{folder}/{UNIT}", f"{folder}/dbus-{MACHINE1}.service"),
        f"/usr/share/dbus-1/system-services/{MACHINE1}.service",
        f"/usr/share/dbus-1/system.d/{MACHINE1}.conf",
        f"/usr/share/polkit-1/actions/{MACHINE1}.policy",
    )
    reload = ("busctl", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ReloadConfig")
    host.run("systemctl", "stop", UNIT)
    for path in theirs:
        host.ask("mv", path, f"{path}.away")
    try:
        host.ask("systemctl", "daemon-reload")
        host.ask(*reload)
        done = service(host, "install")
        assert done.returncode == 0, done.stderr
        assert owner(host)
        host.ask("systemctl", "stop", UNIT)
        assert is_ours(host)
        done = service(host, "uninstall")
        assert done.returncode == 0, done.stderr
        assert owner(host) == 0
        assert show(host, "LoadState") == "not-found"
        assert show(host, "ActiveState") == "inactive"
    finally:
        for path in theirs:
            host.ask("mv", f"{path}.away", path)
        host.ask("systemctl", "daemon-reload")
        host.ask(*reload)


@pytest.fixture
def socket(deck: LabHost) -> Iterator[str]:
    """Have a socket that starts systemd-machined, as systemd has one since 258."""
    place = deck.root / f"usr/lib/systemd/system/{SOCKET}"
    path = "/run/systemd/machine/io.systemd.Machine"
    place.write_text(f"[Socket]\nListenStream={path}\n")
    deck.ask("systemctl", "daemon-reload")
    deck.ask("systemctl", "stop", UNIT)
    deck.ask("systemctl", "start", SOCKET)
    yield path
    deck.ask("systemctl", "stop", SOCKET, UNIT)
    place.unlink()
    deck.ask("systemctl", "daemon-reload")
    deck.ask("machinectl", "list")


def is_listening(host: LabHost) -> bool:
    return host.run("systemctl", "is-active", SOCKET, check=False).stdout.strip() == "active"


@pytest.mark.lab("trixie")
@pytest.mark.parametrize("is_serving", [True, False])
def test_a_socket_that_starts_systemd_machined_comes_back(
    socket: str, host: LabHost, is_serving: bool
) -> None:
    host.ask("machinectl", "list")
    theirs = owner(host)
    installed(host)
    assert is_ours(host)
    assert not is_listening(host)
    if not is_serving:
        host.ask("systemctl", "stop", UNIT)
    done = service(host, "uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_listening(host)
    assert show(host, "ActiveState") == ("active" if is_serving else "inactive")
    assert owner(host) != theirs
    assert not is_ours(host)


@pytest.mark.lab("trixie")
def test_a_socket_comes_back_where_the_service_does_not_start(socket: str, host: LabHost) -> None:
    host.ask("machinectl", "list")
    done = service(host, "install", "--replace", python=BROKEN)
    assert done.returncode == 1
    assert "The files are as they were, but" not in done.stderr
    assert is_listening(host)
    assert show(host, "ActiveState") == "active"


@pytest.mark.lab("trixie")
def test_what_could_not_be_given_back_is_by_uninstalling_again(socket: str, host: LabHost) -> None:
    before = listing(host)
    installed(host)
    unit = host.root / f"usr/lib/systemd/system/{SOCKET}"
    right = unit.read_text()
    times = unit.stat()
    unit.write_text("[Socket]\nListenStream=/proc/nowhere/socket\n")
    done = service(host, "uninstall")
    assert done.returncode == 1
    assert "For the rest: machinedeck service uninstall" in done.stderr
    unit.write_text(right)
    os.utime(unit, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = service(host, "uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_listening(host)
    assert listing(host) == before


def test_a_masked_systemd_machined_is_masked_again(host: LabHost) -> None:
    host.ask("systemctl", "stop", UNIT)
    host.ask("systemctl", "mask", UNIT)
    try:
        assert service(host, "install").returncode == 2
        installed(host)
        assert is_ours(host)
        done = service(host, "uninstall")
        assert done.returncode == 0, done.stderr
        assert show(host, "LoadState") == "masked"
        assert owner(host) == 0
    finally:
        host.ask("systemctl", "unmask", UNIT)


@pytest.mark.promise("It installs no code for root that somebody else can write")
def test_code_that_a_user_can_write_is_refused(host: LabHost) -> None:
    def refusal() -> str:
        done = service(host, "install", "--replace", python=BROKEN)
        assert done.returncode == 2
        return str(done.stderr)

    bin_ = BROKEN.rpartition("/")[0]
    packages = host.ask("python3", "-c", "import site; print(site.getsitepackages()[0])")
    host.ask("chown", USER, bin_)
    try:
        assert f"{bin_} belongs to {USER}" in refusal()
    finally:
        host.ask("chown", "root", bin_)
    host.ask("chmod", "o+w", packages)
    try:
        assert f"{packages} can be written by everybody" in refusal()
    finally:
        host.ask("chmod", "o-w", packages)
    host.ask("chmod", "o+w", f"{INSIDE}/..")
    try:
        assert "/opt can be written by everybody" in refusal()
    finally:
        host.ask("chmod", "o-w", f"{INSIDE}/..")
