"""Why something cannot be done to a machine or an image as it is now; each answers `None` when it can."""

from __future__ import annotations

import re

from machined.contract import HOST_MACHINE
from machinedeck.core.ssh import has_ssh
from machinedeck.core.store import Store
from machinedeck.model.image import Image
from machinedeck.model.machine import Machine, State
from machinedeck.model.text import clean

_LIBVIRT = r"(?:qemu|lxc|xen|ch)-\d+-(?P<name>.+)"
"""How libvirt registers its domains: driver, number, name."""


def not_running(machine: Machine, _store: Store | None = None) -> str | None:
    """Only what runs can be ended."""
    if machine.name == HOST_MACHINE:
        return "This is the host itself: use systemctl on it."
    return f"{clean(machine.name)} is not running." if not machine.state.is_registered else None


def not_restartable(machine: Machine, store: Store) -> str | None:
    """Only what runs can be restarted, and only once at a time."""
    return being_done(machine.name, store) or not_running(machine)


def being_done(name: str, store: Store) -> str | None:
    """What is being restarted is started already."""
    return f"{clean(name)} is {store.doing[name]} already." if name in store.doing else None


def running(machine: Machine, store: Store) -> str | None:
    """Only what does not run can be started."""
    if machine.name == HOST_MACHINE:
        return "This is the host itself: it runs."
    if (reason := being_done(machine.name, store)) is not None:
        return reason
    return f"{clean(machine.name)} is running already." if machine.state.is_registered else None


def not_up(machine: Machine, _store: Store | None = None) -> str | None:
    """Only what is up can be entered."""
    name = clean(machine.name)
    if not machine.state.is_registered:
        return f"{name} is not running. Start it first."
    if machine.state in {State.OPENING, State.CLOSING}:
        return f"{name} is {machine.state}. Try again in a moment."
    return None


def not_shut_down(machine: Machine, store: Store | None = None) -> str | None:
    """Only containers hear the signals that tell an init to shut down: at a VM they reach its emulator."""
    return not_running(machine, store) or _not_container(machine, "shutdown", "shut down by a signal")


def not_rebooted(machine: Machine, store: Store | None = None) -> str | None:
    """As `not_shut_down`."""
    return not_running(machine, store) or _not_container(machine, "reboot", "rebooted by a signal")


def no_shell(machine: Machine, store: Store | None = None) -> str | None:
    """Only containers that are up can be entered, the host, and virtual machines that told an SSH address."""
    return not_up(machine, store) if has_ssh(machine) else no_login(machine, store)


def no_login(machine: Machine, store: Store | None = None) -> str | None:
    """Only containers that are up have a login prompt for the host, and the host itself."""
    if machine.kind == "vm":
        name = clean(machine.name)
        return f"{name} is a virtual machine: the host cannot enter it. Log in over the network instead."
    return not_up(machine, store)


def no_files(machine: Machine, store: Store | None = None) -> str | None:
    """Only the files of containers that are up can be reached."""
    if machine.name == HOST_MACHINE:
        return "This is the host itself: use cp and mount on it."
    if machine.kind == "vm" and machine.state.is_registered:
        return f"{clean(machine.name)} is a virtual machine: copy over the network, with scp or rsync."
    return not_up(machine, store)


def no_image_file(machine: Machine, store: Store) -> str | None:
    """Only what has an image can be started at boot."""
    if machine.name not in store.images or machine.name == HOST_MACHINE:
        return f"{clean(machine.name)} has no image that could be started at boot."
    return None


def owner_command(machine: Machine, verb: str) -> str:
    """How whoever runs a virtual machine does something to it, as a sentence."""
    domain = re.fullmatch(_LIBVIRT, machine.name)
    if machine.service.startswith("libvirt") and domain is not None:
        return f"Use: virsh {verb} {clean(domain['name'])}"
    if machine.service:
        return f"Its owner, {clean(machine.service)}, can."
    return "Whoever started it can."


def _not_container(machine: Machine, verb: str, what: str) -> str | None:
    if machine.kind != "vm":
        return None
    return f"{clean(machine.name)} is a virtual machine: it cannot be {what}. {owner_command(machine, verb)}"


def image_used(image: Image, store: Store) -> str | None:
    """Only what no machine runs from, and what is not the host's, can be altered."""
    return image_of_host(image, store) or (
        f"{clean(image.name)} is running. Stop it first." if image.name in store.registered else None
    )


def image_of_host(image: Image, _store: Store) -> str | None:
    """The host's own tree is listed as an image, but is none to be altered."""
    return "This is the host's own tree." if image.name == HOST_MACHINE else None
