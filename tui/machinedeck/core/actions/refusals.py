"""Why something cannot be done to a machine or an image as it is now; each answers `None` when it can."""

from __future__ import annotations

import re
import shlex

from machined.contract import HOST_MACHINE, IMAGE_FOLDERS
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
    """Only what runs in a service can be restarted: a scope has no program to start. And once at a time."""
    if (reason := being_done(machine.name, store) or not_running(machine)) is not None:
        return reason
    if not machine.unit or machine.unit.endswith(".service"):
        return None
    reason = f"{clean(machine.name)} runs in {clean(machine.unit)}, which can be stopped but not started."
    again = "Stop it, and start it the way it was started."
    return f"{reason} {owner_command(machine, 'reboot') if machine.kind == 'vm' else again}"


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
        way = _virsh(machine, "console") or "Log in over the network instead."
        return f"{clean(machine.name)} is a virtual machine: the host cannot enter it. {way}"
    return not_up(machine, store)


def no_binds(machine: Machine, store: Store | None = None) -> str | None:
    """As `no_files`; what of the host is seen in a virtual machine is for whoever runs it to say."""
    if machine.kind == "vm" and machine.state.is_registered:
        way = owner_command(machine, "attach-device")
        return f"{clean(machine.name)} is a virtual machine: the host cannot bind into it. {way}"
    return no_files(machine, store)


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
    if command := _virsh(machine, verb):
        return command
    if machine.service:
        return f"Its owner, {clean(machine.service)}, can."
    return "Whoever started it can."


def _virsh(machine: Machine, verb: str) -> str:
    """The command for a domain of libvirt, as a sentence; "" where it is none."""
    domain = re.fullmatch(_LIBVIRT, machine.name)
    if not machine.service.startswith("libvirt") or domain is None:
        return ""
    return f"Use: virsh {verb} {shlex.quote(clean(domain['name']))}"


def _not_container(machine: Machine, verb: str, what: str) -> str | None:
    if machine.kind != "vm":
        return None
    return f"{clean(machine.name)} is a virtual machine: it cannot be {what}. {owner_command(machine, verb)}"


def image_used(image: Image, store: Store) -> str | None:
    """Only what no machine runs from, and what is not the host's, can be altered."""
    if (reason := image_of_host(image, store)) is not None:
        return reason
    if image.name in store.registered:
        return f"{clean(image.name)} is running. Stop it first."
    runner = store.running(store.runners().get(image.name, ""))
    if runner is None or runner.root.rpartition("/")[0] not in IMAGE_FOLDERS:
        return None  # a folder that only has an image's name
    return f"{clean(runner.name)} runs from {clean(image.name)}. Stop it first."


def image_of_host(image: Image, _store: Store) -> str | None:
    """The host's own tree is listed as an image, but is none to be altered."""
    return "This is the host's own tree." if image.name == HOST_MACHINE else None
