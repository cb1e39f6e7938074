"""Real clients print of our service what they print of systemd-machined, on a real host with machines."""

from __future__ import annotations

import pytest

from tests.lab.clients import NAME, played
from tests.lab.host import LabHost
from tests.lab.images import add_image
from tests.lab.own_service import own_service
from tests.lab.printing import Prints, surprises
from tests.lab.program import install_program, program_binds

pytestmark = [
    pytest.mark.lab(),
    pytest.mark.promise("The unit's fetters allow what the service's job needs"),
    pytest.mark.promise("On a real host clients print of the service what they print of systemd-machined"),
]


NEWER = "the service has the properties of 257 also where the clients are those of 252"
MOUNT = "252 mounts without nosuid and nodev, 257 and the service with what the source has"
KNOWN = {
    "bookworm": {
        "machinectl show web": NEWER,
        "machinectl show .host": NEWER,
        "machinectl show hand": NEWER,
        "machinectl show kept": NEWER,
        "machinectl show qemu-1-vm": NEWER,
        "bound": MOUNT,
    },
    "trixie": {},
}
"""What clients print otherwise of the service, on each release, and why."""


def both_printed(suite: str) -> tuple[Prints, Prints]:
    """What clients print of systemd-machined, and of our service, on one host."""
    with LabHost(suite, binds=program_binds(suite)) as host:
        install_program(host)
        host.add_user("ann")
        add_image(host, NAME)
        host.ask("chroot", f"/var/lib/machines/{NAME}", "useradd", "--create-home", "ann")
        real = played(host)
        with own_service(host, "--strict"):
            return real, played(host)


@pytest.mark.timeout(300)
def test_they_print_the_same(suite: str) -> None:
    real, ours = both_printed(suite)
    found = surprises(real, ours, KNOWN[suite])
    assert not found, "\n".join(found)
