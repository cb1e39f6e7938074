"""`machinedeck doctor`: what is there on this host, what is missing, and the command that mends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from machinedeck.cli.answer import write_answer
from machinedeck.sources.checkup.finding import Check, Finding, State, Surroundings
from machinedeck.sources.checkup.gathering import look_around
from machinedeck.sources.checkup.table import CHECKS

Findings = Sequence[tuple[Check, Finding]]


def run_doctor(address: str, *, is_json: bool) -> int:
    """Look at everything once and print it; 0 if the console can work on the bus at `address`, else 1."""
    findings = examine(asyncio.run(look_around(address)))
    write_answer(_json(findings) if is_json else _text(findings))
    return 0 if can_work(findings) else 1


def examine(surroundings: Surroundings) -> Findings:
    """Make every check of the table."""
    return [(check, check.look(surroundings)) for check in CHECKS]


def can_work(findings: Findings) -> bool:
    """Whether what the console cannot work without is there."""
    return not any(check.is_needed and finding.state is State.MISSING for check, finding in findings)


def _json(findings: Findings) -> str:
    checks = [
        {"check": check.name, "needed": check.is_needed, **finding._asdict()} for check, finding in findings
    ]
    return json.dumps({"works": can_work(findings), "checks": checks})


def _text(findings: Findings) -> str:
    label = max(len(check.label) for check, _ in findings)
    state = max(len(one) for one in State)
    lines = []
    for check, finding in findings:
        lines.append(f"{finding.state:{state}}  {check.label:{label}}  {finding.text}")
        if finding.mend:
            lines.append(f"{'':{state}}  {'':{label}}  mend it: {finding.mend}")
    works = can_work(findings)
    lines.append("" if works else "\nThe console cannot work here yet; machinedeck --demo works anywhere.")
    return "\n".join(lines).rstrip()
