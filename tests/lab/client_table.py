"""What clients print, as a page: `python -m tests.lab.client_table DOCS` plays them anew on real hosts.

It writes DOCS/clients.md, and the summary of it that stands in DOCS/differences.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.lab import test_service_clients as machines
from tests.lab import test_service_images as images
from tests.lab.client_summary import COLUMNS, SAME, placed, summary
from tests.lab.printing import Printed, Prints
from tests.lab.roots import SUITES

HEAD = """# What real clients print

The distribution's own clients, unchanged, on hosts booted with systemd 252 and 257: with systemd-machined
there, and with our service in its place (`--strict`). Images are played on btrfs and on ext4.
Whatever differs from run to run stands as a word: PID, TIME, ID, V4. A test holds the two to each other;
`just clients` writes this page, and the summary of it in [differences.md](differences.md).
"""


def page() -> str:
    """The page, of plays made now."""
    parts = [HEAD]
    for suite, version in SUITES.items():
        parts.append(f"\n## systemd {version}: machines\n\n{COLUMNS}")
        parts += _rows(*machines.both_printed(suite), machines.KNOWN[suite])
        for kind in images.POOLS:
            parts.append(f"\n## systemd {version}: images on {kind}\n\n{COLUMNS}")
            parts += _rows(*images.both_printed(suite, kind), images.KNOWN[suite, kind])
    return "".join(parts)


def _rows(real: Prints, ours: Prints, reasons: Mapping[str, str]) -> Iterator[str]:
    for title, one in real.items():
        same = SAME if one == ours[title] else f"{_cell(ours[title])}: {reasons.get(title, '')}"
        yield f"| {one.client} | {_code(title)} | {_cell(one)} | {same} |\n"


def _cell(printed: Printed) -> str:
    said = "<br>".join(_code(line) for line in f"{printed.out}\n{printed.err}".splitlines() if line.strip())
    code = f"exit {printed.code}" if printed.code else ""
    return " ".join(part for part in (said, code) if part) or "nothing"


def _code(text: str) -> str:
    quiet = " ".join(text.split()).replace("|", "\\|")
    return f"`` {quiet} ``" if "`" in quiet else f"`{quiet}`"


if __name__ == "__main__":
    docs = Path(sys.argv[1])
    written = page()
    (docs / "clients.md").write_text(written)
    differences = docs / "differences.md"
    differences.write_text(placed(differences.read_text(), summary(written)))
