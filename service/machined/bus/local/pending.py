"""Calls that have no reply yet: a reply goes through only if it answers one of them."""

from __future__ import annotations

from machined.bus.local.peer import Peer


def expect(caller: Peer, serial: int, callee: Peer) -> None:
    """Take note that `callee` owes a reply."""
    caller.calls[serial] = callee
    callee.callers[caller] = callee.callers.get(caller, 0) + 1


def settle(caller: Peer, serial: int, callee: Peer) -> bool:
    """Take note of a reply; False if nothing is owed."""
    if caller.calls.get(serial) is not callee:
        return False
    del caller.calls[serial]
    callee.callers[caller] -= 1
    if not callee.callers[caller]:
        del callee.callers[caller]
    return True


def forget_calls(caller: Peer) -> None:
    """Drop what others owe to a client that goes."""
    for callee in set(caller.calls.values()):
        callee.callers.pop(caller, None)
    caller.calls.clear()


def drop_debts(callee: Peer) -> list[tuple[Peer, int]]:
    """Drop what a client that goes owes to others: the callers, and the serials that they wait for."""
    owed = [
        (caller, serial)
        for caller in callee.callers
        for serial, debtor in caller.calls.items()
        if debtor is callee
    ]
    for caller, serial in owed:
        del caller.calls[serial]
    callee.callers.clear()
    return owed
