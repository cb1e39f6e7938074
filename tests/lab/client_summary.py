"""The summary of what clients print: made from the page that has all of it, without a host."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

COLUMNS = "| client | what was asked | printed by systemd-machined | by ours |\n| --- | --- | --- | --- |\n"
SAME = "the same"
HEADING = "## What real clients print\n"
INTRODUCTION = """
How often each client was asked something, on which release, and how often it printed the same of the service
(`--strict`) as of systemd-machined. What each was asked, and what it printed, is in [clients.md](clients.md).

| client | 252 | 257 |
| --- | --- | --- |
"""
DIFFERING = """
What was printed otherwise; lines that are the same are left out:

| on | what was asked | printed by systemd-machined | by ours, and why |
| --- | --- | --- | --- |
"""


class Row(NamedTuple):
    """One thing that was asked."""

    version: str
    """The release of systemd."""
    part: str
    """Machines, or images and where they are."""
    client: str
    asked: str
    real: str
    ours: str


def rows(page: str) -> list[Row]:
    """All rows of a page of what clients print."""
    found = []
    version = part = ""
    for line in page.splitlines():
        if heading := re.fullmatch(r"## systemd (\d+): (.*)", line):
            version, part = heading.groups()
        elif version and line.startswith("| ") and not line.startswith(("| client", "| ---")):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.append(Row(version, part, *cells))
    return found


def summary(page: str) -> str:
    """How many answers of each client are the same, and all those that are not."""
    all_rows = rows(page)
    counted: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in all_rows:
        counted[row.client][row.version].append(row.ours == SAME)
    lines = [
        f"| {client} | {_score(by_version['252'])} | {_score(by_version['257'])} |\n"
        for client, by_version in sorted(counted.items())
    ]
    return "".join(
        [INTRODUCTION, *lines, DIFFERING, *(_differing(row) for row in all_rows if row.ours != SAME)]
    )


def placed(document: str, text: str) -> str:
    """A document with another text below the heading of the summary, which it has; what follows stays."""
    before, heading, after = document.partition(HEADING)
    if not heading:
        raise ValueError(f"there is no {HEADING.strip()!r}")
    _, following, rest = after.partition("\n## ")
    return f"{before}{heading}{text}{following}{rest}"


def _score(is_same: list[bool]) -> str:
    if not is_same:
        return "-"
    return f"{len(is_same)}, all the same" if all(is_same) else f"{len(is_same)}, {sum(is_same)} the same"


def _differing(row: Row) -> str:
    printed, _, reason = row.ours.rpartition(": ")
    real, ours = row.real.split("<br>"), printed.split("<br>")
    only_real = [line for line in real if line not in ours]
    only_ours = [line for line in ours if line not in real]
    said = f"{'<br>'.join(only_ours) or 'no more'}: {reason}"
    return f"| {row.version}, {row.part} | {row.asked} | {'<br>'.join(only_real) or 'no more'} | {said} |\n"
