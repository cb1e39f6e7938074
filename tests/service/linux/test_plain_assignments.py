"""Files of assignments: plain lines are read at once, and told as those that are read byte by byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from machined.host.linux.helper import env_file

PIECES = (
    "KEY", "ID", "_a1", "=", '"', "'", "\n", "\r", " ", "\t", "#", ";", "\\", "$", "`", "value", "1.2:3", "ä",
    "=\n", '="', '"\n', "ID=debian\n", "VERSION_ID='13'\n", "# comment\n", '#"\n', "ID=\n", "A B=c\n",
)  # fmt: skip
ROUNDS = 20_000


def slowly(text: bytes) -> dict[str, str]:
    """What reading byte by byte tells."""
    machine = env_file._Machine()
    for byte in text:
        machine.state(byte)
    machine.end()
    return {key.decode(): value.decode() for key, value in machine.found.items()}


def test_random_texts_are_told_the_same() -> None:
    chance = random.Random(1)
    plain = 0
    for _ in range(ROUNDS):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(12))).encode()
        assert list(env_file.parse(text).items()) == list(slowly(text).items()), text
        plain += bool(env_file._plain(text))
    assert plain > ROUNDS // 100


def test_the_file_of_a_real_system_is_plain() -> None:
    text = Path("/etc/os-release").read_bytes()
    assert env_file._plain(text)
    assert env_file.parse(text) == slowly(text)
    assert env_file.parse(text)["ID"]


@pytest.mark.parametrize(
    "text", [b'A="b', b"A=b\\\n", b"A=b c\n", b" A=b\n", b"export A=b\n", b";\n", b"A\n"]
)
def test_what_is_not_plain_is_read_byte_by_byte(text: bytes) -> None:
    assert env_file._plain(text) is None
    assert env_file.parse(text) == slowly(text)
