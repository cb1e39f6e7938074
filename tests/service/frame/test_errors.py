"""Errors by number, by name, and those that nobody thought of."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Sequence

import pytest

from machined.bus.errors import error_name, error_reply
from machined.bus.objects import ObjectTree
from machined.bus.senders import Request, Senders
from machined.bus.table import Interface, Method
from machined.contract import ErrorName
from machined.host.errors import Refused
from machined.wire import Call, CallError, CallTimeout, ConnectionLost

STANDARD = {
    "NoMemory": [errno.ENOMEM],
    "AccessDenied": [errno.EPERM, errno.EACCES],
    "InvalidArgs": [errno.EINVAL],
    "UnixProcessIdUnknown": [errno.ESRCH],
    "FileNotFound": [errno.ENOENT],
    "FileExists": [errno.EEXIST],
    "Timeout": [errno.ETIMEDOUT, errno.ETIME],
    "IOError": [errno.EIO],
    "Disconnected": [errno.ENETRESET, errno.ECONNABORTED, errno.ECONNRESET],
    "NotSupported": [errno.EOPNOTSUPP, errno.ENOTSUP],
    "BadAddress": [errno.EADDRNOTAVAIL],
    "LimitsExceeded": [errno.ENOBUFS],
    "AddressInUse": [errno.EADDRINUSE],
    "InconsistentMessage": [errno.EBADMSG],
}
"""The numbers with a name of the D-Bus Specification's own (sd-bus-errors(3))."""
NAMED = {number for numbers in STANDARD.values() for number in numbers}
ALIASES = {"EWOULDBLOCK": "EAGAIN", "EDEADLOCK": "EDEADLK"}


@pytest.mark.parametrize(("name", "number"), [(name, one) for name, many in STANDARD.items() for one in many])
def test_a_number_with_a_standard_name(name: str, number: int) -> None:
    assert error_name(number) == f"org.freedesktop.DBus.Error.{name}"


@pytest.mark.parametrize("number", sorted(set(errno.errorcode) - NAMED))
def test_every_other_number_has_its_symbol(number: int) -> None:
    symbol = errno.errorcode[number]
    assert error_name(number) == f"System.Error.{ALIASES.get(symbol, symbol)}"


@pytest.mark.parametrize("number", [0, -1, 4095, 10**9])
def test_what_is_no_number_of_an_error_is_a_failure(number: int) -> None:
    assert error_name(number) == "org.freedesktop.DBus.Error.Failed"


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOENT])
def test_the_text_is_that_of_the_system_but_for_a_sentence(number: int) -> None:
    plain = error_reply(OSError(number, os.strerror(number), "/secret/path"), "a.B")
    assert plain.message == os.strerror(number)
    assert error_reply(OSError(number, "It cannot be done."), "a.B").message == "It cannot be done."
    assert error_reply(OSError(number, ""), "a.B").message == os.strerror(number)


def test_a_refusal_is_passed_on_as_it_is() -> None:
    reply = error_reply(Refused(ErrorName.NO_SUCH_MACHINE, "none"), "a.B")
    assert (reply.name, reply.message) == ("org.freedesktop.machine1.NoSuchMachine", "none")
    assert error_reply(CallError("org.example.Error", "told"), "a.B").name == "org.example.Error"


@pytest.mark.parametrize(
    ("error", "name"), [(CallTimeout("x"), "Timeout"), (ConnectionLost("x"), "Disconnected")]
)
def test_trouble_with_the_bus_has_a_name(error: Exception, name: str) -> None:
    assert error_reply(error, "a.B").name == f"org.freedesktop.DBus.Error.{name}"


@pytest.mark.parametrize("error", [ZeroDivisionError("/usr/x"), OSError("/usr/x"), KeyError("/usr/x")])
async def test_a_fault_of_ours_is_logged_and_told_plainly(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_target: object, _request: Request) -> Sequence[object]:
        raise error

    tree = ObjectTree(Senders(None, None), bytes(16))  # type: ignore[arg-type]  # nobody is asked
    tree.add("/a", None, Interface("a.A", [Method("Break", "", "", broken)]))
    call = Call(":1.9", "/a", "a.A", "Break", "", [], False, True, 1)
    with caplog.at_level(logging.ERROR), pytest.raises(CallError) as caught:
        await tree.dispatch(call)
    assert caught.value.name == "org.freedesktop.DBus.Error.Failed"
    assert "/usr/x" not in caught.value.message
    assert caught.value.message.endswith(".")
    assert type(error).__name__ in caplog.text
    assert "Traceback" in caplog.text
