"""What can be done from the console, on real hosts: by keys, on systemd-machined and on our service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.lab.host import LabHost
from tests.lab.images import add_image
from tests.lab.operator import Noted, Operator, at_console
from tests.lab.own_service import own_service
from tests.lab.place import wait_until
from tests.lab.program import install_program, program_binds

pytestmark = pytest.mark.lab()

SEED = "seed"
EVERY = "Every action is a key away, and lands in the journal with its command line"
GIB = 2**30


@pytest.fixture(scope="module")
def pooled(suite: str) -> Iterator[LabHost]:
    """A host with the console, and a pool on btrfs that counts, with a bootable image in it."""
    with LabHost(suite, binds=program_binds(suite), pool="3G") as host:
        install_program(host)
        host.ask("btrfs", "quota", "enable", "/var/lib/machines")
        add_image(host, SEED)
        yield host


@pytest.fixture(scope="module", params=["systemd-machined", "our service"])
def operator(pooled: LabHost, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """The operator, at a host whose machines are served by systemd-machined, or by our service."""
    ours = own_service(pooled) if request.param == "our service" else contextlib.nullcontext()
    with ours, at_console(pooled) as operator:
        yield operator


@pytest.fixture
def image(operator: Operator) -> Iterator[str]:
    """An image of its own for a test."""
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
    operator.press("c")
    operator.sees(f"Clone: {SEED}.")
    operator.answer(".old")
    wait_until((host.machines / ".old/etc").exists, "the second clone")

    operator.go("images", "one")
    operator.ask("l", "Limit: one.", "1G", told="The limit of one is set.")
    assert image_property(host, "one", "Limit") == str(GIB)
    operator.sees_row("images", "one", " 1.0G ", timeout=5)

    operator.do("w", "", told="one is read-only now.")
    assert host.ask("btrfs", "property", "get", "-ts", "/var/lib/machines/one", "ro") == "ro=true"
    operator.sees_row("images", "one", " yes ", timeout=5)
    operator.do("w", "", told="one is writable now.")
    operator.sees_row("images", "one", " no ", timeout=5)

    operator.ask("n", "Rename: one.", "other", told="one has another name.")
    operator.sees_row("images", "other", " 1.0G ")

    operator.go("images", "other")
    operator.ask("DC", "The image other and all", "othe", told="That is not other. Nothing was done.")
    assert (host.machines / "other/etc").exists()
    operator.press("r", "Enter")
    operator.sees("other is removed.")
    assert not (host.machines / "other").exists()

    operator.go("pool")
    operator.ask("l", "Limit: the pool.", "2G", told="The limit of the pool is set.")
    operator.sees("limit      2.0G")
    operator.do("c", "Clean: the pool.", "Enter", told=".old (subvolume")
    operator.answer("clean")
    operator.sees("Deleted .old")
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
