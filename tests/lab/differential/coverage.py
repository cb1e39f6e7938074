"""Counts what the scenarios meet of the tables of errors: `just coverage-spec`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.differential import image_rows, rows
from tests.lab.differential.comparing import Line
from tests.lab.differential.record import SCENARIOS, read
from tests.lab.differential.rows import NOBODY_ANSWERS, VERSIONS, Cell

HELPERS = "the helper process is the service's own: to kill it at the right moment is a matter of luck"
UNHIT = {
    "its unit is gone": "the machine goes together with its unit, before anybody can ask",
    "helper died": HELPERS,
    **image_rows.UNHIT,
}
"""What no step meets, each with the reason."""


def member_of(line: Line) -> str:
    """The member that a step calls, with its interface."""
    words = str(line.get("call", "- -")).split(" ")
    return words[1]


def met(lines: Sequence[Line]) -> set[tuple[str, str, str, str, str]]:
    """Who met which error in calling what, in steps for which row, on which file system."""
    return {
        (line["who"], member_of(line), line["for"], line.get("error") or _unrefused(line), _place(line))
        for line in lines
        if "for" in line and "who" in line
    }


def _place(line: Line) -> str:
    return str(line["topic"]).rpartition(".")[2] if "." in line["topic"] else ""


def _unrefused(line: Line) -> str:
    return NOBODY_ANSWERS if line.get("answer") == "none" else "none"


def _found(version: int) -> set[tuple[str, str, str, str, str]]:
    return {one for scenario in SCENARIOS for one in met(read(version, scenario))}


def unhit() -> tuple[list[Cell], int]:
    """The cells of the tables that no recording meets, and how many cells there are."""
    found = {version: _found(version) for version in VERSIONS}
    every = [*rows.cells(), *image_rows.cells()]
    return [cell for cell in every if (cell[1:]) not in found[cell.version]], len(every)


def answers(cell: Cell) -> set[str]:
    """What steps for a cell were answered instead."""
    return {
        error
        for who, member, why, error, on in _found(cell.version)
        if (who, member, why, on) == (*cell[1:4], cell.on)
    }


def main() -> None:
    """Print the count, and what is not met."""
    missed, count = unhit()
    print(f"{count - len(missed)} of {count} met: member x what is wrong x (root, uid 65534) x version,")
    print(f"and of images and the pool ({len(list(image_rows.cells()))}) x (ext4, btrfs, btrfs that counts)")
    for cell in missed:
        instead = ", ".join(sorted(answers(cell))) or "no step"
        reason = UNHIT.get(cell.why, f"answered with {instead}")
        where = f"{cell.version} {cell.on}".rstrip()
        print(f"  {where} {cell.who:6} {cell.member}: {cell.why}: {cell.error}; {reason}")


if __name__ == "__main__":
    main()
