"""The one-shot verbs: ask, print, end."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from machined.contract import HOST_MACHINE
from machinedeck.cli.answer import write_answer
from machinedeck.core.host import Host
from machinedeck.model import format as written
from machinedeck.model.event import Event
from machinedeck.model.failure import Failure, Kind
from machinedeck.model.image import Image
from machinedeck.model.machine import Machine
from machinedeck.model.text import UNKNOWN, clean

EXIT_CODES = {
    Kind.NOT_THERE: 3,
    Kind.NOT_ALLOWED: 4,
    Kind.NO_SERVICE: 5,
    Kind.NO_BUS: 5,
    Kind.OWN_SERVICE: 5,
}
"""Exit codes that tell failures apart; any other is 1."""

Records = Sequence[dict[str, Any]]


def run_verb(host: Host, verb: str, *, is_json: bool, is_all: bool) -> int:
    """Do one verb and print its answer; the exit code."""
    gc.enable()
    read = {"list": _machines, "images": _images}[verb]
    try:
        records = asyncio.run(_ask(host, read, is_all=is_all))
    except Failure as failure:
        print(f"machinedeck: {failure}", file=sys.stderr)  # noqa: T201
        return EXIT_CODES.get(failure.kind, 1)
    if is_json:
        write_answer(json.dumps(records))
    else:
        write_answer(_table(_READABLE[verb](records), verb))
    return 0


async def _ask(host: Host, read: Callable[..., Awaitable[Records]], *, is_all: bool) -> Records:
    await host.open(_no_listener)
    try:
        return await read(host, is_all=is_all)
    finally:
        await host.close()


def _no_listener(_event: Event) -> None:
    """A verb that is answered once follows nothing."""


async def _machines(host: Host, *, is_all: bool) -> Records:
    listed = [machine for machine in await host.machines() if is_all or machine.name != HOST_MACHINE]
    slots = asyncio.Semaphore(8)

    async def look(machine: Machine) -> dict[str, Any]:
        async with slots:
            system = await _or_none(host.os(machine.name))
            addresses = await _or_none(host.addresses(machine.name))
        return {
            "machine": machine.name,
            "class": machine.kind,
            "service": machine.service,
            "os": system.id if system else "",
            "version": system.version if system else "",
            "addresses": "\n".join(addresses or ()),
        }

    return await asyncio.gather(*map(look, sorted(listed, key=lambda machine: machine.name)))


async def _or_none(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except Failure as failure:
        if failure.kind in {Kind.NO_BUS, Kind.NO_SERVICE}:
            raise
        return None  # this machine cannot tell; the others can


async def _images(host: Host, *, is_all: bool) -> Records:
    images = [image for image in await host.images() if is_all or not image.is_hidden]
    return [_image(image) for image in sorted(images, key=lambda image: image.name)]


def _image(image: Image) -> dict[str, Any]:
    return {
        "name": image.name,
        "type": image.type,
        "ro": image.is_read_only,
        "usage": image.usage,
        "created": image.created or 0,
        "modified": image.modified or 0,
    }


def _readable_machines(records: Records) -> list[list[str]]:
    rows = [["MACHINE", "CLASS", "SERVICE", "OS", "VERSION", "ADDRESSES"]]
    for record in records:
        addresses = written.addresses(record["addresses"].split())
        texts = (record[key] for key in ("machine", "class", "service", "os", "version"))
        rows.append([*(clean(text) or UNKNOWN for text in texts), addresses])
    return rows


def _readable_images(records: Records) -> list[list[str]]:
    rows = [["NAME", "TYPE", "RO", "USAGE", "CREATED", "MODIFIED"]]
    rows += [
        [
            clean(record["name"]),
            record["type"],
            "yes" if record["ro"] else "no",
            written.size(record["usage"]),
            written.moment(record["created"]),
            written.moment(record["modified"]),
        ]
        for record in records
    ]
    return rows


_READABLE = {"list": _readable_machines, "images": _readable_images}


def _table(rows: list[list[str]], verb: str) -> str:
    if len(rows) == 1:
        return {"list": "No machines.", "images": "No images."}[verb]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
