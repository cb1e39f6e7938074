"""Plays the scenario on the real systemd-machined of each release, and keeps what it answered.

python -m tests.lab.differential.record [SUITE...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.lab.container import Bind
from tests.lab.host import LabHost
from tests.lab.place import LabError
from tests.lab.roots import SUITES

HERE = Path(__file__).parent
INSIDE = "/opt/played"
Line = dict[str, Any]


def scenario_binds() -> list[Bind]:
    """What a host must be given to play the scenario."""
    return [Bind(HERE, f"{INSIDE}/tests/lab/differential")]


def played(host: LabHost, *options: str) -> list[Line]:
    """Play the scenario on a host that was given the folder; it is spoilt for anything else then."""
    words = ("python3", "-B", "-m", "tests.lab.differential.play", *options)
    done = host.run(*words, check=False, PYTHONPATH=INSIDE, timeout=110)
    if done.returncode:
        raise LabError(f"{host.name}: the scenario ended with {done.returncode}: {done.stderr[-3000:]}")
    print(done.stderr, end="", file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def recording(version: int) -> Path:
    """The file of what a version answered."""
    return HERE / "recorded" / f"{version}.json"


def read(version: int) -> list[Line]:
    """What a version answered, step by step."""
    lines: list[Line] = json.loads(recording(version).read_text())
    return lines


def write(version: int, lines: list[Line]) -> None:
    """Keep what a version answered, a line for each step."""
    rows = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    recording(version).write_text(f"[\n{rows}\n]\n")


def main() -> None:
    """Record the releases that are named, or all."""
    for suite in sys.argv[1:] or SUITES:
        with LabHost(suite, binds=scenario_binds()) as host:
            lines = played(host)
        write(SUITES[suite], lines)
        print(f"{suite}: {len(lines)} steps")


if __name__ == "__main__":
    main()
