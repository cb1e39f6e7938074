"""What a benchmark yields: rows that say what was measured, beside what, and whether the promise holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One measured value beside its reference; `goal` is the ratio that is promised, at most or at least."""

    area: str
    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    goal: str
    """`<= 1.3` or `>= 5`, a bound of the ratio; "" for a figure that promises nothing."""

    @property
    def ratio(self) -> float:
        """The value over its reference."""
        return self.value / self.reference_value if self.reference_value else float("nan")

    @property
    def holds(self) -> bool:
        """Whether the ratio is within the goal."""
        if not self.goal:
            return True
        relation, bound = self.goal.split()
        return self.ratio <= float(bound) if relation == "<=" else self.ratio >= float(bound)


def write(measures: Sequence[Measure], path: Path) -> None:
    """Write the rows as JSON."""
    rows = [{**asdict(one), "ratio": round(one.ratio, 3), "holds": one.holds} for one in measures]
    path.write_text(json.dumps(rows, indent=1) + "\n")


def table(measures: Sequence[Measure]) -> str:
    """The rows for people."""
    lines = [f"{'area':10} {'name':42} {'value':>10} {'reference':>34} {'ratio':>7} {'goal':>7}  holds"]
    for one in measures:
        reference = f"{one.reference}: {one.reference_value:.3g}" if one.reference else ""
        lines.append(
            f"{one.area:10} {one.name:42} {one.value:>6.3g} {one.unit:3} {reference:>34} "
            f"{one.ratio:>6.2f}x {one.goal:>7}  {'yes' if one.holds else 'NO'}"
        )
    return "\n".join(lines)
