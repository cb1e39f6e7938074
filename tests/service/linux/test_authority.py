"""Asking polkit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.linux.authority import AUTHORITY_PATH, POLKIT, LinuxAuthority
from machined.wire import CallError, Connection
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
    assert (member, path, action, cancellation) == ("CheckAuthorization", AUTHORITY_PATH, "a.b", "")
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
