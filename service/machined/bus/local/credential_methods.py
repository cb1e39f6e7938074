"""Methods of the bus about who is behind a name (D-Bus Specification, "Message Bus Messages")."""

from __future__ import annotations

import os
from typing import Any

from machined.bus.local.methods import Method, Request, Table
from machined.bus.local.peer import Credentials, Peer, own_credentials
from machined.contract import BUS, ErrorName
from machined.wire import CallError, Variant


def _owner(request: Request) -> Peer:
    name = request.values[0]
    peer = request.router.names.owner(name)
    if peer is None:
        raise CallError(ErrorName.NAME_HAS_NO_OWNER, f"the name {name[:256]!a} has no owner")
    return peer


def _credentials(request: Request) -> Credentials:
    return own_credentials() if request.values[0] == BUS else _owner(request).credentials


def _get_connection_unix_user(request: Request) -> list[int]:
    return [_credentials(request).uid]


def _get_connection_unix_process_id(request: Request) -> list[int]:
    pid = _credentials(request).pid
    if not pid:
        raise CallError(
            f"{BUS}.Error.UnixProcessIdUnknown", "the process is of a namespace not seen from here"
        )
    return [pid]


def _get_connection_credentials(request: Request) -> list[dict[str, Variant]]:
    credentials = _credentials(request)
    found: dict[str, Variant] = {"UnixUserID": Variant("u", credentials.uid)}
    if credentials.pid:
        found |= _process(request, credentials.pid)
    if credentials.gids:
        found["UnixGroupIDs"] = Variant("au", list(credentials.gids))
    return [found]


def _process(request: Request, pid: int) -> dict[str, Variant]:
    """A process, by its pid and, to who takes that, a descriptor; nothing of one that is no more.

    Who has much to read already gets none: descriptors that wait are counted, and who asks for many callers
    at once, as a service in a crowd does, would be cut off for what the bus itself sends it.
    """
    known = {"ProcessID": Variant("u", pid)}
    if not request.peer.passes_fds or request.peer.is_congested:
        return known
    try:
        pidfd = os.pidfd_open(pid) if request.values[0] == BUS else _owner(request).open_process()
    except ProcessLookupError:
        return {}
    return known if pidfd < 0 else {**known, "ProcessFD": Variant("h", pidfd)}


def _get_adt_audit_session_data(request: Request) -> list[Any]:
    _credentials(request)
    raise CallError(f"{BUS}.Error.AdtAuditDataUnknown", "there is no such auditing on Linux")


def _get_connection_selinux_security_context(request: Request) -> list[Any]:
    _credentials(request)
    raise CallError(f"{BUS}.Error.SELinuxSecurityContextUnknown", "this bus asks for no security contexts")


CREDENTIAL_METHODS: Table = {
    "GetConnectionUnixUser": Method("s", "u", _get_connection_unix_user),
    "GetConnectionUnixProcessID": Method("s", "u", _get_connection_unix_process_id),
    "GetConnectionCredentials": Method("s", "a{sv}", _get_connection_credentials),
    "GetAdtAuditSessionData": Method("s", "ay", _get_adt_audit_session_data),
    "GetConnectionSELinuxSecurityContext": Method("s", "ay", _get_connection_selinux_security_context),
}
