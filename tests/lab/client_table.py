"""What clients print, as a page: `python -m tests.lab.client_table FILE` plays them anew on real hosts."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab.printing import Printed
from tests.lab.roots import SUITES
from tests.lab.test_service_clients import KNOWN, both_printed

HEAD = """# What real clients print

The distribution's own clients, unchanged, on hosts booted with systemd 252 and 257: first with
systemd-machined there, then with our service in its place (`--strict`). Whatever differs from run to run
stands as a word: PID, TIME, ID, V4. A test holds the two to each other; `just clients` writes this page.
"""

COLUMNS = "| client | printed by systemd-machined | by ours |\n| --- | --- | --- |\n"


def page() -> str:
    """The page, of plays made now."""
    parts = [HEAD]
    for suite, version in SUITES.items():
        real, ours = both_printed(suite)
        parts.append(f"\n## systemd {version}\n\n{COLUMNS}")
        parts += [_row(title, real[title], ours[title], KNOWN[suite].get(title, "")) for title in real]
    return "".join(parts)


def _row(title: str, real: Printed, ours: Printed, reason: str) -> str:
    same = "the same" if real == ours else f"{_cell(ours)}: {reason}"
    return f"| {_code(title)} | {_cell(real)} | {same} |\n"


def _cell(printed: Printed) -> str:
    said = "<br>".join(_code(line) for line in f"{printed.out}\n{printed.err}".splitlines() if line.strip())
    code = f"exit {printed.code}" if printed.code else ""
    return " ".join(part for part in (said, code) if part) or "nothing"


def _code(text: str) -> str:
    quiet = " ".join(text.split()).replace("|", "\\|")
    return f"`` {quiet} ``" if "`" in quiet else f"`{quiet}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
