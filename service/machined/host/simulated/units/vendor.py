"""The units that came with the simulated host: what its unit files say."""

from __future__ import annotations

from typing import NamedTuple

from machined.host.simulated.units.nspawn import TEMPLATE

FOLDER = "/usr/lib/systemd/system"
"""Where their files are."""


class VendorUnit(NamedTuple):
    """What a unit file says, as far as it matters here."""

    description: str
    """`%i` stands for the name of the instance."""
    installs_into: str = ""
    """The target that wants it once it is enabled; "" for a static unit."""
    service_type: str = "simple"
    is_up: bool = True
    """Whether it is up since boot."""
    has_file: bool = True


VENDOR_UNITS = {
    "-.slice": VendorUnit("Root Slice", has_file=False),
    "system.slice": VendorUnit("System Slice", has_file=False),
    "user.slice": VendorUnit("User and Session Slice"),
    "machine.slice": VendorUnit("Virtual Machine and Container Slice"),
    "init.scope": VendorUnit("System and Service Manager", has_file=False),
    "basic.target": VendorUnit("Basic System"),
    "multi-user.target": VendorUnit("Multi-User System"),
    "machines.target": VendorUnit("Containers", "multi-user.target"),
    TEMPLATE: VendorUnit("Container %i", "machines.target", "notify", is_up=False),
    "cron.service": VendorUnit("Regular background program processing daemon", "multi-user.target"),
    "dbus.service": VendorUnit("D-Bus System Message Bus", service_type="notify"),
    "libvirtd.service": VendorUnit("libvirt legacy monolithic daemon", "multi-user.target", "notify"),
    "ssh.service": VendorUnit("OpenBSD Secure Shell server", "multi-user.target", "notify"),
    "systemd-journald.service": VendorUnit("Journal Service", service_type="notify"),
    "systemd-logind.service": VendorUnit("User Login Management", service_type="notify"),
    "systemd-machined.service": VendorUnit(
        "Virtual Machine and Container Registration Service", service_type="notify"
    ),
    "systemd-networkd.service": VendorUnit("Network Management", "multi-user.target", "notify"),
    "systemd-resolved.service": VendorUnit("Network Name Resolution", "multi-user.target", "notify"),
    "systemd-tmpfiles-setup.service": VendorUnit(
        "Create System Files and Directories", service_type="oneshot"
    ),
    "systemd-udevd.service": VendorUnit(
        "Rule-based Manager for Device Events and Files", service_type="notify"
    ),
    "virtlogd.service": VendorUnit("libvirt logging daemon", service_type="notify"),
}
"""By name. Other units that processes of the scenario are in have their name as description."""
