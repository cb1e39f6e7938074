"""Asks a varlink service, one connection for each question. Stands alone: hosts of the lab run it too."""

from __future__ import annotations

import json
import socket
import sys

SENTINEL = b'{"method":"end.of.Question"}\0'
"""Asked after each question, so that a question without an answer is known for one without waiting."""


def ask(path: str, question: bytes) -> str | None:
    """The answer to a question; "" if there is none, None if the connection was cut off instead."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        said = b""
        try:
            client.sendall(question + b"\0" + SENTINEL)
            while b"end.of.Question" not in said:
                data = client.recv(65536)
                if not data:
                    return None
                said += data
        except (BrokenPipeError, ConnectionResetError):
            return None
        *answers, _ = said[: said.rindex(b"\0")].split(b"\0")
        return b"\n".join(answers).decode()


if __name__ == "__main__":
    json.dump(
        [ask(sys.argv[1], question.encode("utf-8", "surrogateescape")) for question in json.load(sys.stdin)],
        sys.stdout,
    )
