"""Match rules: what is one, and what it lets through, beside dbus-daemon."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from machined.bus.local import LocalBus
from machined.bus.local.arguments import Arguments
from machined.bus.local.rules import parse_rule
from machined.wire import InvalidMessage, Variant
from machined.wire.body import encode_body
from tests.service.local_bus.compared import Step, on_both
from tests.service.local_bus.raw import BUS, SIGNAL, RawClient, frame

Join = Callable[[str], Awaitable[RawClient]]

WORDS = [
    "",
    "type='signal'",
    "type=signal",
    "type='method_call'",
    "type='method_return'",
    "type='error'",
    "type='nonsense'",
    "type=''",
    " type = 'signal'",
    "type='signal' ,member='A'",
    "type='signal', member='A'",
    "type='signal',",
    "type='signal',,",
    ",",
    "type",
    "type='signal',member",
    "type='signal",
    "type=sig'nal'",
    "type='sig''nal'",
    "type='signal',type='signal'",
    "unknown='x'",
    "sender='org.example.A'",
    "sender=':1.1'",
    "sender='x'",
    "sender=''",
    "interface='org.example.A'",
    "interface='x'",
    "interface='org.1x'",
    "member='Abc'",
    "member='a.b'",
    "member=''",
    "path='/a/b'",
    "path='a'",
    "path='/a/'",
    "path='/'",
    "path_namespace='/a'",
    "path_namespace='/'",
    "path_namespace='/a/'",
    "path='/a',path_namespace='/a'",
    "destination=':1.5'",
    "destination='x'",
    "eavesdrop='false'",
    "eavesdrop='maybe'",
    "arg0='x'",
    "arg0=''",
    "arg0=x",
    "arg0='x',arg0='y'",
    "arg0='x',arg0path='/y'",
    "arg63='x'",
    "arg64='x'",
    "arg='x'",
    "argx='x'",
    "arg0x='x'",
    "arg0path='/a'",
    "arg0path='anything'",
    "arg63path='/a/'",
    "arg0namespace='org.example'",
    "arg0namespace='org'",
    "arg0namespace='org.'",
    "arg0namespace=':1.1'",
    "arg1namespace='org.example'",
    r"arg0=\'",
    r"arg0='a'\''b'",
    r"arg0=a\b",
    r"arg0='a\b'",
    r"arg0=a\\'b'",
    "arg0='x'\\",
    "arg0='a,b'",
    "arg0=a=b",
    "arg0='" + "x" * 900 + "'",
    "arg00='x'",
    "arg01='x'",
    "Type='signal'",
    "type='SIGNAL'",
]


async def test_the_same_rules_are_taken_as_by_dbus_daemon(bus: LocalBus, daemon: str) -> None:
    steps: list[Step] = [(0, "AddMatch", "s", (word,)) for word in WORDS]
    await on_both(bus.address, daemon, 1, steps)


async def test_the_same_rules_can_be_removed(bus: LocalBus, daemon: str) -> None:
    steps: list[Step] = []
    chance = random.Random(7)
    for _ in range(200):
        steps.append((0, chance.choice(["AddMatch", "RemoveMatch"]), "s", (chance.choice(WORDS[:30]),)))
    await on_both(bus.address, daemon, 1, steps)


async def test_a_rule_without_a_key_is_refused(bus: LocalBus, join: Join) -> None:
    # dbus-daemon takes what follows the key it does not find for nothing, and the rule for one that fits all
    client = await join(bus.address)
    refused = await client.call("AddMatch", "s", "='signal'")
    assert refused.error == f"{BUS}.Error.MatchRuleInvalid"


async def test_a_rule_of_too_many_characters_is_refused(bus: LocalBus, join: Join) -> None:
    client = await join(bus.address)
    refused = await client.call("AddMatch", "s", "arg0='" + "x" * 1100 + "'")
    assert refused.error == f"{BUS}.Error.MatchRuleInvalid"


def test_however_it_is_written_it_is_the_same_rule() -> None:
    one = parse_rule("type='signal',member='A',arg1='x',arg0='y'")
    assert one == parse_rule("  arg0=y,\tmember=A , type=signal,arg1='x'".replace(" ,", ","))
    assert one != parse_rule("type='signal',member='A',arg1='x',arg0='z'")


SIGNALS: list[tuple[dict[str, str], str, list[Any]]] = [
    ({"member": "A"}, "", []),
    ({"member": "A", "path": "/a"}, "s", ["x"]),
    ({"member": "B", "path": "/a/b"}, "s", ["org.example"]),
    ({"member": "B", "path": "/ab"}, "s", ["org.example.Sub"]),
    ({"member": "B", "path": "/"}, "s", ["org.examples"]),
    ({"member": "A", "interface": "org.example.Other"}, "o", ["/aa/bb"]),
    ({"member": "A", "interface": "org.example.Other"}, "o", ["/aa/bb/cc"]),
    ({"member": "A"}, "s", ["/aa/"]),
    ({"member": "A"}, "s", ["/aa/bb/"]),
    ({"member": "A"}, "s", ["/"]),
    ({"member": "A"}, "us", [7, "x"]),
    ({"member": "A"}, "su", ["x", 7]),
    ({"member": "A"}, "asss", [["x", "yy", ""], "x", "y"]),
    ({"member": "A"}, "yss", [3, "x", "/aa/bb/cc"]),
    ({"member": "A"}, "g", ["s"]),
    ({"member": "A"}, "s", ["it's, quoted"]),
    ({"member": "A"}, "s", [""]),
]
RULES = [
    "type='signal'",
    "member='A'",
    "member='B',type='signal'",
    "interface='org.example.Other'",
    "interface='org.example.Raw',member='A'",
    "path='/a'",
    "path='/a',member='A',arg0='x'",
    "path_namespace='/a'",
    "path_namespace='/'",
    "arg0='x'",
    "arg1='x'",
    "arg2='y'",
    "arg1='x',arg2='y'",
    "arg0=''",
    "arg0namespace='org.example'",
    "arg0namespace='org'",
    "arg0path='/aa/bb/'",
    "arg0path='/aa/bb'",
    "arg0path='/aa/'",
    "arg0path='/'",
    "arg2path='/aa/bb/'",
    r"arg0='it'\''s, quoted'",
    "sender='org.example.Sender'",
    "sender='org.example.Sender',member='B'",
    "sender='org.example.Nobody'",
    "sender='org.freedesktop.DBus'",
    "sender='SELF'",
    "type='method_call'",
    "type='error',member='A'",
    "destination='org.example.Sender'",
    "eavesdrop='true',member='A'",
]


@pytest.mark.parametrize("rule", RULES)
async def test_the_same_signals_pass_as_through_dbus_daemon(
    bus: LocalBus, daemon: str, join: Join, rule: str
) -> None:
    passed = []
    for address in (bus.address, daemon):
        sender, listener = await join(address), await join(address)
        await sender.call("RequestName", "su", "org.example.Sender", 0)
        reply = await listener.call("AddMatch", "s", rule.replace("SELF", sender.name))
        assert reply.error == ""
        await listener.sync()
        for options, signature, values in SIGNALS:
            await sender.emit(options["member"], signature, *values, **_places(options))
        await sender.call("GetId")
        heard = [(one.member, one.path, one.signature, one.body) for one in await listener.sync()]
        passed.append([one for one in heard if one[0] != "NameOwnerChanged"])
    assert passed[0] == passed[1]


def _places(options: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in options.items() if key != "member"}


async def test_the_sender_is_who_owns_the_name_at_the_time(bus: LocalBus, join: Join) -> None:
    first, second, listener = [await join(bus.address) for _ in range(3)]
    await listener.call("AddMatch", "s", "sender='org.example.Sender',member='Tick'")
    await first.call("RequestName", "su", "org.example.Sender", 1)
    for expected in (1, 0):
        await first.emit("Tick", "s", "first")
        await second.emit("Tick", "s", "second")
        await first.call("GetId")
        await second.call("GetId")
        heard = [one.body[0] for one in await listener.sync() if one.member == "Tick"]
        assert heard == (["first"] if expected else ["second"])
        await second.call("RequestName", "su", "org.example.Sender", 2)


async def test_a_signal_comes_once_however_many_rules_fit(bus: LocalBus, join: Join) -> None:
    sender, listener = await join(bus.address), await join(bus.address)
    for rule in (
        "type='signal'",
        "member='Tick'",
        "type='signal'",
        "path='/x'",
        "interface='org.example.Raw'",
    ):
        await listener.call("AddMatch", "s", rule)
    await sender.emit("Tick")
    await sender.call("GetId")
    assert [one.member for one in await listener.sync() if one.kind == SIGNAL].count("Tick") == 1


async def test_a_signal_to_one_alone_reaches_nobody_else(bus: LocalBus, join: Join) -> None:
    sender, target, listener = [await join(bus.address) for _ in range(3)]
    await listener.call("AddMatch", "s", "type='signal'")
    await sender.emit("Tick", destination=target.name)
    await sender.emit("Tick", destination="org.example.Nobody")
    await sender.call("GetId")
    assert [one.member for one in await target.sync()][-1:] == ["Tick"]
    assert "Tick" not in [one.member for one in await listener.sync()]


async def test_a_body_that_cannot_be_read_fits_no_argument(bus: LocalBus, join: Join) -> None:
    sender, listener, careless = [await join(bus.address) for _ in range(3)]
    await listener.call("AddMatch", "s", "arg1='x'")
    fields = [(1, "o", "/x"), (2, "s", "a.b"), (3, "s", "Tick")]
    for body in (b"\xff\xff\xff\xff", b"\xf0\0\0\0abc\0", b"\1\0\0\0a\0\0\0\1\0\0"):
        await sender.send(frame(SIGNAL, sender.next_serial(), fields, "ss", body=body))
    await sender.emit("Tock", "ss", "y", "x")
    await sender.call("GetId")
    assert [one.member for one in await listener.sync() if one.sender == sender.name] == ["Tock"]
    assert await careless.sync() is not None


CONTAINERS: dict[str, Any] = {
    "as": ["a", "bcd"],
    "a{sv}": {"k": Variant("t", 7), "l": Variant("as", ["x"])},
    "(si)": ["x", 3],
    "v": Variant("(sv)", ["q", Variant("y", 1)]),
    "aas": [["x"], [], ["yy", "z"]],
    "av": [Variant("s", "x"), Variant("u", 9)],
    "ay": b"abc",
    "t": 1 << 40,
    "a(yt)": [[1, 2], [3, 4]],
    "g": "a{sv}",
}


@pytest.mark.parametrize("type_", CONTAINERS)
def test_an_argument_behind_another_is_found(type_: str) -> None:
    signature = type_ + "s"
    body, _ = encode_body(signature, [CONTAINERS[type_], "found"])
    arguments = Arguments(bytes(body), 0, ord("l"), signature)
    assert arguments.text(1) == ("s", "found")
    assert arguments.text(2) is None
    for length in range(len(body)):
        with pytest.raises(InvalidMessage):
            Arguments(bytes(body[:length]), 0, ord("l"), signature).text(1)
