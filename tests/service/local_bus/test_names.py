"""Names and their queues: the same results and the same signals as from dbus-daemon."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest

from machined.bus.local import Limits, LocalBus
from tests.service.local_bus.compared import LEAVE, Step, on_both, watch_owners
from tests.service.local_bus.raw import RawClient

NAME, OTHER = "org.example.One", "org.example.Two"
ALLOW, REPLACE, NO_QUEUE = 1, 2, 4
Join = Callable[[str], Awaitable[RawClient]]


def request(number: int, flags: int = 0, name: str = NAME) -> Step:
    return (number, "RequestName", "su", (name, flags))


def release(number: int, name: str = NAME) -> Step:
    return (number, "ReleaseName", "s", (name,))


def leave(number: int) -> Step:
    return (number, LEAVE, "", ())


def queue(number: int, name: str = NAME) -> Step:
    return (number, "ListQueuedOwners", "s", (name,))


CASES: dict[str, list[Step]] = {
    "owned, asked again, released, released again": [request(0), request(0), release(0), release(0)],
    "queued and moved up": [request(0), request(1), queue(2), release(0), queue(2)],
    "not queued": [request(0), request(1, NO_QUEUE), queue(2)],
    "queued, then no longer": [request(0), request(1), request(1, NO_QUEUE), queue(2), release(0)],
    "released by one who never had it": [request(0), release(1)],
    "replaced, and back in the queue": [
        request(0, ALLOW), request(1, REPLACE), queue(2), release(1), queue(2),
    ],
    "replaced for good": [request(0, ALLOW | NO_QUEUE), request(1, REPLACE), queue(2), release(1)],
    "not replaceable": [request(0), request(1, REPLACE), queue(2)],
    "not replaceable, not queued": [request(0), request(1, REPLACE | NO_QUEUE), queue(2)],
    "replaced without a queue": [
        request(0, ALLOW), request(1, REPLACE | NO_QUEUE), queue(2), leave(1), queue(2),
    ],
    "jumps the queue": [request(0), request(1), request(2, REPLACE), queue(1), release(0), queue(1)],
    "jumps the queue later": [request(0), request(1), request(2), request(2, REPLACE), queue(1), release(0)],
    "allows replacement later": [request(0), request(1), request(0, ALLOW), request(2, REPLACE), queue(0)],
    "replaces from within the queue": [
        request(0, ALLOW), request(1), request(2), request(2, REPLACE), queue(1), release(2), queue(1),
    ],
    "allows replacement from the queue": [
        request(0), request(1, ALLOW), release(0), request(2, REPLACE), queue(0),
    ],
    "left by its owner": [
        request(0), request(1), request(2), leave(0), queue(1), leave(1), queue(2), leave(2),
    ],
    "left by one who waits": [request(0), request(1), request(2), leave(1), queue(2), release(0), queue(2)],
    "several names of one who leaves": [request(0), request(0, name=OTHER), request(1), leave(0), queue(1)],
    "released from the queue": [request(0), request(1), release(1), queue(2), release(0)],
    "unknown flags": [request(0, 0xF8), request(1, 0xFA), queue(2)],
}  # fmt: skip


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES.keys())
async def test_as_dbus_daemon_does_it(bus: LocalBus, daemon: str, steps: list[Step]) -> None:
    heard = await on_both(bus.address, daemon, 4, [watch_owners(3), *steps])
    assert len(heard[3]) > 1


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_events(bus: LocalBus, daemon: str, seed: int) -> None:
    chance = random.Random(seed)
    steps = [watch_owners(5), watch_owners(0)]
    for _ in range(40):
        number = chance.randrange(5)
        name = chance.choice([NAME, NAME, OTHER])
        what = chance.random()
        if what < 0.65:
            steps.append(request(number, chance.randrange(8), name))
        elif what < 0.92:
            steps.append(release(number, name))
        elif what < 0.94:
            steps.append(leave(number))
        else:
            steps.append(queue(5, name))
    await on_both(bus.address, daemon, 6, steps)


BAD_NAMES = [
    "",
    "one",
    ".a.b",
    "a..b",
    "a.b.",
    "a.1b",
    "a.b c",
    "a.b\n",
    ":1.99",
    ":bad",
    "a." + "b" * 254,
    "ä.b",
]


async def test_names_that_are_none(bus: LocalBus, daemon: str) -> None:
    steps: list[Step] = []
    for name in [*BAD_NAMES, "org.freedesktop.DBus"]:
        steps += [request(0, 0, name), release(0, name)]
    heard = await on_both(bus.address, daemon, 1, steps)
    assert heard[0][1:] == [("error", "org.freedesktop.DBus.Error.InvalidArgs")] * len(steps)


async def test_strange_names_that_are_some(bus: LocalBus, daemon: str) -> None:
    names = ["a.b", "a-b.c-d", "_a._b", "a." + "b" * 253, "-a.-b"]
    heard = await on_both(bus.address, daemon, 1, [request(0, 0, name) for name in names])
    assert [one[4] for one in heard[0] if one[0] == "reply"] == [[1]] * len(names)


async def test_unique_names_are_never_given_again(bus: LocalBus, join: Join) -> None:
    first = await join(bus.address)
    names = {first.name}
    for _ in range(20):
        client = await join(bus.address)
        assert client.name not in names
        names.add(client.name)
        client.close()


async def test_hello_twice(bus: LocalBus, daemon: str) -> None:
    await on_both(bus.address, daemon, 1, [(0, "Hello", "", ()), (0, "ListNames", "", ())])


@pytest.mark.parametrize("limits", [Limits(names_per_client=3)], ids=["3"])
async def test_no_more_names_than_allowed(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    for number in range(3):
        assert (await client.call("RequestName", "su", f"org.example.N{number}", 0)).body == [1]
    refused = await client.call("RequestName", "su", "org.example.More", 0)
    assert refused.error == "org.freedesktop.DBus.Error.LimitsExceeded"
    assert (await client.call("RequestName", "su", "org.example.N1", 0)).body == [4]
    await client.call("ReleaseName", "s", "org.example.N1")
    assert (await client.call("RequestName", "su", "org.example.More", 0)).body == [1]
