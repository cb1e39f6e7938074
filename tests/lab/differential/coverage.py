"""Counts what the scenario meets of the table of errors: `just coverage-spec`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.differential.comparing import Line
from tests.lab.differential.record import read
from tests.lab.differential.rows import NOBODY_ANSWERS, VERSIONS, Cell, cells

HELPERS = "the helper process is the service's own: to kill it at the right moment is a matter of luck"
UNHIT = {
    "its unit is gone": "the machine goes together with its unit, before anybody can ask",
    "helper died": HELPERS,
}
"""What no step meets, each with the reason."""


def member_of(line: Line) -> str:
    """The member that a step calls, with its interface."""
    words = str(line.get("call", "- -")).split(" ")
    return words[1]


def met(lines: Sequence[Line]) -> set[tuple[str, str, str, str]]:
    """Who met which error in calling what, in steps for which row."""
    return {
        (line["who"], member_of(line), line["for"], line.get("error") or _unrefused(line))
        for line in lines
        if "for" in line and "who" in line
    }


def _unrefused(line: Line) -> str:
    return NOBODY_ANSWERS if line.get("answer") == "none" else "none"


def unhit() -> tuple[list[Cell], int]:
    """The cells of the table that no recording meets, and how many cells there are."""
    found = {version: met(read(version)) for version in VERSIONS}
    every = list(cells())
    return [cell for cell in every if (cell[1:]) not in found[cell.version]], len(every)


def answers(cell: Cell) -> set[str]:
    """What steps for a cell were answered instead."""
    return {error for who, member, why, error in met(read(cell.version)) if (who, member, why) == cell[1:4]}


def main() -> None:
    """Print the count, and what is not met."""
    missed, count = unhit()
    print(f"{count - len(missed)} of {count} met: member x what is wrong x (root, uid 65534) x version")
    for cell in missed:
        instead = ", ".join(sorted(answers(cell))) or "no step"
        reason = UNHIT.get(cell.why, f"answered with {instead}")
        print(f"  {cell.version} {cell.who:6} {cell.member}: {cell.why}: {cell.error}; {reason}")


if __name__ == "__main__":
    main()
