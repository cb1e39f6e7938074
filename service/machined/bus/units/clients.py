"""Who listens to the service manager while on the bus: subscribers, and those who asked for a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from machined.contract import BUS, SYSTEMD1
from machined.host.errors import Refused
from machined.wire import Connection, Signal, Subscription


class Clients:
    """The subscribers. Signals are sent while there is one (org.freedesktop.systemd1(5), Subscribe).

    Those of a job are sent for who asked for it, too: machinectl(1) waits for a job without subscribing.

    Args:
        connection: Ours to the bus.
        on_left: Told of each connection that has left the bus.
    """

    def __init__(self, connection: Connection, on_left: Callable[[str], None]) -> None:
        self._connection = connection
        self._on_left = on_left
        self._subscribers: set[str] = set()
        self._subscription: Subscription | None = None
        self._asking: list[str] = []
        self._jobs: dict[str, set[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._subscribers)

    async def start(self) -> None:
        """Follow who leaves the bus."""
        self._subscription = await self._connection.subscribe(
            self._on_owner_changed, sender=BUS, interface=BUS, member="NameOwnerChanged"
        )

    async def stop(self) -> None:
        """Follow it no more."""
        if self._subscription:
            await self._subscription.cancel()

    async def subscribe(self, name: str) -> None:
        """Add a subscriber. Refused with AlreadySubscribed where it is one."""
        if name in self._subscribers:
            raise Refused(f"{SYSTEMD1}.AlreadySubscribed", "Client is already subscribed.")
        self._subscribers.add(name)
        # It may have left between its call and now, and that was told before we noted it
        if not await self._connection.name_owner(name):
            self._subscribers.discard(name)

    def unsubscribe(self, name: str) -> None:
        """Take a subscriber off. Refused with NotSubscribed where it is none."""
        if name not in self._subscribers:
            raise Refused(f"{SYSTEMD1}.NotSubscribed", "Client is not subscribed.")
        self._subscribers.discard(name)

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """While a job is asked for: the one that is queued meanwhile is that of `name`."""
        self._asking.append(name)
        try:
            yield
        finally:
            self._asking.remove(name)

    def note_job(self, job: str) -> None:
        """A job was queued, or found queued already, for those who ask for one just now."""
        if self._asking:
            self._jobs.setdefault(job, set()).update(self._asking)

    def forget_job(self, job: str) -> None:
        """A job has ended, and that was told."""
        self._jobs.pop(job, None)

    def is_awaited(self, job: str) -> bool:
        """Whether somebody is to be told of a job."""
        return bool(self._subscribers) or job in self._jobs

    def _on_owner_changed(self, signal: Signal) -> None:
        name, _, owner = signal.body
        if not owner and name.startswith(":"):
            self._subscribers.discard(name)
            for job, names in list(self._jobs.items()):
                names.discard(name)
                if not names:
                    del self._jobs[job]
            self._on_left(name)
