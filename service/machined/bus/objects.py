"""The tree of objects, and the way from a call to the one who answers it.

Which error tells of what follows sd-bus, the library of the reference service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from machined.bus.errors import error_reply
from machined.bus.senders import Request, Senders
from machined.bus.standard import INTROSPECTABLE_INTERFACE, PEER_INTERFACE, Node, Standard
from machined.bus.table import Interface, Method
from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.host.improvements import ALL, Improvements
from machined.wire import Call, CallError

Finder = Callable[[str, Request], Any]
"""`find(label, request)` returns the target that the last element of a path stands for, or None, or a
coroutine of it."""
Enumerator = Callable[[], Awaitable[Sequence[str]]]
"""`await enumerate()` returns the labels of all objects of a family."""
InterfacesOf = Callable[[Any], Sequence[Interface]]
"""`interfaces_of(target)` returns what this object of a family offers."""


Reply = tuple[str, Sequence[Any]]
"""The types of a reply and its values."""
_Answer = Reply | Coroutine[Any, Any, Reply]
"""A reply, or what gives it when it is awaited."""
_Found = Node | None
"""What is at a path; None for nothing."""


class _Family(NamedTuple):
    find: Finder
    enumerate: Enumerator
    interfaces_of: InterfacesOf


class ObjectTree:
    """All objects of one connection; `dispatch` is the handler for `Connection.serve`.

    Args:
        senders: Makes requests of calls.
        machine_id: What Peer.GetMachineId tells, 16 bytes.
        improvements: Whether the name of a method is enough where a call leaves the interface out, as the
            D-Bus Specification has it ("Method Calls"); and whether arguments of Properties must fit.
    """

    def __init__(self, senders: Senders, machine_id: bytes, *, improvements: Improvements = ALL) -> None:
        self._senders = senders
        self._improvements = improvements
        self._objects: dict[str, Node] = {}
        self._families: dict[str, _Family] = {}
        self._standard = Standard(machine_id, self._children)

    def add(self, path: str, target: Any, *interfaces: Interface) -> None:
        """Put an object at `path`; the handlers of its members get `target`."""
        self._objects[path] = Node(path, interfaces, target)

    def add_family(
        self,
        prefix: str,
        find: Finder,
        enumerate: Enumerator,
        interfaces: Sequence[Interface] | InterfacesOf,
    ) -> None:
        """Put a family of objects right below `prefix`; each is looked for when it is called.

        Args:
            prefix: The path that theirs begin with, without a slash at the end.
            find: Looks for one.
            enumerate: Lists them, for introspection.
            interfaces: What they offer, all the same or each its own.
        """
        offered: InterfacesOf = interfaces if callable(interfaces) else lambda _target: interfaces
        self._families[prefix] = _Family(find, enumerate, offered)

    def dispatch(self, call: Call) -> Reply | Awaitable[Reply]:
        """Answer a call, at once where all is at hand.

        Returns:
            The reply, or what gives it, and raises likewise, when it is awaited.

        Raises:
            CallError: Whatever went wrong, fit to be sent.
        """
        try:
            answer = self._answer(self._senders.request(call))
        except Exception as error:
            raise _told(error, call) from error
        return answer if isinstance(answer, tuple) else _awaited(answer, call)

    def _answer(self, request: Request) -> _Answer:
        """Answer at once, unless the object has to be looked for or the caller to be asked for rights."""
        call = request.call
        node: _Found | Coroutine[Any, Any, _Found] = None
        if call.interface == PEER_INTERFACE:
            node = Node(call.path)  # the peer is asked, not an object of it
        elif call.interface is not None or self._improvements.finds_methods_without_interface:
            node = self._find(call.path, request)
        if node is None or isinstance(node, Node):
            node, interface, method, target = self._method(node, call)
            if not method.is_privileged:
                return self._begin(node, interface, method, target, request)
        return self._answer_slowly(node, request)

    async def _answer_slowly(self, found: _Found | Coroutine[Any, Any, _Found], request: Request) -> Reply:
        """Answer when the object is found and the caller has the rights."""
        if isinstance(found, Coroutine):
            found = await found
        node, interface, method, target = self._method(found, request.call)
        if method.is_privileged:
            await request.require_privilege(f"{interface.name}.{method.name}")
        answer = self._begin(node, interface, method, target, request)
        return answer if isinstance(answer, tuple) else await answer

    def _begin(
        self, node: Node, interface: Interface, method: Method, target: Any, request: Request
    ) -> _Answer:
        """Have the handler answer, once the arguments are what it takes."""
        call = request.call
        if call.signature != method.signature:
            is_loose = not self._improvements.checks_property_arguments
            taken = self._standard.loosely_read(node, method, call) if is_loose else None
            if taken is None:
                raise Refused(
                    ErrorName.INVALID_ARGS,
                    f"{interface.name}.{method.name} takes {method.signature!r}, not {call.signature!r}.",
                )
        else:
            if call.size > method.most:
                text = f"A call of {interface.name}.{method.name} has {method.most} bytes at most."
                raise Refused(ErrorName.LIMITS_EXCEEDED, text)
            taken = call.body
        values = method.handler(target, request, *taken)
        if isinstance(values, Coroutine):
            return _when_done(method.result, values)
        return method.result, () if values is None else values

    def _find(self, path: str, request: Request) -> _Found | Coroutine[Any, Any, _Found]:
        """What is at `path`: an object, the head of a family, or a way to those below."""
        if path in self._objects:
            return self._objects[path]
        if path in self._families:
            return Node(path)
        parent, _, label = path.rpartition("/")
        family = self._families.get(parent)
        if family is not None:
            target = family.find(label, request)
            if isinstance(target, Coroutine):
                return _node_when_found(path, family, target)
            return _node(path, family, target)
        return Node(path, is_object=False) if self._below(path) else None

    def _method(self, node: _Found, call: Call) -> tuple[Node, Interface, Method, Any]:
        """The object, the method of it that is called, and its target; its own interfaces come first."""
        if node is None or not (node.is_object or _is_introspection(call)):
            raise Refused(ErrorName.UNKNOWN_OBJECT, f"There is no object {call.path!r}.")
        for interface in node.interfaces:
            if call.interface in {None, interface.name} and (method := interface.methods.get(call.member)):
                return node, interface, method, node.target
        for interface in self._standard.interfaces:
            if call.interface in {None, interface.name} and (method := interface.methods.get(call.member)):
                return node, interface, method, node
        name = f"{call.interface}.{call.member}" if call.interface else call.member
        raise Refused(ErrorName.UNKNOWN_METHOD, f"{call.path} has no method {name}.")

    async def _children(self, node: Node) -> Sequence[str]:
        family = self._families.get(node.path)
        listed = await family.enumerate() if family is not None else ()
        return [*listed, *self._below(node.path)]

    def _below(self, path: str) -> list[str]:
        """The next elements on the ways from `path` to what is below it."""
        start = "/" if path == "/" else f"{path}/"
        ways = (way for way in (*self._objects, *self._families) if way.startswith(start) and way != start)
        return [way[len(start) :].partition("/")[0] for way in ways]


async def _awaited(answer: Coroutine[Any, Any, Reply], call: Call) -> Reply:
    try:
        return await answer
    except Exception as error:
        raise _told(error, call) from error


async def _when_done(signature: str, values: Awaitable[Sequence[Any] | None]) -> Reply:
    found = await values
    return signature, () if found is None else found


def _node(path: str, family: _Family, target: Any) -> _Found:
    return None if target is None else Node(path, family.interfaces_of(target), target)


async def _node_when_found(path: str, family: _Family, target: Awaitable[Any]) -> _Found:
    return _node(path, family, await target)


def _told(error: Exception, call: Call) -> CallError:
    return error_reply(error, f"{call.interface or 'a call'}.{call.member}")


def _is_introspection(call: Call) -> bool:
    return call.interface in {None, INTROSPECTABLE_INTERFACE} and call.member == "Introspect"
