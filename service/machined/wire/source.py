"""Functions written as text, line by line, and compiled."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


class Source:
    """A function in the making.

    Args:
        name: What it will be called.
        parameters: Its parameters, as they stand in a definition.
        names: What its lines may refer to.
    """

    def __init__(self, name: str, parameters: str, names: dict[str, Any]) -> None:
        self._name = name
        self._names = dict(names)
        self._lines = [f"def {name}({parameters}):"]
        self._indent = 1
        self._count = 0

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append("    " * self._indent + text)

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a line, and those of the context below it, indented."""
        self.line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def variable(self, prefix: str = "v") -> str:
        """A name that no line uses yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def bind(self, prefix: str, value: Any) -> str:
        """A new name, for something that only this function refers to."""
        name = self.variable(prefix)
        self._names[name] = value
        return name

    @property
    def text(self) -> str:
        """The lines so far."""
        return "\n".join(self._lines) + "\n"

    def compile(self, what: str) -> Callable[..., Any]:
        """The function; `what` stands for its file in a traceback."""
        # Nothing of a message stands in the text: it is made of fixed lines, chosen by type codes
        exec(compile(self.text, f"<{self._name} {what}>", "exec"), self._names)  # noqa: S102
        function: Callable[..., Any] = self._names[self._name]
        return function
