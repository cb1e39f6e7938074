"""Methods of the bus about names (D-Bus Specification, "Message Bus Messages")."""

from __future__ import annotations

from machined.bus.local.methods import Method, Request, Table
from machined.bus.local.syntax import is_bus_name, is_well_known_name
from machined.contract import BUS, ErrorName
from machined.wire import CallError

LIMITS_EXCEEDED = f"{BUS}.Error.LimitsExceeded"
_ALREADY_RUNNING = 2


def _checked(request: Request) -> str:
    """The well-known name that the caller wants to own, or to own no more."""
    name = str(request.values[0])
    if name.startswith(":"):
        raise CallError(ErrorName.INVALID_ARGS, f"{name[:64]!a} is a unique name: it cannot be asked for")
    if not is_well_known_name(name):
        raise CallError(ErrorName.INVALID_ARGS, f"{name[:64]!a} is no valid bus name")
    if name == BUS:
        raise CallError(ErrorName.INVALID_ARGS, f"{BUS} belongs to the bus itself")
    return name


def _request_name(request: Request) -> list[int]:
    name = _checked(request)
    peer = request.peer
    # The unique name is in there too, and does not count
    if name not in peer.names and len(peer.names) > request.router.limits.names_per_client:
        raise CallError(LIMITS_EXCEEDED, f"{len(peer.names) - 1} names are asked for by this client already")
    return [request.router.names.request(peer, name, request.values[1])]


def _release_name(request: Request) -> list[int]:
    return [request.router.names.release(request.peer, _checked(request))]


def _list_names(request: Request) -> list[list[str]]:
    return [[BUS, *request.router.names.all()]]


def _list_activatable_names(_request: Request) -> list[list[str]]:
    return [[BUS]]


def _name_has_owner(request: Request) -> list[bool]:
    name = request.values[0]
    return [name == BUS or request.router.names.owner(name) is not None]


def _get_name_owner(request: Request) -> list[str]:
    name = request.values[0]
    return [BUS if name == BUS else owner_of(request, name)]


def owner_of(request: Request, name: str) -> str:
    """The unique name of the owner of `name`.

    Raises:
        CallError: It has none.
    """
    owner = request.router.names.owner(name)
    if owner is None:
        raise CallError(ErrorName.NAME_HAS_NO_OWNER, f"the name {name[:256]!a} has no owner")
    return owner.name


def _list_queued_owners(request: Request) -> list[list[str]]:
    name = request.values[0]
    if name == BUS:
        return [[BUS]]
    owner_of(request, name)
    return [[peer.name for peer in request.router.names.queue(name)]]


def _start_service_by_name(request: Request) -> list[int]:
    name = request.values[0]
    if not is_bus_name(name):
        raise CallError(ErrorName.INVALID_ARGS, f"{name[:64]!a} is no valid bus name")
    if name != BUS and request.router.names.owner(name) is None:
        raise CallError(
            ErrorName.SERVICE_UNKNOWN, f"the name {name} has no owner, and this bus starts no services"
        )
    return [_ALREADY_RUNNING]


NAME_METHODS: Table = {
    "RequestName": Method("su", "u", _request_name),
    "ReleaseName": Method("s", "u", _release_name),
    "StartServiceByName": Method("su", "u", _start_service_by_name),
    "NameHasOwner": Method("s", "b", _name_has_owner),
    "ListNames": Method("", "as", _list_names),
    "ListActivatableNames": Method("", "as", _list_activatable_names),
    "GetNameOwner": Method("s", "s", _get_name_owner),
    "ListQueuedOwners": Method("s", "as", _list_queued_owners),
}
