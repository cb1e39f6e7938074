"""What is done to images and to the pool they are in."""

from __future__ import annotations

from machined.contract import is_image_name
from machinedeck.core.actions import refusals
from machinedeck.core.actions.action import YES, Action, Field, FieldKind, Harm, Values
from machinedeck.core.actions.amounts import read_size, size_word
from machinedeck.core.host import Host
from machinedeck.core.store import Store
from machinedeck.model import format as written
from machinedeck.model.image import Image, Pool
from machinedeck.model.limits import UNLIMITED
from machinedeck.model.text import clean

_NAME = "name"
_SIZE = "size"


def _check_name(_image: Image, values: Values, store: Store) -> str | None:
    name = values.get(_NAME, "")
    if not is_image_name(name):
        return f"{clean(name) or 'An empty name'} is no name for an image."
    return f"There is an image {clean(name)} already." if name in store.images else None


def _check_size(_subject: object, values: Values, _store: Store) -> str | None:
    try:
        read_size(values.get(_SIZE, ""))
    except ValueError as error:
        return str(error)
    return None


def _read_limit(values: Values) -> int | None:
    size = read_size(values[_SIZE])
    return None if size == UNLIMITED else size


async def _start(host: Host, image: Image, _values: Values) -> None:
    await host.machine_acting.start(image.name)


def _not_startable(image: Image, store: Store) -> str | None:
    if (reason := refusals.being_done(image.name, store)) is not None:
        return reason
    if image.name in store.registered:
        return f"{clean(image.name)} is running already."
    return None if image.is_startable else f"No machine can be called {clean(image.name)}."


START_IMAGE = Action[Image](
    id="start-image",
    label="Start",
    key="s",
    help="Start it as a container and wait until that is up.",
    command=lambda image, _values: ("machinectl", "start", image.name),
    doing="Starting {name} …",
    done="{name} is up.",
    refusal=_not_startable,
    run=_start,
)


async def _clone(host: Host, image: Image, values: Values) -> None:
    is_read_only = values.get("read-only") == YES
    await host.image_acting.clone(image.identity, values[_NAME], is_read_only=is_read_only)


def _clone_command(image: Image, values: Values) -> tuple[str, ...]:
    options = ("--read-only",) if values.get("read-only") == YES else ()
    return "machinectl", "clone", *options, image.name, values.get(_NAME, "")


COPYABLE = frozenset({"directory", "subvolume", "raw"})
"""The types of images that can be cloned; of others the service copies none."""


def _not_cloned(image: Image, _store: Store) -> str | None:
    if image.type in COPYABLE:
        return None
    return f"{clean(image.name)} is of type {clean(image.type)}: none of those can be cloned."


CLONE = Action[Image](
    id="clone",
    label="Clone",
    key="c",
    help="Make a copy under another name: at once where the pool is btrfs, else all is copied.",
    fields=(
        Field(_NAME, "new name", FieldKind.NAME),
        Field("read-only", "read-only", FieldKind.FLAG),
    ),
    command=_clone_command,
    doing="Cloning {name} …",
    done="{name} is cloned.",
    refusal=_not_cloned,
    check=_check_name,
    run=_clone,
)


async def _rename(host: Host, image: Image, values: Values) -> None:
    await host.image_acting.rename(image.identity, values[_NAME])


RENAME = Action[Image](
    id="rename",
    label="Rename",
    key="n",
    help="Give it another name.",
    fields=(Field(_NAME, "new name", FieldKind.NAME),),
    command=lambda image, values: ("machinectl", "rename", image.name, values.get(_NAME, "")),
    doing="Renaming {name} …",
    done="{name} has another name.",
    refusal=refusals.image_used,
    check=_check_name,
    run=_rename,
)


async def _remove(host: Host, image: Image, _values: Values) -> None:
    await host.image_acting.remove(image.identity)


REMOVE = Action[Image](
    id="remove",
    label="Remove",
    key="delete",
    help="Delete it, with its settings and all files that belong to it.",
    harm=Harm.DATA,
    command=lambda image, _values: ("machinectl", "remove", image.name),
    doing="Removing {name} …",
    done="{name} is removed.",
    loss="The image {name} and all that is in it are deleted. Nothing brings them back.",
    refusal=refusals.image_used,
    run=_remove,
)


async def _toggle_read_only(host: Host, image: Image, _values: Values) -> str:
    await host.image_acting.mark_read_only(image.identity, not image.is_read_only)
    return f"{clean(image.name)} is {'writable' if image.is_read_only else 'read-only'} now."


READ_ONLY = Action[Image](
    id="read-only",
    label="Read-only",
    key="w",
    help="Make it read-only, or writable again.",
    command=lambda image, _values: (
        "machinectl",
        "read-only",
        image.name,
        "no" if image.is_read_only else "yes",
    ),
    doing="Marking {name} …",
    done="{name} is marked.",
    refusal=refusals.image_used,
    run=_toggle_read_only,
)


async def _limit_image(host: Host, image: Image, values: Values) -> None:
    await host.image_acting.limit_image(image.identity, _read_limit(values))


def _no_quota(image: Image, store: Store) -> str | None:
    if image.type != "subvolume":
        return f"{clean(image.name)} is no btrfs subvolume: only those can have a limit."
    return refusals.image_of_host(image, store)


LIMIT_IMAGE = Action[Image](
    id="limit-image",
    label="Limit",
    key="l",
    help="Limit how large it may grow.",
    fields=(Field(_SIZE, "size", FieldKind.SIZE, help="such as 10G, or 'none'"),),
    command=lambda image, values: ("machinectl", "set-limit", image.name, size_word(values.get(_SIZE, ""))),
    doing="Limiting {name} …",
    done="The limit of {name} is set.",
    refusal=_no_quota,
    check=_check_size,
    run=_limit_image,
)


def _pool_not_limited(pool: Pool, store: Store) -> str | None:
    # Quotas that are not on yet are no reason: setting a limit turns them on
    if pool.usage is None and store.space is not None and store.space.type != "btrfs":
        return f"The pool is on {clean(store.space.type)}: only on btrfs can it have a limit."
    return None


async def _limit_pool(host: Host, _pool: Pool, values: Values) -> None:
    await host.image_acting.limit_pool(_read_limit(values))


LIMIT_POOL = Action[Pool](
    id="limit-pool",
    label="Limit",
    key="l",
    help="Limit how large all images together may grow.",
    fields=(Field(_SIZE, "size", FieldKind.SIZE, help="such as 100G, or 'none'"),),
    command=lambda _pool, values: ("machinectl", "set-limit", size_word(values.get(_SIZE, ""))),
    doing="Limiting the pool …",
    done="The limit of the pool is set.",
    refusal=_pool_not_limited,
    check=_check_size,
    run=_limit_pool,
)


async def _clean(host: Host, _pool: Pool, values: Values) -> str:
    gone = await host.image_acting.clean(values["what"])
    if not gone:
        return "There was nothing to clean."
    freed = written.size(sum(size or 0 for _name, size in gone))
    return f"Deleted {', '.join(name for name, _size in gone[:5])}{' …' if len(gone) > 5 else ''}: {freed}."


def would_go(store: Store, what: str) -> list[Image]:
    """What `clean` would delete, as far as it is known: hidden images, or all that do not run."""
    return [
        image
        for name, image in sorted(store.images.items())
        if (image.is_hidden or what == "all") and refusals.image_used(image, store) is None
    ]


CLEAN = Action[Pool](
    id="clean",
    label="Clean",
    key="c",
    help="Delete hidden images, or all that do not run.",
    harm=Harm.DATA,
    fields=(Field("what", "which", FieldKind.CHOICE, "hidden", ("hidden", "all")),),
    command=lambda _pool, values: (
        "machinectl",
        "clean",
        *(("--all",) if values.get("what") == "all" else ()),
    ),
    doing="Cleaning the pool …",
    done="The pool is clean.",
    loss="The images named below and all that is in them are deleted. Nothing brings them back.",
    refusal=lambda _pool, _store: None,
    run=_clean,
)
