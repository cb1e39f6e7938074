"""The interface of every varlink service, and the way from a call to the method that answers it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from machined.host.improvements import ALL, Improvements
from machined.varlink.interfaces import Interface, Method, Parameter, text
from machined.varlink.messages import SYSTEM, VarlinkError, error_reply, read_call, reply

logger = logging.getLogger(__name__)

SERVICE = "org.varlink.service"

DESCRIPTION = """\
# General Varlink service interface
interface org.varlink.service

# Get service meta information
method GetInfo() -> (
	# String identifying the vendor of this service
	vendor: string,
	# String identifying the product implementing this service
	product: string,
	# Version string of this product
	version: string,
	# Web URL pointing to additional information about this service
	url: string,
	# List of interfaces implemented by this service
	interfaces: []string
)

# Get description of an implemented interface in Varlink IDL format
method GetInterfaceDescription(
	# Name of interface to query interface description of
	interface: string
) -> (
	# Interface description in Varlink IDL format
	description: string
)

# Error returned if a method is called on an unknown interface
error InterfaceNotFound(
	# Name of interface that was called but does not exist
	interface: string
)

# Error returned if an unknown method is called on an known interface
error MethodNotFound(
	# Name of method that was called but does not exist
	method: string
)

# Error returned if an method is called that is known but not implemented
error MethodNotImplemented(
	# Name of method that was called but is not implemented.
	method: string
)

# Error returned if a method is called with an invalid parameter
error InvalidParameter(
	# Name of the invalid parameter
	parameter: string
)

# General permission error
error PermissionDenied()

# A method was called with the 'more' flag off, but it may only be called with the flag turned on
error ExpectedMore()
"""

ERRORS = Interface(
    "io.systemd",
    """\
interface io.systemd

error Disconnected()

error TimedOut()

error Protocol()

error System(
	errno: int
)
""",
    {},
)


class VarlinkService:
    """Interfaces, and `org.varlink.service` that tells of them (https://varlink.org/Service).

    Args:
        product: What it calls itself.
        url: Where more is said about it.
        interfaces: What it offers beside the two that are always there.
        improvements: Whether who names a parameter twice is cut off, or told so.
    """

    def __init__(
        self, product: str, url: str, interfaces: Sequence[Interface], improvements: Improvements = ALL
    ) -> None:
        self._improvements = improvements
        self._product = product
        self._url = url
        methods = {
            "GetInfo": Method((), self._on_get_info),
            "GetInterfaceDescription": Method(
                (Parameter("interface", text, is_required=True),), self._on_get_description
            ),
        }
        own = Interface(SERVICE, DESCRIPTION, methods)
        self._interfaces = {one.name: one for one in (ERRORS, *interfaces, own)}
        self._methods = {
            f"{interface.name}.{name}": method
            for interface in self._interfaces.values()
            for name, method in interface.methods.items()
        }

    async def answer(self, message: bytes) -> bytes:
        """The reply to a message; empty where none is wanted.

        Raises:
            BrokenMessage: It is no call.
        """
        call = read_call(message, takes_doubled=not self._improvements.refuses_doubled_names)
        try:
            method = self._methods.get(call.method)
            if method is None:
                raise VarlinkError(f"{SERVICE}.MethodNotFound", method=call.method)
            answer = reply(await method.call(call.parameters, call.doubled))
        except VarlinkError as error:
            answer = error_reply(error)
        except OSError as error:
            answer = error_reply(VarlinkError(SYSTEM, errno=error.errno or errno.EIO))
        except Exception:
            logger.exception("%s failed", call.method)
            answer = error_reply(VarlinkError(SYSTEM, errno=errno.EIO))
        return b"" if call.is_oneway else answer

    async def _on_get_info(self, _values: dict[str, Any]) -> dict[str, Any]:
        return {
            "vendor": "Machinedeck",
            "product": self._product,
            "version": _version(),
            "url": self._url,
            "interfaces": list(self._interfaces),
        }

    async def _on_get_description(self, values: dict[str, Any]) -> dict[str, Any]:
        interface = self._interfaces.get(values["interface"])
        if interface is None:
            raise VarlinkError(f"{SERVICE}.InterfaceNotFound", interface=values["interface"])
        return {"description": interface.description}


def _version() -> str:
    try:
        return version("machinedeck")
    except PackageNotFoundError:
        return "0"  # run from its sources alone
