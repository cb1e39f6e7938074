"""The steps of the scenario, as topics take them, and the lines that come of them."""

from __future__ import annotations

import json
import os
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from tests.lab.differential.player.client import ERROR, ERROR_NAME, INTERACTIVE, Caller, Client, Message
from tests.lab.differential.player.masks import Names, moment
from tests.lab.differential.player.trees import Trees
from tests.lab.differential.player.watching import SERVICE, Monitor, States

MANAGER = "/org/freedesktop/machine1"
LOG_CONTROL = "/org/freedesktop/LogControl1"
PROPERTIES = "org.freedesktop.DBus.Properties"
NOBODY, TRUSTED = 65534, 5
"""Users: one whom polkit refuses, and one ("games") whom a rule of the scenario lets do everything."""
EVERYBODY = ("nobody", "root")
ALL_THREE = ("nobody", "trusted", "root")
PATIENCE = 20.0
"""Seconds for anything; what takes longer is written down as not having come."""

EFFECT = 10.0
"""Seconds for what follows from an answer."""


def machine_path(name: str) -> str:
    """The object of a machine."""
    return f"{MANAGER}/machine/{_label(name)}"


def image_path(name: str) -> str:
    """The object of an image."""
    return f"{MANAGER}/image/{_label(name)}"


def _label(name: str) -> str:
    label = ""
    for at, byte in enumerate(name.encode()):
        plain = chr(byte).isascii() and chr(byte).isalnum() and not (at == 0 and chr(byte).isdigit())
        label += chr(byte) if plain else f"_{byte:02x}"
    return label or "_"


class Pid(int):
    """A process id among arguments, written down by the process's part."""


class Play:
    """Who calls, and what is written down."""

    def __init__(self, out: TextIO, *, is_timed: bool = False) -> None:
        self._out = out
        self._is_timed = is_timed
        self._topic = ""
        self.names = Names()
        self.root = Client()
        self._callers = {"nobody": Caller(NOBODY), "trusted": Caller(TRUSTED)}
        self._clients = {"root": self.root} | {who: one.client for who, one in self._callers.items()}
        for who, caller in self._callers.items():
            self.names.pids[caller.pid] = f"process of {who}"
        self.names.pids[os.getpid()] = "process of root"
        self.monitor = Monitor(self.root, self.names)
        self._states = States(self.names)
        self.trees: Trees | None = None
        """The folders whose changes are written down too."""

    def topic(self, name: str) -> None:
        """Begin a topic."""
        self._topic = name

    def add_caller(self, who: str, caller: Caller) -> None:
        """Have someone more who can call."""
        self._callers[who] = caller
        self._clients[who] = caller.client
        self.names.pids[caller.pid] = f"process of {who}"

    def manager(self, member: str, signature: str = "", *values: Any, **how: Any) -> None:
        """Call a member of the Manager; `how` is that of `call`."""
        self.call(MANAGER, f"{SERVICE}.Manager", member, signature, values, **how)

    def machine(self, name: str, member: str, signature: str = "", *values: Any, **how: Any) -> None:
        """Call a member of a machine's object; `how` is that of `call`."""
        self.call(machine_path(name), f"{SERVICE}.Machine", member, signature, values, **how)

    def image(self, name: str, member: str, signature: str = "", *values: Any, **how: Any) -> None:
        """Call a member of an image's object; `how` is that of `call`."""
        self.call(image_path(name), f"{SERVICE}.Image", member, signature, values, **how)

    def call(
        self,
        path: str,
        interface: str | None,
        member: str,
        signature: str = "",
        values: Sequence[Any] = (),
        *,
        who: str | Sequence[str] = EVERYBODY,
        why: str = "",
        interactive: bool = False,
        until: Callable[[], bool] | None = None,
        read: Callable[[Message], Any] | None = None,
        patience: float = PATIENCE,
        leaving_out: str = "nothing",
        hold: bool = False,
    ) -> None:
        """Call, as one caller after the other, and write down what came.

        Args:
            who: The callers by name.
            why: The row of the table of errors that this step is for.
            until: What to wait for after the answer, before looking at what else happened.
            read: What to write down of the reply beyond its values, as from a terminal.
            patience: Seconds to wait for the answer.
            leaving_out: How events begin that come or do not, by chance.
            hold: Leave what else happened to the next line, as it takes its time.
        """
        shown = self._call(path, interface, member, signature, values)
        for caller in (who,) if isinstance(who, str) else who:
            client = self._clients[caller]
            flags = INTERACTIVE if interactive else 0
            serial = client.send(SERVICE, path, interface, member, signature, values, flags)
            line = {"who": caller, "call": shown} | ({"interactive": True} if interactive else {})
            if why:
                line["for"] = why
            try:
                line |= self._answer(client.reply(serial, patience), member, values, read, path)
            except TimeoutError:
                line["answer"] = "none"
            if hold:
                self._print(line)
            else:
                self.write(line, until, leaving_out)

    def begin(self, member: str, signature: str, *values: Any) -> int:
        """Send root's call to the Manager, of which nothing is written down."""
        return self.root.send(SERVICE, MANAGER, f"{SERVICE}.Manager", member, signature, values)

    def start(self, member: str, signature: str, *values: Any, machine: str = "") -> int:
        """Send root's call, to the Manager or a machine, without waiting for its answer; see `finish`."""
        path = machine_path(machine) if machine else MANAGER
        interface = f"{SERVICE}.{'Machine' if machine else 'Manager'}"
        shown = self._call(path, interface, member, signature, values)
        serial = self.root.send(SERVICE, path, interface, member, signature, values)
        self._print({"who": "root", "call": shown, "answer": "later"})
        return serial

    def finish(self, serial: int, what: str, patience: float = PATIENCE, why: str = "") -> None:
        """Wait for the answer to root's call that was started, and write it down."""
        line: dict[str, Any] = {"who": "root", "call": what} | ({"for": why} if why else {})
        try:
            line |= self._answer(self.root.reply(serial, patience), "", (), None, "")
        except TimeoutError:
            line["answer"] = "none"
        self._print(line)

    def look(
        self,
        what: str,
        found: Any = None,
        until: Callable[[], bool] | None = None,
        leaving_out: str = "nothing",
        in_order: bool = True,
    ) -> None:
        """Write down something that the scenario saw or did; events that begin so are left out."""
        line = {"look": what} | ({} if found is None else {"found": found})
        self.write(line, until, leaving_out, in_order)

    def write(
        self,
        line: dict[str, Any],
        until: Callable[[], bool] | None = None,
        leaving_out: str = "nothing",
        in_order: bool = True,
    ) -> None:
        """Write a line, with what the service said and wrote since the last."""
        if until is not None and not holds(until, EFFECT):
            line["awaited"] = "in vain"
        # How often the service asks for a unit to be stopped depends on when it looks
        heard = dict.fromkeys(self.monitor.events())
        if events := [event for event in heard if not event.startswith(leaving_out)]:
            line["events"] = events if in_order else sorted(events)
        if states := self._states.changes():
            line["states"] = states
        if self.trees is not None and (trees := self.trees.changes()):
            line["trees"] = trees
        self._print(line)

    def _print(self, line: dict[str, Any]) -> None:
        line = {"topic": self._topic} | line | ({"at": round(time.monotonic(), 2)} if self._is_timed else {})
        print(json.dumps(line), file=self._out, flush=True)

    def property(self, name: str, key: str) -> Any:
        """A property of a machine, not written down."""
        path = machine_path(name)
        return self.root.ask(SERVICE, path, PROPERTIES, "Get", "ss", f"{SERVICE}.Machine", key)[0].value

    def close(self) -> None:
        for caller in self._callers.values():
            caller.close()

    def _call(
        self, path: str, interface: str | None, member: str, signature: str, values: Sequence[Any]
    ) -> str:
        place = path.removeprefix("/org/freedesktop/").removeprefix("machine1/")
        words = [json.dumps(self._argument(value)) for value in values]
        of = (
            "-" if interface is None else interface.removeprefix("org.freedesktop.").removeprefix("machine1.")
        )
        return f"{self.names.text(place)} {of}.{member} {signature} {' '.join(words)}".rstrip()

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Pid):
            return self.names.pid(value)
        return self.names.shown(value)

    def _answer(
        self,
        message: Message,
        member: str,
        asked: Sequence[Any],
        read: Callable[[Message], Any] | None,
        path: str,
    ) -> dict[str, Any]:
        if message.kind == ERROR:
            sentence = self.names.sentence(str(message.values[0])) if message.body else ""
            return {"error": message.fields[ERROR_NAME], "message": sentence}
        line: dict[str, Any] = {"reply": message.signature}
        line["values"] = self._values(message, member, asked, path)
        if read is not None:
            line["read"] = read(message)
        for fd in message.fds:
            os.close(fd)
        return line

    def _values(self, message: Message, member: str, asked: Sequence[Any], path: str) -> Any:
        values = message.values
        machine = ".host" if path == machine_path(".host") else ""
        if member in READERS:
            return [READERS[member](values[0])]
        if member == "Get":
            return [self.names.field(asked[1], values[0], machine)]
        if member == "GetAll":
            return [{key: self.names.field(key, value, machine) for key, value in values[0].items()}]
        if message.signature == "a{ss}":  # the order is what a machine says
            pairs = list(values[0].items()) if isinstance(values[0], dict) else values[0]
            return [self.names.shown(pairs)]
        if message.signature.startswith("h"):
            return [self.names.descriptor(message.fds[values[0]]), *self.names.shown(values[1:])]
        return self.names.shown(values)


def holds(condition: Callable[[], bool], timeout: float = PATIENCE) -> bool:
    """Wait until a condition holds; whether it did in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def introspected(xml: str) -> list[str]:
    """What an object says of itself, a line for each member."""
    found = []
    top = ET.fromstring(xml)
    for interface in top.findall("interface"):
        for member in interface:
            words = [interface.attrib["name"], member.tag, member.get("name", ""), member.get("type", "")]
            words += [
                f"{arg.get('direction', '-')}:{arg.get('type')}:{arg.get('name', '')}"
                for arg in member.findall("arg")
            ]
            words += [f"{a.get('name')}={a.get('value')}" for a in member.findall("annotation")]
            found.append(" ".join(word for word in words if word))
    return sorted(found) + sorted(f"node {node.get('name')}" for node in top.findall("node"))


READERS: dict[str, Callable[[Any], Any]] = {
    "Introspect": introspected,
    "ListMachines": sorted,
    "CleanPool": sorted,
    "ListImages": lambda images: sorted(
        [*one[:3], moment(one[3]), moment(one[4]), *one[5:]] for one in images
    ),
}
"""How the replies of some members are written down."""
