"""Real clients print of images on our service what they print on systemd-machined, on real pools."""

from __future__ import annotations

import pytest

from tests.lab.host import TREE, LabHost
from tests.lab.image_clients import images_played, mount_ext4
from tests.lab.images import await_machine, machine_names, machine_property, run_in_machine
from tests.lab.own_service import install_service
from tests.lab.place import wait_until
from tests.lab.printing import Prints, surprises
from tests.lab.program import install_program, program_binds

pytestmark = pytest.mark.lab()

QUOTAS = "btrfs with quotas"
POOLS = (QUOTAS, "btrfs", "ext4")
"""What /var/lib/machines is on."""

SHARED = "252 fills the holes of copies on btrfs too, 257 and the service do not"
WORDS = "the service says it in the words of 257"
RENAMES = ("machinectl rename deux one", "machinectl rename .host x", "rename deux x, which is in use")
COPIES = ("show-image disc, a copy", "list-images of what came")
POOL = ("a pool with a limit", "a pool without a limit")
KNOWN: dict[tuple[str, str], dict[str, str]] = {
    ("bookworm", "ext4"): dict.fromkeys(RENAMES, WORDS),
    ("bookworm", QUOTAS): dict.fromkeys((*COPIES, *POOL), SHARED) | dict.fromkeys(RENAMES, WORDS),
    ("bookworm", "btrfs"): dict.fromkeys((*COPIES, *POOL), SHARED) | dict.fromkeys(RENAMES, WORDS),
    ("trixie", "ext4"): {},
    ("trixie", QUOTAS): {},
    ("trixie", "btrfs"): {},
}
"""What clients print otherwise of the service, on each release and kind of pool, and why."""


def both_printed(suite: str, kind: str) -> tuple[Prints, Prints]:
    """What clients print of images, of systemd-machined and of our service, each on a fresh host."""
    return _printed(suite, kind, is_ours=False), _printed(suite, kind, is_ours=True)


def _printed(suite: str, kind: str, *, is_ours: bool) -> Prints:
    pool = None if kind == "ext4" else "1G"
    with LabHost(suite, pool=pool, binds=program_binds(suite)) as host:
        if kind == "ext4":
            mount_ext4(host)
        install_program(host)
        host.add_user("ann")
        if is_ours:
            install_service(host, "--strict")
        return images_played(host, has_quotas=kind == QUOTAS)


@pytest.mark.timeout(300)
@pytest.mark.promise(
    "Clients print of images and the pool what they print of systemd-machined, on btrfs and ext4"
)
@pytest.mark.promise("The real systemd-importd brings and takes images beside the service")
@pytest.mark.parametrize("kind", POOLS)
def test_they_print_the_same(suite: str, kind: str) -> None:
    real, ours = both_printed(suite, kind)
    found = surprises(real, ours, KNOWN[suite, kind])
    assert not found, "\n".join(found)


@pytest.mark.timeout(300)
@pytest.mark.promise("What systemd-importd brings is an image at once: it is listed, copied, and starts")
def test_what_importd_brings_starts(suite: str) -> None:
    """A whole system comes through systemd-importd; its copy is booted, changed, and sent out again."""
    with LabHost(suite, pool="2G", binds=program_binds(suite)) as host:
        install_program(host)
        install_service(host)
        bring = f"tar -C {TREE} -c . | machinectl import-tar - came"
        host.ask("sh", "-ec", bring, timeout=120)
        assert host.ask("machinectl", "show-image", "--property=Type", "--value", "came") == "subvolume"
        host.ask("machinectl", "clone", "came", "again")
        host.ask("machinectl", "start", "again")
        await_machine(host, "again")
        assert machine_property(host, "again", "RootDirectory") == "/var/lib/machines/again"
        run_in_machine(host, "again", "touch", "/root/was-here")
        host.ask("machinectl", "stop", "again")
        wait_until(lambda: "again" not in machine_names(host), "it is off")
        send = "machinectl export-tar again - | tar -t"
        sent = host.ask("sh", "-ec", send, timeout=120).splitlines()
        assert {"./root/was-here", "./usr/lib/os-release"} <= set(sent)
        there = host.ask("sh", "-c", "cd /var/lib/machines/again && find . -not -type s | wc -l")
        assert len(sent) == int(there)
