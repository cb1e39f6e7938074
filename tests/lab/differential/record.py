"""Plays the scenarios on the real systemd-machined of each release, and keeps what it answered.

python -m tests.lab.differential.record [SUITE...] [SCENARIO...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.lab.container import Bind
from tests.lab.differential.player.pools import BLANK
from tests.lab.host import LabHost
from tests.lab.place import LabError, run
from tests.lab.roots import SUITES

HERE = Path(__file__).parent
INSIDE = "/opt/played"
SCENARIOS = ("images", "machines")
"""In the order in which one host can play them."""

Line = dict[str, Any]


def scenario_binds() -> list[Bind]:
    """What a host must be given to play the scenario."""
    return [Bind(HERE, f"{INSIDE}/tests/lab/differential")]


def played(host: LabHost, scenario: str, *options: str) -> list[Line]:
    """Play a scenario on a host that was given the folder.

    That of images leaves a host as it was, that of machines spoils it for anything else.
    """
    run("mkfs.ext4", "-q", host.root / BLANK[1:], "64M")
    words = ("python3", "-B", "-m", "tests.lab.differential.play", f"--scenario={scenario}", *options)
    done = host.run(*words, check=False, PYTHONPATH=INSIDE, timeout=200)
    if done.returncode:
        raise LabError(f"{host.name}: the scenario ended with {done.returncode}: {done.stderr[-3000:]}")
    print(done.stderr, end="", file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recording(version: int, scenario: str) -> Path:
    """The file of what a version answered."""
    return HERE / "recorded" / f"{version}{'' if scenario == 'machines' else f'-{scenario}'}.json"


def read(version: int, scenario: str) -> list[Line]:
    """What a version answered, step by step."""
    lines: list[Line] = json.loads(recording(version, scenario).read_text())
    return lines


def write(version: int, scenario: str, lines: list[Line]) -> None:
    """Keep what a version answered, a line for each step."""
    rows = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    recording(version, scenario).write_text(f"[\n{rows}\n]\n")


def main() -> None:
    """Record the scenarios and releases that are named, or all."""
    named = set(sys.argv[1:])
    for suite in named & set(SUITES) or SUITES:
        with LabHost(suite, binds=scenario_binds()) as host:
            for scenario in [one for one in SCENARIOS if one in named] or SCENARIOS:
                lines = played(host, scenario)
                write(SUITES[suite], scenario, lines)
                print(f"{suite}: {len(lines)} steps with {scenario}")


if __name__ == "__main__":
    main()
