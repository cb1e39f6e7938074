"""Where each message goes (D-Bus Specification, "Message Bus Message Routing")."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from machined.bus.local import pending
from machined.bus.local.driver import Driver
from machined.bus.local.limits import Limits
from machined.bus.local.message import NOBODY, Message, Origin, own_message
from machined.bus.local.monitors import Monitors
from machined.bus.local.name_methods import LIMITS_EXCEEDED
from machined.bus.local.names import Names
from machined.bus.local.peer import Load, Peer
from machined.bus.local.subscriptions import Subscriptions
from machined.bus.local.work import Work
from machined.contract import BUS, ErrorName
from machined.wire.calls import BUS_PATH
from machined.wire.closing import close_received
from machined.wire.header import ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL

logger = logging.getLogger(__name__)

NO_AUTO_START = 0x2
"""The flag of a call that is not to start a service."""


class Router:
    """The clients, their names and rules, and the way from one to another.

    Sending never cuts a client off at once, since who sends may be walking through lists of clients.

    Args:
        limits: What a client may ask for.
        load: What the clients have us keep.
        guid: The identity of the bus, 32 hex digits.

    Attributes:
        limits: As given.
        guid: As given.
        clients: All who are connected, whether they have a name already or not.
        names: Who owns what.
        subscriptions: Who wants which signals.
        monitors: Who sees everything.
        origin: The bus itself as a sender.
        work: What is left to do for the clients that messages were queued for.
    """

    def __init__(self, limits: Limits, load: Load, guid: str) -> None:
        self.limits = limits
        self.guid = guid
        self.clients: set[Peer] = set()
        self.names = Names(self._on_owner_changed)
        self.subscriptions = Subscriptions(self._is_name_of)
        self.monitors = Monitors(self._is_name_of)
        self.origin = Origin(BUS)
        self._load = load
        self._driver = Driver(self)
        self.work = Work(self._remove)
        self._serial = 0

    def enroll(self, peer: Peer) -> None:
        """Give a client its unique name, of which the bus never gives the same twice."""
        self.baptize(peer)
        self.greet(peer)

    def baptize(self, peer: Peer) -> None:
        """Choose a unique name."""
        self._serial += 1
        peer.origin = Origin(f":1.{self._serial}")

    def greet(self, peer: Peer) -> None:
        """Make the unique name known."""
        peer.welcomed()
        self.names.request(peer, peer.name, 0)

    def receive(self, peer: Peer, message: Message) -> None:
        """Take a message of a client, and its descriptors."""
        try:
            if not peer.is_doomed and self._is_in_order(peer, message):
                message.origin = peer.origin
                self._capture(message)
                self._route(peer, message)
        finally:
            message.drop()

    def _is_in_order(self, peer: Peer, message: Message) -> bool:
        if peer.is_monitor:
            self.work.doom(peer, "it sent a message though it is a monitor")
            return False
        if peer.origin is NOBODY:
            fields = message.fields
            is_hello = fields.member == "Hello" and fields.destination == BUS and not fields.signature
            if not is_hello or message.kind != METHOD_CALL or fields.interface not in {BUS, None}:
                self.work.doom(peer, "its first message was not Hello")
                return False
            self.baptize(peer)
        return True

    def _route(self, peer: Peer, message: Message) -> None:
        destination = message.fields.destination
        if destination in {None, BUS}:
            if message.kind == METHOD_CALL:
                self._driver.answer(peer, message)
            elif message.kind == SIGNAL and destination is None:
                self.broadcast(message)
            return
        target = self.names.owner(destination or "")
        if message.kind in {METHOD_RETURN, ERROR}:
            self._pass_reply(peer, message, target)
        elif message.kind in {METHOD_CALL, SIGNAL}:
            self._pass_on(peer, message, target)

    def _pass_reply(self, peer: Peer, message: Message, target: Peer | None) -> None:
        if target is None or not pending.settle(target, message.reply_serial, peer):
            logger.debug("dropped a reply of %s that nobody waits for", peer.name)
        elif message.fds and not target.passes_fds:
            text = "the reply has file descriptors, which this connection cannot get"
            self._send_error(target, message.reply_serial, ErrorName.NOT_SUPPORTED, text)
        else:
            self._deliver(target, message, message.take_fds())

    def _pass_on(self, peer: Peer, message: Message, target: Peer | None) -> None:
        """Pass on a call, or a signal to one alone."""
        refusal = self._refusal(peer, message, target)
        if refusal is not None:
            if message.is_call_with_reply:
                self._send_error(peer, message.serial, *refusal)
        elif target is not None:
            if message.is_call_with_reply:
                pending.expect(peer, message.serial, target)
            self._deliver(target, message, message.take_fds())

    def _refusal(self, peer: Peer, message: Message, target: Peer | None) -> tuple[str, str] | None:
        name = message.fields.destination
        if target is None and message.flags & NO_AUTO_START:
            return ErrorName.NAME_HAS_NO_OWNER, f"the name {name} has no owner"
        if target is None:
            return ErrorName.SERVICE_UNKNOWN, f"the name {name} has no owner, and this bus starts no services"
        if message.fds and not target.passes_fds:
            return ErrorName.NOT_SUPPORTED, f"{name} cannot get file descriptors"
        if target.is_congested:
            return LIMITS_EXCEEDED, f"too much waits for {name} already"
        return self._refusal_of_serial(peer, message) if message.is_call_with_reply else None

    def _refusal_of_serial(self, peer: Peer, message: Message) -> tuple[str, str] | None:
        if message.serial in peer.calls:
            return ErrorName.ACCESS_DENIED, f"a call of the serial {message.serial} is under way already"
        if len(peer.calls) >= self.limits.pending_calls_per_client:
            return LIMITS_EXCEEDED, f"{len(peer.calls)} calls are without a reply already"
        return None

    def broadcast(self, message: Message) -> None:
        """Send a signal to all who asked for such. Its descriptors are no longer its own."""
        peers = self.subscriptions.interested(message)
        if message.fds:
            peers = [peer for peer in peers if peer.passes_fds]
        for peer in peers:
            self._deliver_copy(peer, message)

    def send(self, peer: Peer, kind: int, values: Sequence[Any], **fields: Any) -> None:
        """Send a message of the bus's own to one client; `fields` as `own_message` takes them."""
        message = own_message(self.origin, kind, values, destination=peer.name, **fields)
        self._capture(message)
        self._deliver(peer, message, message.take_fds())

    def refuse(self, peer: Peer, message: Message, name: str, text: str) -> None:
        """Answer a call with an error, if an answer is wanted."""
        if message.is_call_with_reply:
            self._send_error(peer, message.serial, name, text)

    def _send_error(self, peer: Peer, serial: int, name: str, text: str) -> None:
        self.send(peer, ERROR, [text], reply_serial=serial, error_name=name, signature="s")

    def _capture(self, message: Message) -> None:
        if self.monitors:
            for peer in self.monitors.interested(message):
                if peer.passes_fds or not message.fds:
                    self._deliver_copy(peer, message)

    def _deliver_copy(self, peer: Peer, message: Message) -> None:
        try:
            fds = duplicates(message.fds) if message.fds else []
        except OSError as error:
            logger.warning("%s did not get a message: %s", peer.name, error)
            return
        self._deliver(peer, message, fds)

    def _deliver(self, peer: Peer, message: Message, fds: list[int]) -> None:
        if peer.is_doomed:
            close_received(fds)
            return
        peer.push(message, fds)
        self.work.mark(peer)
        if peer.is_overrun:
            self.work.doom(peer, "it does not read what is sent to it")
        self.check_load()

    def check_load(self) -> None:
        """Cut off the client that has us keep most, if that is too much in sum."""
        limits = self.limits
        if self._load.waiting > limits.waiting_bytes:
            reason = "most bytes waited for it to read them"
            self._shed(lambda peer: peer.waiting, limits.waiting_bytes, reason)
        if self._load.incoming > limits.incoming_bytes:
            reason = "it sent most bytes of unfinished messages"
            self._shed(lambda peer: peer.incoming, limits.incoming_bytes, reason)

    def _shed(self, kept: Callable[[Peer], int], limit: int, reason: str) -> None:
        # What the doomed keep is as good as gone, and must not cost another its place
        sizes = {peer: kept(peer) for peer in self.clients if not peer.is_doomed}
        if sum(sizes.values()) > limit:
            self.work.doom(max(sizes, key=sizes.__getitem__), reason)

    def _remove(self, peer: Peer, reason: str) -> None:
        logger.debug("%s leaves the bus: %s", peer.name or "a client without a name", reason)
        self.clients.discard(peer)
        self.withdraw(peer)
        self.monitors.drop(peer)
        for caller, serial in pending.drop_debts(peer):
            text = "the recipient left the bus without a reply"
            self._send_error(caller, serial, ErrorName.NO_REPLY, text)
        peer.close(reason)

    def withdraw(self, peer: Peer) -> None:
        """Take from a client its rules, its names and what others owe it."""
        self.subscriptions.drop(peer)
        self.names.release_all(peer)
        pending.forget_calls(peer)

    def _on_owner_changed(self, name: str, old: Peer | None, new: Peer | None) -> None:
        if old is not None:
            self._tell(old, "NameLost", name)
        message = own_message(
            self.origin,
            SIGNAL,
            [name, old.name if old else "", new.name if new else ""],
            path=BUS_PATH,
            interface=BUS,
            member="NameOwnerChanged",
            signature="sss",
        )
        self._capture(message)
        self.broadcast(message)
        if new is not None:
            self._tell(new, "NameAcquired", name)

    def _tell(self, peer: Peer, member: str, name: str) -> None:
        self.send(peer, SIGNAL, [name], path=BUS_PATH, interface=BUS, member=member, signature="s")

    def _is_name_of(self, name: str, unique_name: str) -> bool:
        if name in {unique_name, BUS} or name.startswith(":"):
            return name == unique_name
        owner = self.names.owner(name)
        return owner is not None and owner.name == unique_name


def duplicates(fds: Sequence[int]) -> list[int]:
    """Duplicates of descriptors, close-on-exec.

    Raises:
        OSError: There are too many already; none was made.
    """
    made: list[int] = []
    try:
        for fd in fds:
            made.append(os.dup(fd))
    except OSError:
        close_received(made)
        raise
    return made
