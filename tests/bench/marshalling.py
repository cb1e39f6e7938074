"""What it costs to turn a reply of 1000 rows into bytes and back, beside dbus-next."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Callable
from typing import Any

from dbus_next._private.unmarshaller import Unmarshaller
from dbus_next.constants import MessageType
from dbus_next.message import Message

from machined.wire import Variant
from machined.wire.header import decode, encode
from tests.bench.rows import Measure

ROWS = 1000
PASSES = 15
"""Of which the best counts: whatever else the host does can only make one slower."""
LIMIT_MS = 1.5

MACHINES = [
    [
        f"machine-{number}",
        "container",
        "systemd-nspawn",
        f"/org/freedesktop/machine1/machine/machine_2d{number}",
    ]
    for number in range(ROWS)
]
IMAGES = [
    [
        f"image-{number}",
        "directory",
        number % 2 == 0,
        1_700_000_000_000_000 + number,
        1_700_000_001_000_000 + number,
        123_456_789 + number,
        f"/org/freedesktop/machine1/image/image_2d{number}",
    ]
    for number in range(ROWS)
]
_VALUES: list[Callable[[int], Variant]] = [
    lambda number: Variant("s", f"value {number}"),
    lambda number: Variant("u", number),
    lambda number: Variant("t", number * 1_000_000_007),
    lambda number: Variant("b", number % 2 == 0),
    lambda number: Variant("as", ["one", "two"]),
]
PROPERTIES = {f"Property{number:04}": _VALUES[number % 5](number) for number in range(ROWS)}

BODIES: list[tuple[str, Any, bool]] = [
    ("a(ssso)", MACHINES, True),
    ("a(ssbttto)", IMAGES, True),
    ("a{sv}", PROPERTIES, False),
]
"""Signatures, values of them, and whether we promise a time for writing these."""


def milliseconds(work: Callable[[], object]) -> float:
    """How long `work` takes, once."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def best_in_turn(*works: Callable[[], object]) -> list[float]:
    """The best time of each, measured in turn so that all of them meet the same host."""
    gc.collect()
    passes = [[milliseconds(work) for work in works] for _ in range(PASSES)]
    return [min(times) for times in zip(*passes, strict=True)]


def measure_body(signature: str, value: Any, is_promised: bool) -> list[Measure]:
    """Write and read a whole reply, with either library."""
    reply = Message(
        message_type=MessageType.METHOD_RETURN,
        destination=":1.1",
        reply_serial=1,
        serial=1,
        signature=signature,
        body=[value],
    )
    written = bytes(reply._marshall())
    frame = bytes(encode(reply)[0])
    assert written.endswith(frame[decode(frame).body_offset :])
    assert decode(written).decode() == Unmarshaller(io.BytesIO(written)).unmarshall().body == [value]
    writing, writing_there, reading, reading_there = best_in_turn(
        lambda: encode(reply),
        reply._marshall,
        lambda: decode(written).decode(),
        lambda: Unmarshaller(io.BytesIO(written)).unmarshall(),
    )
    what = f"{signature}, {ROWS} rows"
    promised = [Measure("marshalling", f"write {what}", writing, "ms", "the limit, in ms", LIMIT_MS, "<= 1")]
    return [
        *(promised if is_promised else []),
        Measure(
            "marshalling",
            f"… write {what}" if is_promised else f"write {what}",
            writing,
            "ms",
            "dbus-next",
            writing_there,
            "",
        ),
        Measure("marshalling", f"read {what}", reading, "ms", "dbus-next", reading_there, ""),
    ]


def measure() -> list[Measure]:
    """All signatures, one after the other."""
    return [one for body in BODIES for one in measure_body(*body)]
