"""What can be done from the console, by keys, on real hosts with their own systemd-machined."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import (
    add_image,
    await_machine,
    layered,
    machine_names,
    machine_property,
    run_in_machine,
)
from tests.lab.operator import ESCAPE, YES, Noted, Operator, at_console
from tests.lab.place import wait_until
from tests.lab.program import install_program, program_binds

pytestmark = pytest.mark.lab()

SEED = "seed"
EVERY = "Every action is a key away, and lands in the journal with its command line"
REFUSED = "What the service would refuse is refused before it is asked, with the reason"
GIB = 2**30
UNPOLLED = 14
"""Seconds that a list may take to change where it was told to: less than until it is asked for anyway."""


@pytest.fixture(scope="module")
def pooled(suite: str) -> Iterator[LabHost]:
    """A host with the console, and a pool on btrfs that counts, with a bootable image in it."""
    with LabHost(suite, binds=program_binds(suite), pool="3G") as host:
        install_program(host)
        host.ask("btrfs", "quota", "enable", "/var/lib/machines")
        add_image(host, SEED)
        yield host


@pytest.fixture(scope="module")
def operator(pooled: LabHost) -> Iterator[Operator]:
    """The operator of that host."""
    with at_console(pooled) as operator:
        yield operator


@pytest.fixture
def image(operator: Operator) -> Iterator[str]:
    """An image of its own for a test."""
    operator.begin_anew()
    name = "web"
    path = f"/var/lib/machines/{name}"
    operator.host.ask("btrfs", "subvolume", "snapshot", f"/var/lib/machines/{SEED}", path)
    yield name
    operator.host.run("systemctl", "disable", "--now", f"systemd-nspawn@{name}", check=False)
    operator.host.run("machinectl", "remove", name, check=False)


def image_property(host: LabHost, name: str, key: str) -> str:
    """A property of an image, as the service tells it."""
    path = f"/org/freedesktop/machine1/image/{name}"
    where = ("org.freedesktop.machine1", path, "org.freedesktop.machine1.Image", key)
    return host.ask("busctl", "get-property", *where).split()[1]


@pytest.mark.promise(EVERY)
def test_images_and_the_pool(operator: Operator) -> None:
    host = operator.host
    operator.go("images", SEED)
    operator.ask("c", f"Clone: {SEED}.", "one", told=f"{SEED} is cloned.")
    operator.sees_row("images", "one")
    operator.ask("c", f"Clone: {SEED}.", ".old", told=f"{SEED} is cloned.")

    operator.go("images", "one")
    operator.ask("l", "Limit: one.", "1G", told="The limit of one is set.")
    assert image_property(host, "one", "Limit") == str(GIB)
    operator.sees_row("images", "one", " 1.0G ", timeout=UNPOLLED)

    operator.do("w", "", told="one is read-only now.")
    assert host.ask("btrfs", "property", "get", "-ts", "/var/lib/machines/one", "ro") == "ro=true"
    operator.sees_row("images", "one", " yes ", timeout=UNPOLLED)
    operator.do("w", "", told="one is writable now.")
    operator.sees_row("images", "one", " no ", timeout=UNPOLLED)

    operator.ask("n", "Rename: one.", "other", told="one has another name.")
    operator.sees_row("images", "other", " 1.0G ")

    operator.go("images", "other")
    operator.press("DC")
    operator.sees("The image other and all that is in it are deleted.")
    operator.answer("othe")
    operator.sees("That is not other. Nothing was done.")
    assert (host.machines / "other/etc").exists()
    with operator.ending("other is removed."):
        operator.answer("r")
    assert not (host.machines / "other").exists()

    operator.go("pool")
    operator.ask("l", "Limit: the pool.", "2G", told="The limit of the pool is set.")
    operator.sees("limit      2.0G")
    operator.press("c")
    operator.sees("Clean: the pool.")
    operator.press("Enter")
    operator.sees(".old (subvolume")
    with operator.ending("Deleted .old"):
        operator.answer("clean")
    assert not (host.machines / ".old").exists()
    assert operator.noted() == [
        Noted("clone", SEED, "done", f"machinectl clone {SEED} one"),
        Noted("clone", SEED, "done", f"machinectl clone {SEED} .old"),
        Noted("limit-image", "one", "done", "machinectl set-limit one 1G"),
        Noted("read-only", "one", "done", "machinectl read-only one yes"),
        Noted("read-only", "one", "done", "machinectl read-only one no"),
        Noted("rename", "one", "done", "machinectl rename one other"),
        Noted("remove", "other", "done", "machinectl remove other"),
        Noted("limit-pool", "the pool", "done", "machinectl set-limit 2G"),
        Noted("clean", "the pool", "done", "machinectl clean"),
    ]


@pytest.mark.promise(REFUSED)
def test_what_the_service_would_refuse_is_refused_before(suite: str) -> None:
    """An image that runs under another name, and a machine that nothing could start again."""
    with LabHost(suite, binds=program_binds(suite), pool="3G") as host:
        install_program(host)
        add_image(host, SEED)
        nspawn = "systemd-nspawn", "-qb", "-D", f"/var/lib/machines/{SEED}", "--machine=blue"
        host.ask("systemd-run", "--unit=by-hand", "--collect", *nspawn)
        await_machine(host, "blue")
        with at_console(host) as operator:
            operator.sees_row("images", SEED, " blue ")
            operator.go("images", SEED)
            operator.press("DC")
            operator.sees(f"blue runs from {SEED}. Stop it first.")
            operator.go("machines", "blue")
            operator.press("a")
            operator.sees("blue runs in machine-blue.scope")
            operator.terminal.type(ESCAPE)
            operator.go("pool")
            operator.sees("not counted")
            # The first limit is what turns quotas on: it is none of what is refused
            operator.ask("l", "Limit: the pool.", "2G", told="The limit of the pool is set.")
            operator.sees("limit      2.0G")
            assert [deed.action for deed in operator.noted()] == ["limit-pool"]
            refused = host.run("machinectl", "remove", SEED, check=False)
            assert "busy" in refused.stderr, "the service would have refused it too"
            host.ask("machinectl", "terminate", "blue")
            wait_until(lambda: machine_names(host) == [], "blue to end")
            plain = "systemd-nspawn", "-qa", "-D", f"/var/lib/machines/{SEED}", "--machine=plain"
            host.ask("systemd-run", "--collect", *plain, "sleep", "infinity")
            operator.sees_row("machines", "plain", "running")
            operator.go("machines", "plain")
            operator.press("Enter")
            operator.sees("nsenter -a -t")
            host.ask("machinectl", "terminate", "plain")


@pytest.mark.promise(EVERY)
def test_the_life_of_a_machine(operator: Operator, image: str) -> None:
    host, unit = operator.host, f"systemd-nspawn@{image}.service"
    operator.go("images", image)
    operator.do("s", "", told=f"{image} is up.")
    operator.sees_row("machines", image, "● running")

    before = machine_property(host, image, "Leader")
    operator.go("machines", image)
    operator.do("R", f"Restart {image}?", YES, told=f"{image} is up again.")
    assert machine_property(host, image, "Leader") != before
    operator.sees_row("machines", image, "● running")

    operator.press("K")
    operator.sees(f"Kill: {image}.")
    operator.do("Enter", "What the signal reaches", YES, told=f"{image} got the signal.")
    operator.do("e", "", told=f"{image} is started at boot.")
    assert host.ask("systemctl", "is-enabled", unit) == "enabled"
    operator.do("E", "", told=f"{image} is not started at boot.")
    assert host.run("systemctl", "is-enabled", unit, check=False).stdout.strip() == "disabled"

    operator.do("P", f"Power off {image}?", YES, told=f"{image} is told to shut down.")
    operator.sees_row("machines", image, "○ stopped")
    assert image not in machine_names(host)
    operator.do("S", f"Start as: {image}.", "Down", "Space", "Enter", told=f"{image} is up.")
    assert host.ask("systemctl", "is-enabled", unit) == "enabled"
    operator.sees_row("machines", image, "● running")
    before = machine_property(host, image, "Leader")
    operator.do("b", f"Reboot {image}?", YES, told=f"{image} is told to reboot.")
    wait_until(lambda: leader(host, image) not in {"", before}, "the machine to come back")
    await_machine(host, image)  # until then the row may be that of the machine before
    operator.sees_row("machines", image, "● running")
    operator.do("t", f"Terminate {image}?", YES, told=f"{image} is told to end.")
    operator.sees_row("machines", image, "○ stopped")
    operator.do("s", "", told=f"{image} is up.")
    operator.sees_row("machines", image, "● running")
    operator.do("p", f"Stop {image}?", YES, told=f"{image} is stopped.")
    operator.sees_row("machines", image, "○ stopped")
    assert operator.noted() == [
        Noted("start-image", image, "done", f"machinectl start {image}"),
        Noted("restart", image, "done", f"systemctl restart {unit}"),
        Noted("kill", image, "done", f"machinectl kill --signal=SIGTERM --kill-whom=leader {image}"),
        Noted("enable", image, "done", f"machinectl enable {image}"),
        Noted("disable", image, "done", f"machinectl disable {image}"),
        Noted("poweroff", image, "done", f"machinectl poweroff {image}"),
        Noted("start-as", image, "done", f"machinectl enable --now {image}"),
        Noted("reboot", image, "done", f"machinectl reboot {image}"),
        Noted("terminate", image, "done", f"machinectl terminate {image}"),
        Noted("start", image, "done", f"machinectl start {image}"),
        Noted("stop", image, "done", f"systemctl stop {unit}"),
    ]


def test_a_copy_that_is_gone_when_it_ends(operator: Operator, image: str) -> None:
    host = operator.host
    operator.go("machines", image)
    operator.do("S", f"Start as: {image}.", "Space", "Enter", told=f"A copy of {image} is up;")
    (copy,) = (name for name in machine_names(host) if name.startswith(f"{image}-"))
    operator.sees_row("machines", copy, "● running", "Debian")
    await_machine(host, copy)
    run_in_machine(host, copy, "touch", "/root/gone")
    operator.go("machines", copy)
    operator.do("p", f"Stop {copy}?", YES, told=f"{copy} is stopped.")
    wait_until(lambda: not operator.row("machines", copy), "the copy to be gone")
    assert not (host.machines / image / "root/gone").exists()
    assert [path.name for path in host.machines.iterdir() if path.name.startswith(f".#machine.{image}")] == []
    assert [noted.result for noted in operator.noted()] == ["done", "done"]


def leader(host: LabHost, name: str) -> str:
    """The process id of a machine's leader; "" while there is no such machine."""
    return host.run("machinectl", "show", "--property=Leader", "--value", name, check=False).stdout.strip()


@pytest.mark.promise(EVERY)
@pytest.mark.promise("Who entered a machine, when, and whether he was let in stands in the journal")
def test_inside_a_machine(operator: Operator) -> None:
    host, name = operator.host, "files"
    operator.begin_anew()
    content = os.urandom(300_000)
    (host.root / "root/data").write_bytes(content)
    (host.root / "srv/shown").mkdir(exist_ok=True)
    (host.root / "srv/shown/here").write_text("seen")
    with layered(host, name, boot=True):
        operator.sees_row("machines", name, "● running", "Debian")
        operator.go("machines", name)
        with operator.shell():
            operator.terminal.type("echo in $(hostname) as $(id -un)\n")
            operator.sees(f"in {name} as root")

        operator.ask("c", f"Copy to: {name}.", "/root/data", "/root/data", told=f"Copied into {name}.")
        wanted = hashlib.sha256(content).hexdigest()
        assert run_in_machine(host, name, "sha256sum", "/root/data").split()[0] == wanted
        operator.ask("C", f"Copy from: {name}.", "/root/data", "/root/back", told=f"Copied from {name}.")
        assert hashlib.sha256((host.root / "root/back").read_bytes()).hexdigest() == wanted

        operator.ask("m", f"Bind: {name}.", "/srv/shown", "/mnt/shown", told=f"It is seen in {name}.")
        assert run_in_machine(host, name, "cat", "/mnt/shown/here") == "seen"
        operator.do("M", "From here: /mnt/shown", "Enter", told=f"It is seen in {name} no more.")
        assert run_in_machine(host, name, "ls", "/mnt/shown") == ""

        unit = machine_property(host, name, "Unit")
        operator.ask("l", f"Limit: {name}.", "256M", "50%", "200", told=f"The limits of {name} are set.")
        limits = ("--property=MemoryMax", "--property=CPUQuotaPerSecUSec", "--property=TasksMax")
        assert host.ask("systemctl", "show", "--value", *limits, unit).split() == [
            "500ms",
            "268435456",
            "200",
        ]
    operator.sees("● live")
    (host.root / "root/back").unlink()
    assert operator.noted() == [
        Noted("shell", name, "done", f"machinectl shell {name}"),
        Noted("copy-to", name, "done", f"machinectl copy-to {name} /root/data /root/data"),
        Noted("copy-from", name, "done", f"machinectl copy-from {name} /root/data /root/back"),
        Noted("bind", name, "done", f"machinectl bind --mkdir {name} /srv/shown /mnt/shown"),
        Noted("unbind", name, "done", f"machinectl shell {name} /bin/umount -- /mnt/shown"),
        Noted(
            "limit",
            name,
            "done",
            f"systemctl set-property --runtime {unit} MemoryMax=256M CPUQuota=50% TasksMax=200",
        ),
    ]
