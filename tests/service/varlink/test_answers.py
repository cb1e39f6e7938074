"""The user database answers as systemd-machined does, word for word."""

from __future__ import annotations

import asyncio
import errno
import json
import logging

import pytest

from machined.host.inside import IdRange, Place
from machined.machines.registry import Registry
from tests.service.domain.hosts import FakeHost
from tests.service.varlink.asking import ask
from tests.service.varlink.facts import BROKEN, NONE, PARAMETERS, RECORDS, WEB, error, user


async def asked(path: str, question: str) -> str | None:
    return await asyncio.to_thread(ask, path, question.encode())


@pytest.mark.promise("Users and groups of machines have names on the host", where="bare host")
@pytest.mark.parametrize("question", [*RECORDS, *PARAMETERS], ids=lambda question: question[-60:])
async def test_it_answers_as_the_reference_does(database: str, question: str) -> None:
    assert await asked(database, question) == (RECORDS | PARAMETERS)[question]


@pytest.mark.parametrize("words", BROKEN, ids=lambda words: ascii(words[:40]))
async def test_what_is_no_call_ends_the_connection(database: str, words: str) -> None:
    assert await asyncio.to_thread(ask, database, words.encode("utf-8", "surrogateescape")) is None
    assert await asked(database, user(uid=1_000_000)) == WEB


async def test_a_machine_that_is_gone_has_no_users(database: str, registry: Registry) -> None:
    await registry.remove(registry.get("web"))
    assert await asked(database, user(uid=1_000_000)) == NONE
    assert await asked(database, user(userName="vu-web-0")) == NONE


async def test_a_machine_without_a_leader_is_told_of_by_its_errno(database: str, fake: FakeHost) -> None:
    del fake.inside.users["web"]
    assert await asked(database, user(uid=1_000_000)) == NONE
    assert await asked(database, user(userName="vu-web-0")) == error("io.systemd.System", errno=errno.ENOENT)


async def test_a_fault_of_ours_is_logged_and_answered(
    database: str, fake: FakeHost, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(place: Place) -> list[IdRange]:
        raise RuntimeError(place.name)

    monkeypatch.setattr(fake.inside, "user_map", broken)
    with caplog.at_level(logging.ERROR):
        said = await asked(database, user(userName="vu-web-0"))
    assert said == error("io.systemd.System", errno=errno.EIO)
    assert "GetUserRecord failed" in caplog.text
    monkeypatch.undo()
    assert await asked(database, user(userName="vu-web-0")) == WEB


async def test_it_says_what_it_is(database: str) -> None:
    said = await asked(database, '{"method":"org.varlink.service.GetInfo","parameters":null}')
    info = json.loads(said or "")["parameters"]
    assert [*info] == ["vendor", "product", "version", "url", "interfaces"]
    assert info["interfaces"] == ["io.systemd", "io.systemd.UserDatabase", "org.varlink.service"]
    for name in info["interfaces"]:
        words = {"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": name}}
        said = await asked(database, json.dumps(words))
        assert f"interface {name}\n" in json.loads(said or "")["parameters"]["description"]


async def test_calls_on_one_connection_are_answered_in_turn(database: str) -> None:
    questions = "\0".join([user(uid=1_000_000), user(), user(uid=1_000_000)])
    said = await asked(database, questions)
    assert said is not None
    assert [json.loads(line).get("error", "") for line in said.split("\n")] == [
        "",
        "io.systemd.UserDatabase.EnumerationNotSupported",
        "",
    ]


async def test_whoever_only_listens_on_after_asking_is_answered(database: str) -> None:
    reader, writer = await asyncio.open_unix_connection(database)
    writer.write(user(uid=1_000_000).encode() + b"\0")
    writer.write_eof()
    assert await reader.read() == WEB.encode() + b"\0"
    writer.close()
    await writer.wait_closed()


async def test_what_a_machine_maps_onto_all_of_the_host_is_the_hosts(database: str, fake: FakeHost) -> None:
    fake.inside.users = {name: [IdRange(0, 0, 2**32 - 1)] for name in fake.inside.users}
    assert await asked(database, user(uid=1_000_000)) == NONE
