"""How much a client may ask of the bus before it is refused or cut off."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """The bounds of one bus. What they are for is said in dbus-daemon(1), "limit", for those it has too.

    Attributes:
        connections: Clients at a time, attached ones included.
        connections_per_user: Clients at a time of one user other than root.
        authentication_seconds: Seconds from the connection to the reply to Hello.
        rules_per_client: Match rules of one client.
        names_per_client: Well-known names that one client owns or waits for.
        pending_calls_per_client: Calls of one client that have no reply yet.
        fds_per_message: Descriptors in one message, at most 253 (the kernel's SCM_MAX_FD).
        descriptor_seconds: Seconds that descriptors may wait at one client, to be read or for the rest of
            their message. One of them may be the client's own socket: then nothing else tells that it left.
        incoming_bytes: Bytes of messages, of all clients together, that have not come in whole yet. When
            there are more the client with the most of them is cut off.
        outgoing_bytes: Bytes that wait for one client to read them, behind the message on its way. Others'
            calls and signals to it alone are refused from half of this on; who lets the rest
            fill up is cut off.
        outgoing_messages: Messages that wait so, counted likewise.
        outgoing_fds: Descriptors that wait so, counted likewise.
        waiting_bytes: Bytes that wait for all clients together; when there are more the client with the
            most of them is cut off.
    """

    connections: int = 1024
    connections_per_user: int = 512
    authentication_seconds: float = 30.0
    rules_per_client: int = 5000
    names_per_client: int = 5000
    pending_calls_per_client: int = 10_000
    fds_per_message: int = 16
    descriptor_seconds: float = 150.0
    incoming_bytes: int = 256 << 20
    outgoing_bytes: int = 64 << 20
    outgoing_messages: int = 65_536
    outgoing_fds: int = 256
    waiting_bytes: int = 256 << 20
