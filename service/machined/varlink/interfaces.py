"""What an interface has: its description, and its methods with their parameters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from machined.varlink.messages import INVALID_PARAMETER, VarlinkError

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Answers a call whose parameters are in order; those that were left out are None."""


def whole_number(value: Any) -> int | None:
    """A number of JSON as an integer, also where it is written `1e6`; None for everything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """A string of JSON; None for everything else."""
    return value if isinstance(value, str) else None


class Parameter(NamedTuple):
    """A parameter of a method."""

    name: str
    read: Callable[[Any], Any]
    """Gives the value, or None for one of another type."""
    is_required: bool = False
    is_valid: Callable[[Any], bool] = lambda _value: True
    """Whether a value of the type may be given. Asked after all types were looked at."""


class Method(NamedTuple):
    """A method of an interface."""

    parameters: tuple[Parameter, ...]
    handle: Handler

    async def call(self, given: Mapping[str, Any], doubled: str | None = None) -> dict[str, Any]:
        """Check the parameters, in the order that systemd 257 does, and answer.

        Args:
            given: The parameters.
            doubled: One that was named twice.

        Raises:
            VarlinkError: A parameter is missing, unknown or wrong, or the call is not granted.
        """
        for parameter in self.parameters:
            if parameter.is_required and parameter.name not in given:
                raise VarlinkError(INVALID_PARAMETER, parameter=parameter.name)
        values: dict[str, Any] = dict.fromkeys(parameter.name for parameter in self.parameters)
        for name in given:
            if name not in values:
                raise VarlinkError(INVALID_PARAMETER, parameter=name)
        present = [parameter for parameter in self.parameters if parameter.name in given]
        for parameter in reversed(present):
            values[parameter.name] = parameter.read(given[parameter.name])
            if values[parameter.name] is None:
                raise VarlinkError(INVALID_PARAMETER, parameter=parameter.name)
        if doubled is not None:
            raise VarlinkError(INVALID_PARAMETER, parameter=doubled)
        for parameter in present:
            if not parameter.is_valid(values[parameter.name]):
                raise VarlinkError(INVALID_PARAMETER, parameter=parameter.name)
        return await self.handle(values)


class Interface(NamedTuple):
    """An interface that a server offers."""

    name: str
    description: str
    """In the language of https://varlink.org/Interface-Definition."""
    methods: Mapping[str, Method]
    """By name, without the interface."""
