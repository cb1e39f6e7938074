"""What happens besides answers: what the service says and asks on the bus, and its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.lab.differential.player.client import BUS, BUS_PATH, CALL, SIGNAL, Client, Message
from tests.lab.differential.player.marshalling import Typed
from tests.lab.differential.player.masks import Names

SERVICE = "org.freedesktop.machine1"
STATES = Path("/run/systemd/machines")
ASKED = {"CheckAuthorization", "StartTransientUnit", "StopUnit", "KillUnit", "StartUnit"}
"""The calls of the service to others that change something or decide something."""


class Monitor:
    """Hears all that goes over the bus, and keeps what the service said (`BecomeMonitor` of the bus)."""

    def __init__(self, root: Client, names: Names) -> None:
        self._root = root
        self._names = names
        self._senders: dict[str, bool] = {}
        self._client = Client()
        self._client.ask(BUS, BUS_PATH, f"{BUS}.Monitoring", "BecomeMonitor", "asu", [], 0)

    def events(self) -> list[str]:
        """What the service said since the last time, in order."""
        serial = self._root.send(BUS, BUS_PATH, BUS, "GetId")
        self._root.reply(serial)
        found = []
        while True:
            message = self._client.hear()
            for fd in message.fds:
                os.close(fd)
            if message.kind == CALL and message.sender == self._root.name and message.serial == serial:
                return found
            is_wanted = message.kind == SIGNAL or (message.kind == CALL and message.member in ASKED)
            if is_wanted and self._is_service(message.sender):
                found.append(self._told(message))

    def _is_service(self, sender: str) -> bool:
        if not sender.startswith(":"):
            return False
        if sender not in self._senders:
            self._senders[sender] = _process(self._root, sender) == _process(self._root, SERVICE) != 0
        return self._senders[sender]

    def _told(self, message: Message) -> str:
        values = message.values
        if message.member == "CheckAuthorization":
            _, action, details, flags, _ = values
            return f"asks polkit: {action} {self._names.shown(details)} flags {flags}"
        if message.member == "StartTransientUnit":
            values[2] = [[key, self._value(key, value)] for key, value in values[2]]
        return f"{message.member} {' '.join(str(self._names.shown(value)) for value in values)}"

    def _value(self, key: str, value: Typed) -> Any:
        if key == "PIDs":
            return [self._names.pid(pid) for pid in value.value]
        return value


def _process(client: Client, name: str) -> int:
    try:
        return int(client.ask(BUS, BUS_PATH, BUS, "GetConnectionUnixProcessID", "s", name)[0])
    except RuntimeError:  # nobody has the name any more
        return 0


class States:
    """The files that tell other programs of the machines."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._seen: dict[str, Any] = {}

    def changes(self) -> dict[str, Any]:
        """What is new, changed or gone (None) since the last time."""
        now = {path.name: self._read(path) for path in sorted(STATES.iterdir())}
        changed = {name: text for name, text in now.items() if self._seen.get(name) != text}
        gone: dict[str, Any] = dict.fromkeys(name for name in self._seen if name not in now)
        self._seen = now
        return changed | gone

    def _read(self, path: Path) -> Any:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        lines = []
        for line in path.read_text().splitlines():
            key, equals, value = line.partition("=")
            masked = self._names.field(key, value) if key in {"LEADER", "REALTIME", "MONOTONIC"} else value
            lines.append(self._names.text(f"{key}{equals}{masked}"))
        return [f"mode {path.stat().st_mode & 0o7777:o}", *lines]
