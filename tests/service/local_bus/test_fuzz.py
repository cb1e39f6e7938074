"""Whatever bytes come in: a message, or a refusal that names the reason, and nothing else."""

from __future__ import annotations

import random

import pytest

from machined.bus.local.intake import Intake
from machined.bus.local.message import Message, Origin
from machined.bus.local.peer import Load
from machined.wire import InvalidMessage
from machined.wire.header import decode, frame_size
from tests.service.local_bus.raw import CALL, REPLY_SERIAL, RETURN, SIGNAL, call_fields, frame

SEEDS = [
    frame(CALL, 5, call_fields("Do", "org.example.A", "org.example.B", "/a/b"), "sus", ["x", 1, "y"]),
    frame(CALL, 5, call_fields("Do"), "asu", [["x", "yy"], 4], order=">"),
    frame(RETURN, 6, [(REPLY_SERIAL, "u", 4), *call_fields("Do")[3:]], "s", ["x"]),
    frame(RETURN, 6, [*call_fields("Do")[3:], (REPLY_SERIAL, "u", 4)], "s", ["x"]),
    frame(SIGNAL, 7, [*call_fields("Tick", ""), (77, "as", ["a"]), (78, "v", b"\2as\0\0\0\0\0")], "u", [1]),
]


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at] ^= 1 << chance.randrange(8)
            case 2:
                data[at:at] = bytes(chance.randrange(1, 9))
            case _:
                del data[at : at + chance.randrange(1, 9)]
    return bytes(data)


def messages(data: bytes, chance: random.Random) -> list[Message]:
    """What comes of bytes, in pieces of any size."""
    load = Load()
    intake = Intake(16, load)
    found: list[Message] = []
    try:
        while data:
            size = chance.randrange(1, len(data) + 1)
            intake.add(data[:size], [])
            data = data[size:]
            while (message := intake.next()) is not None:
                found.append(message)
    finally:
        intake.clear()
        assert load.incoming == 0
    return found


@pytest.mark.parametrize("seed", range(8))
def test_mutated_messages(seed: int) -> None:
    chance = random.Random(seed)
    outcomes = {"taken": 0, "refused": 0}
    for _ in range(1500):
        try:
            taken = messages(mutated(chance) + chance.choice(SEEDS), chance)
        except InvalidMessage:
            outcomes["refused"] += 1
            continue
        for message in taken:
            message.origin = Origin(":1.7")
            for index in range(4):
                message.text(index)
            passed_on = b"".join(message.chunks())
            assert frame_size(passed_on) == len(passed_on)
            assert decode(passed_on).sender == ":1.7"
        outcomes["taken"] += 1
    assert min(outcomes.values()) > 100


def test_every_way_to_cut_a_stream_gives_the_same_messages() -> None:
    whole = b"".join(SEEDS) * 3
    for seed in range(200):
        found = messages(whole, random.Random(seed))
        assert [message.frame for message in found] == SEEDS * 3
