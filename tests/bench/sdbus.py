"""libsystemd's sd-bus as client and service: the C side that speeds are measured beside (sd-bus(3))."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

TOP = Path(__file__).parents[2]
LIBRARY = ctypes.CDLL("libsystemd.so.0", use_errno=True)

_BUS = ctypes.c_void_p


class _Error(ctypes.Structure):
    """sd_bus_error, sd-bus-errors(3)."""

    _fields_ = (("name", ctypes.c_char_p), ("message", ctypes.c_char_p), ("need_free", ctypes.c_int))


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(-result, f"{what} failed")
    return result


class SdBus:
    """A connection of sd-bus to the bus at `address`."""

    def __init__(self, address: str) -> None:
        self._bus = _BUS()
        _check(LIBRARY.sd_bus_new(ctypes.byref(self._bus)), "sd_bus_new")
        _check(LIBRARY.sd_bus_set_address(self._bus, address.encode()), "sd_bus_set_address")
        _check(LIBRARY.sd_bus_set_bus_client(self._bus, 1), "sd_bus_set_bus_client")
        _check(LIBRARY.sd_bus_start(self._bus), "sd_bus_start")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        LIBRARY.sd_bus_flush_close_unref(self._bus)

    def call(self, name: str, path: str, interface: str, member: str, *strings: str) -> None:
        """Call a method that takes strings, and wait for its reply."""
        self.call_with(name, path, interface, member, "s" * len(strings), *strings)

    def call_with(
        self, name: str, path: str, interface: str, member: str, signature: str, *values: str | int
    ) -> None:
        """Call a method as sd_bus_call_method(3) does: an array is its length and then what is in it."""
        words = [word.encode() for word in (name, path, interface, member)]
        arguments = [one.encode() if isinstance(one, str) else one for one in values]
        reply = ctypes.c_void_p()
        error = _Error()
        result = LIBRARY.sd_bus_call_method(
            self._bus, *words, ctypes.byref(error), ctypes.byref(reply), signature.encode(), *arguments
        )
        if result < 0:
            said = f"{error.name!r} {error.message!r}"
            LIBRARY.sd_bus_error_free(ctypes.byref(error))
            raise OSError(-result, f"{member} of {name} failed: {said}")
        LIBRARY.sd_bus_message_unref(reply)

    def microseconds(
        self, times: int, name: str, path: str, interface: str, member: str, *strings: str
    ) -> float:
        """How long one call takes, as the mean of `times` calls one after another."""
        began = time.perf_counter()
        for _ in range(times):
            self.call(name, path, interface, member, *strings)
        return (time.perf_counter() - began) / times * 1e6

    def serve(self, name: str) -> None:
        """Own a name and answer what sd-bus itself answers (org.freedesktop.DBus.Peer), until killed."""
        _check(
            LIBRARY.sd_bus_request_name(self._bus, name.encode(), ctypes.c_uint64(0)), "sd_bus_request_name"
        )
        print("ready", flush=True)
        while True:
            if not _check(LIBRARY.sd_bus_process(self._bus, None), "sd_bus_process"):
                _check(LIBRARY.sd_bus_wait(self._bus, ctypes.c_uint64(2**64 - 1)), "sd_bus_wait")


@contextlib.contextmanager
def c_service(address: str, name: str) -> Iterator[None]:
    """A service of sd-bus in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.sdbus", address, name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=TOP)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    with SdBus(sys.argv[1]) as bus:
        bus.serve(sys.argv[2])
