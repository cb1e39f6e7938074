"""Asking polkit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.linux.authority import AUTHORITY_PATH, POLKIT, LinuxAuthority
from machined.wire import Call, CallError, Connection
from tests.service.linux.managers import Peer
from tests.support.waiting import until


@pytest.fixture
async def polkit(address: str) -> AsyncIterator[Peer]:
    peer = await Peer.serve(address, POLKIT)
    yield peer
    await peer.connection.close()


async def ask(connection: Connection, *, is_interactive: bool = False) -> None:
    details = {"machine": "web", "verb": "kill"}
    await LinuxAuthority(connection).check(":1.7", 1000, "a.b", details, is_interactive=is_interactive)


@pytest.mark.parametrize("is_interactive", [False, True])
async def test_polkit_hears_who_wants_what(
    connection: Connection, polkit: Peer, is_interactive: bool
) -> None:
    polkit.answers["CheckAuthorization"] = ("(bba{ss})", [[True, False, {}]])
    await ask(connection, is_interactive=is_interactive)
    ((member, path, subject, action, details, flags, cancellation),) = polkit.calls
    assert (member, path, action, cancellation) == ("CheckAuthorization", AUTHORITY_PATH, "a.b", "machined-1")
    assert (subject[0], subject[1]["name"].value) == ("system-bus-name", ":1.7")
    assert details == {"machine": "web", "verb": "kill"}
    assert flags == int(is_interactive)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (("(bba{ss})", [[False, False, {}]]), ErrorName.ACCESS_DENIED),
        (("(bba{ss})", [[False, True, {}]]), ErrorName.AUTHORIZATION_REQUIRED),
        (
            CallError("org.freedesktop.PolicyKit1.Error.Failed", "broken"),
            "org.freedesktop.PolicyKit1.Error.Failed",
        ),
    ],
    ids=str,
)
async def test_polkit_may_say_no(connection: Connection, polkit: Peer, answer: Any, error: str) -> None:
    polkit.answers["CheckAuthorization"] = answer
    with pytest.raises(Refused) as caught:
        await ask(connection)
    assert caught.value.name == error


async def test_without_polkit_nobody_may(connection: Connection) -> None:
    with pytest.raises(Refused, match="Permission denied") as caught:
        await ask(connection)
    assert caught.value.name == ErrorName.ACCESS_DENIED


async def test_a_question_may_take_its_time_and_hold_nobody_else_up(
    connection: Connection, polkit: Peer
) -> None:
    gate = asyncio.Event()
    polkit.answers["CheckAuthorization"] = gate
    first = asyncio.create_task(ask(connection))
    await until(lambda: polkit.calls)
    polkit.answers["CheckAuthorization"] = ("(bba{ss})", [[True, False, {}]])
    await ask(connection)
    assert not first.done()
    first.cancel()
    gate.set()


async def test_open_questions_are_counted_by_user(connection: Connection, polkit: Peer) -> None:
    gate = asyncio.Event()
    polkit.answers["CheckAuthorization"] = gate
    authority = LinuxAuthority(connection)

    async def ask(uid: int) -> None:
        await authority.check(":1.7", uid, "a.b", {}, is_interactive=True)

    asking = [asyncio.create_task(ask(1000)) for _ in range(16)]
    await until(lambda: len(polkit.calls) == 16)
    with pytest.raises(Refused) as caught:
        await ask(1000)
    assert caught.value.name == ErrorName.LIMITS_EXCEEDED
    polkit.answers["CheckAuthorization"] = ("(bba{ss})", [[True, False, {}]])
    await ask(1001)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await ask(1000)
    gate.set()


CANCELLED = "org.freedesktop.PolicyKit1.Error.Cancelled"


@pytest.mark.promise("Users who do not answer polkit keep no other user from being asked", where="bare host")
async def test_silent_users_make_room_for_others(connection: Connection, polkit: Peer) -> None:
    """Whoever has most questions open loses the oldest one; the last of a user stays."""
    authority = LinuxAuthority(connection)
    open_ones: dict[str, asyncio.Event] = {}

    async def on_call(call: Call) -> tuple[str, list[Any]] | None:
        if call.member == "CancelCheckAuthorization":
            open_ones[call.body[0]].set()
            return None
        if call.body[1] == "quick":
            return "(bba{ss})", [[True, False, {}]]
        gate = open_ones[call.body[4]] = asyncio.Event()
        await gate.wait()
        raise CallError(CANCELLED, "given up")

    async def ask(uid: int, action: str) -> None:
        await authority.check(":1.7", uid, action, {}, is_interactive=True)

    polkit.connection.serve(on_call)
    silent = [asyncio.create_task(ask(uid, "slow")) for uid in (1, 2, 3, 4) for _ in range(16)]
    await until(lambda: len(open_ones) == 64)
    await asyncio.gather(*(ask(uid, "quick") for uid in range(100, 130)))
    ended = [task for task in silent if task.done()]
    assert 1 <= len(ended) <= 30
    for task in ended:
        with pytest.raises(Refused, match="Too many questions") as caught:
            await task
        assert caught.value.name == ErrorName.LIMITS_EXCEEDED
    for gate in open_ones.values():
        gate.set()
    await asyncio.gather(*silent, return_exceptions=True)


async def test_a_question_that_is_answered_as_it_is_to_be_given_up(
    connection: Connection, polkit: Peer
) -> None:
    """Then there is room without that: polkit knows of no such question, and whoever needs room has it."""
    authority = LinuxAuthority(connection)
    open_ones: dict[str, asyncio.Event] = {}
    answered = asyncio.Event()

    async def on_call(call: Call) -> tuple[str, list[Any]] | None:
        if call.member == "CancelCheckAuthorization":
            open_ones[call.body[0]].set()
            await answered.wait()
            raise CallError("org.freedesktop.PolicyKit1.Error.Failed", "No such cancellation_id")
        if call.body[1] != "quick":
            gate = open_ones[call.body[4]] = asyncio.Event()
            await gate.wait()
        return "(bba{ss})", [[True, False, {}]]

    async def ask(uid: int, action: str) -> None:
        await authority.check(":1.7", uid, action, {}, is_interactive=True)

    polkit.connection.serve(on_call)
    silent = [asyncio.create_task(ask(uid, "slow")) for uid in (1, 2, 3, 4) for _ in range(16)]
    await until(lambda: len(open_ones) == 64)
    asking = asyncio.create_task(ask(5, "quick"))
    await until(lambda: any(task.done() for task in silent))
    answered.set()
    await asking
    for gate in open_ones.values():
        gate.set()
    await asyncio.gather(*silent)


async def test_a_polkit_that_gives_nothing_up_is_asked_no_more(
    connection: Connection, polkit: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("machined.host.linux.authority.PATIENCE", 0.05)
    gate = asyncio.Event()
    polkit.answers["CheckAuthorization"] = gate
    authority = LinuxAuthority(connection)
    silent = [
        asyncio.create_task(authority.check(":1.7", uid, "a.b", {}, is_interactive=True))
        for uid in (1, 2, 3, 4)
        for _ in range(16)
    ]
    await until(lambda: len(polkit.calls) == 64)
    with pytest.raises(Refused, match="Too many questions"):
        await authority.check(":1.8", 5, "a.b", {}, is_interactive=True)
    gate.set()
    await asyncio.gather(*silent, return_exceptions=True)
