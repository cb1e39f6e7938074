"""The summary of what clients print is that of the page that has all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.client_summary import COLUMNS, placed, rows, summary

DOCS = Path(__file__).parents[2] / "docs"
PAGE = f"""# What real clients print

## systemd 252: machines

{COLUMNS}| machinectl list | `list a\\|b` | `a`<br>`b` exit 1 | the same |
| machinectl show | `show a` | `Id=1` | `Id=1`<br>`More=2`: the reason: ours |

## systemd 257: images on ext4

{COLUMNS}| machinectl list | `list a` | nothing | the same |
"""


def test_rows_are_found_with_all_that_they_say() -> None:
    found = rows(PAGE)
    assert [(row.version, row.part, row.client) for row in found] == [
        ("252", "machines", "machinectl list"),
        ("252", "machines", "machinectl show"),
        ("257", "images on ext4", "machinectl list"),
    ]
    assert found[0].asked == r"`list a\|b`"
    assert found[0].real == "`a`<br>`b` exit 1"


def test_what_differs_is_told_without_what_does_not() -> None:
    said = summary(PAGE)
    assert "| machinectl list | 1, all the same | 1, all the same |" in said
    assert "| machinectl show | 1, 0 the same | - |" in said
    assert "| 252, machines | `show a` | no more | `More=2`: the reason: ours |" in said


def test_it_takes_the_place_of_the_last_one() -> None:
    document = "# A\n\n## What real clients print\n\nold\n\n## Next\n\nthat\n"
    new = placed(document, "\nnew\n")
    assert new == "# A\n\n## What real clients print\n\nnew\n\n## Next\n\nthat\n"
    assert placed(new, "\nnew\n") == new
    with pytest.raises(ValueError, match="there is no"):
        placed("# A\n", "new")


def test_the_documents_belong_together() -> None:
    page, differences = ((DOCS / name).read_text() for name in ("clients.md", "differences.md"))
    assert len(rows(page)) > 400
    assert placed(differences, summary(page)) == differences
