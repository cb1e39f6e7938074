"""A PID 1 and a polkit of what a test says, on a private bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from machined.contract import SYSTEMD1, SYSTEMD1_MANAGER_INTERFACE, SYSTEMD1_PATH
from machined.wire import Call, CallError, Connection, connect


class Peer:
    """Somebody on the bus who keeps what was asked and answers as it was told to."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}
        """By member: an error, or a signature and values."""
        connection.serve(self._on_call)

    @classmethod
    async def serve(cls, address: str, name: str) -> Peer:
        peer = cls(await connect(address))
        assert await peer.connection.request_name(name)
        return peer

    async def _on_call(self, call: Call) -> tuple[str, Sequence[Any]] | None:
        self.calls.append((call.member, call.path, *call.body))
        answer = self.answers.get(call.member)
        if callable(answer):
            answer = answer(call)
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return None
        if isinstance(answer, CallError):
            raise answer
        return answer

    def emit(self, member: str, signature: str, *values: Any) -> None:
        self.connection.emit(SYSTEMD1_PATH, SYSTEMD1_MANAGER_INTERFACE, member, signature, *values)


async def service_manager(address: str) -> Peer:
    return await Peer.serve(address, SYSTEMD1)
