"""What of a machine, an image or the pool may be wanted in the clipboard, whole."""

from __future__ import annotations

from collections.abc import Sequence

from machinedeck.core.actions import SHELL, Subject
from machinedeck.core.store import Store
from machinedeck.model.image import Image, Pool
from machinedeck.model.machine import Machine
from machinedeck.model.text import clean

Values = list[tuple[str, str]]
"""What each value is, and the value; what is not known is left out."""


def values_of(subjects: Sequence[Subject], store: Store) -> Values:
    """The values of what is chosen; of several, their names and addresses, one in a line."""
    if len(subjects) != 1:
        return _together(subjects)
    subject = subjects[0]
    if isinstance(subject, Machine):
        found = _machine(subject, store)
    elif isinstance(subject, Image):
        found = _image(subject, store)
    else:
        found = _pool(subject)
    return [(what, clean(value)) for what, value in found if value]


def _together(subjects: Sequence[Subject]) -> Values:
    names = [clean(one.name) for one in subjects if not isinstance(one, Pool)]
    addresses = [one.addresses[0] for one in subjects if isinstance(one, Machine) and one.addresses]
    found = [("names", "\n".join(names)), ("addresses", "\n".join(addresses))]
    return [(what, value) for what, value in found if value]


def _machine(machine: Machine, store: Store) -> Values:
    usage = store.usage.get(machine.name)
    return [
        ("name", machine.name),
        *(("address", address) for address in machine.addresses or ()),
        ("OS", "" if machine.os is None else machine.os.name),
        ("class", machine.kind),
        ("service", machine.service),
        ("unit", machine.unit),
        ("leader", str(machine.leader or "")),
        ("id", machine.machine_id),
        ("image", machine.image),
        ("root", machine.root),
        ("memory", "" if usage is None or usage.memory is None else str(usage.memory)),
        ("object", machine.path),
        ("shell", SHELL.command_line(machine, {})),
    ]


def _image(image: Image, store: Store) -> Values:
    os = store.image_os.get(image.name)
    return [
        ("name", image.name),
        ("type", image.type),
        ("size", "" if image.usage is None else str(image.usage)),
        ("OS", "" if os is None else os.name),
        ("object", image.path),
    ]


def _pool(pool: Pool) -> Values:
    return [
        ("path", pool.path),
        ("usage", "" if pool.usage is None else str(pool.usage)),
        ("limit", "" if pool.limit is None else str(pool.limit)),
    ]
