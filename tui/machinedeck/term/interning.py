"""A table that gives equal values one small number each, with an upper bound and a way to forget."""

from __future__ import annotations

from collections.abc import Container, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Table(Generic[Value]):
    """Numbers for values: the same number for equal values, for as long as they are retained.

    Args:
        limit: How many values the table holds at most; a guest must not fill our memory.
        first: A value that has number 0 and is never forgotten.
    """

    def __init__(self, limit: int, first: Value) -> None:
        self.limit = limit
        self.values: list[Value] = [first]
        self._numbers: dict[Value, int] = {first: 0}
        self._free: list[int] = []
        self._misses = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, value: object) -> bool:
        return value in self._numbers

    @property
    def free(self) -> int:
        """How many more values it can take in."""
        return self.limit - len(self._numbers)

    def intern(self, value: Value, spare: int = 0) -> int | None:
        """The number of a value, which is entered if it is new.

        Args:
            value: What to number.
            spare: How many places must stay free if it is new.

        Returns:
            The number, or None when the table is full and does not know the value.
        """
        number = self._numbers.get(value)
        if number is not None:
            return number
        if spare and self.free <= spare:
            return None
        if self._free:
            number = self._free.pop()
            self.values[number] = value
        elif len(self.values) < self.limit:
            number = len(self.values)
            self.values.append(value)
        else:
            return None
        self._numbers[value] = number
        return number

    def wants_cleaning(self) -> bool:
        """Whether it is time to find out what can be forgotten, now that a new value found no place.

        Looking through all that is kept takes long. Where that freed little, half as many values as the table
        holds have to find no place before it is worth while again.
        """
        self._misses -= 1
        return self._misses < 0

    def retain(self, live: Container[int]) -> None:
        """Forget all values but the first and those with a number in `live`; free numbers are given anew."""
        dead = [number for number in self._numbers.values() if number and number not in live]
        for number in dead:
            del self._numbers[self.values[number]]
            self.values[number] = self.values[0]
        self._free.extend(dead)
        self._misses = self.limit >> 1 if self.free < self.limit >> 2 else 0
