"""The same script on our bus and on dbus-daemon: what each client hears, in words that can be compared."""

from __future__ import annotations

from typing import Any

from tests.service.local_bus.raw import BUS, ERROR, SIGNAL, Heard, RawClient

Step = tuple[int, str, str, tuple[Any, ...]]
"""Which client, the method of the bus, the types and the values of its arguments."""
LEAVE = "leave"


class Stage:
    """Clients on one bus, numbered as they joined."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.clients: list[RawClient] = []
        self._numbers: dict[str, str] = {}

    async def join(self, count: int = 1) -> None:
        """Let clients join."""
        for _ in range(count):
            client = await RawClient.join(self.address)
            self._numbers[client.name] = f"client {len(self.clients)}"
            self.clients.append(client)

    def plain(self, value: Any) -> Any:
        """A value with unique names as numbers of clients."""
        if isinstance(value, list):
            return [self.plain(one) for one in value]
        if isinstance(value, str) and value.startswith(":1."):
            return self._numbers.get(value, "a stranger")
        return value

    def told(self, message: Heard) -> tuple[Any, ...]:
        """A message, less what is bound to differ: serials, and the texts of errors."""
        if message.kind == ERROR:
            return ("error", message.error)
        kind = "signal" if message.kind == SIGNAL else "reply"
        return (kind, self.plain(message.sender), message.member, message.signature, self.plain(message.body))

    async def play(self, steps: list[Step]) -> list[list[tuple[Any, ...]]]:
        """Take the steps one after the other.

        Returns:
            What each client heard, in its order; the replies among it.
        """
        story: list[list[tuple[Any, ...]]] = [[] for _ in self.clients]
        for number, member, signature, values in steps:
            client = self.clients[number]
            if member == LEAVE:
                client.close()
            elif client.sock.fileno() >= 0:
                await client.start(member, signature, *[self.named(value) for value in values])
            await self._listen(story)
        return story

    def named(self, value: Any) -> Any:
        """A value with numbers of clients, as in `client 2`, as their unique names."""
        if isinstance(value, str) and value.startswith("client "):
            return self.clients[int(value.split()[1])].name
        return value

    async def _listen(self, story: list[list[tuple[Any, ...]]]) -> None:
        """Write down what all heard by now. The first client's mark makes sure that the others' came too."""
        for heard, client in zip(story, self.clients, strict=True):
            if client.sock.fileno() < 0:
                continue
            mark = await client.start("GetId")
            while (message := await client.next()).reply_serial != mark:
                heard.append(self.told(message))

    def close(self) -> None:
        """Let all leave."""
        for client in self.clients:
            client.close()


async def on_both(ours: str, theirs: str, count: int, steps: list[Step]) -> list[list[tuple[Any, ...]]]:
    """Play on both, and see that all clients heard the same.

    Returns:
        What they heard.
    """
    stories = []
    for address in (ours, theirs):
        stage = Stage(address)
        try:
            await stage.join(count)
            stories.append(await stage.play(steps))
        finally:
            stage.close()
    for number, (one, other) in enumerate(zip(*stories, strict=True)):
        for left, right in zip(one, other, strict=False):
            assert left == right, f"client {number} heard something else"
        assert one == other, f"client {number} heard more, or less"
    return stories[0]


def watch_owners(number: int) -> Step:
    """Have a client hear every change of owner, of well-known names alone."""
    rule = f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0namespace='org'"
    return (number, "AddMatch", "s", (rule,))
