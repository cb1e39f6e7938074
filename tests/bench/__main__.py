"""Runs the benchmarks of all areas, or of those named: `python -m tests.bench [AREA]…`."""

from __future__ import annotations

import importlib
import sys
from importlib.util import cache_from_source
from pathlib import Path

from tests.bench.rows import Measure, table, write

AREAS = ("start", "console", "news", "bus", "marshalling", "machines", "images", "terminal")
TOP = Path(__file__).parents[2]


def uncompiled() -> list[str]:
    """Sources without current bytecode: with these every start would be measured with its compilation."""
    sources = [*(TOP / "service").rglob("*.py"), *(TOP / "tui").rglob("*.py")]
    return [
        str(source.relative_to(TOP))
        for source in sources
        if not (cached := Path(cache_from_source(str(source)))).exists()
        or cached.stat().st_mtime < source.stat().st_mtime
    ]


def main(areas: list[str]) -> int:
    """Measure, print and write; 1 where a promise does not hold, 2 where nothing could be measured."""
    if missing := uncompiled():
        print(f"not byte-compiled: {', '.join(missing[:5])} …; run: python -m compileall service tui")
        return 2
    if unknown := set(areas) - set(AREAS):
        print(f"unknown area: {', '.join(sorted(unknown))}; there are: {', '.join(AREAS)}")
        return 2
    measures: list[Measure] = []
    for area in areas or AREAS:
        measures += importlib.import_module(f"tests.bench.{area}").measure()
    print(table(measures))
    write(measures, TOP / "bench.json")
    return 0 if all(one.holds for one in measures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
