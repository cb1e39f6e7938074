"""The list of promises: which test proves each, where it ran, and how that went (`just proof`)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HEAD = """# Proof

Each promise of the README and these docs, the tests that prove it, where they ran and how it went.
`just proof` writes this file. *lab 252* and *lab 257* are hosts booted with that systemd and its own
systemd-machined; *bare host* is the machine the tests run on, with real processes, terminals and buses;
*simulated* is a host in memory: what is proven there alone counts as open.

| promise | where | result | tests |
| --- | --- | --- | --- |
"""

PLACES = {
    "tests/unit": "bare host",
    "tests/service": "bare host",
    "tests/terminal": "bare host",
    "tests/bench": "bare host",
    "tests/console": "simulated",
    "tests/snapshots": "simulated",
}


@dataclass
class Promise:
    """What is known of one promise."""

    places: set[str] = field(default_factory=set)
    tests: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)

    @property
    def result(self) -> str:
        """How it stands: the worst of its tests; open where no real host took part."""
        for worst in ("failed", "skipped"):
            if worst in self.results:
                return f"**{worst}**"
        return "**open**" if self.places == {"simulated"} else "holds"


class Proof:
    """Collects promises while the tests run."""

    def __init__(self, *, document: Path | None, notes: Path | None) -> None:
        """Write the list, or notes for one of several runs' promises, or both."""
        self._document = document
        self._notes = notes
        self._promises: dict[str, Promise] = defaultdict(Promise)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        """Note how a test with a promise ended."""
        report = yield
        for mark in item.iter_markers("promise"):
            promise = self._promises[mark.args[0]]
            promise.tests.add(item.nodeid.split("[")[0])
            promise.places.add(mark.kwargs.get("where") or place_of(item))
            if report.failed or (report.skipped and report.when == "setup"):
                promise.results.add(report.outcome)
        return report

    def pytest_sessionfinish(self) -> None:
        """Write what was asked for."""
        if self._document:
            self._document.write_text(document(self._promises))
        if self._notes:
            told = {
                text: {kind: sorted(values) for kind, values in vars(promise).items()}
                for text, promise in self._promises.items()
            }
            self._notes.write_text(json.dumps(told))


def document(promises: Mapping[str, Promise]) -> str:
    """The list as it is read."""
    lines = [
        f"| {text} | {', '.join(sorted(promise.places))} | {promise.result} "
        f"| {'<br>'.join(f'`{test}`' for test in sorted(promise.tests))} |"
        for text, promise in sorted(promises.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


def gathered(notes: Iterable[Path]) -> dict[str, Promise]:
    """The promises of several runs, from their notes."""
    found: dict[str, Promise] = defaultdict(Promise)
    for path in notes:
        for text, told in json.loads(path.read_text()).items():
            for kind, values in vars(found[text]).items():
                values.update(told[kind])
    return found


def place_of(item: pytest.Item) -> str:
    """Where a test ran: the suite of its lab host, or what its folder says."""
    suite = getattr(item, "callspec", None) and item.callspec.params.get("suite")
    if suite:
        return {"bookworm": "lab 252", "trixie": "lab 257"}[suite]
    folder = "/".join(item.nodeid.split("/")[:2])
    return PLACES.get(folder, "bare host")
