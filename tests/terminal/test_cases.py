"""The table of cases, one by one, whole and cut after every byte."""

from __future__ import annotations

import pytest

from machinedeck.term import Terminal
from tests.terminal.cases import ALL
from tests.terminal.cases.case import Case, describe
from tests.terminal.screens import check, picture, text


def played(case: Case, size: int) -> tuple[Terminal, str]:
    """A terminal that was fed a case in pieces of a size, and what it answered."""
    answers: list[bytes] = []
    terminal = Terminal(*case.size, answer=answers.append, allows_resize=case.allows_resize)
    data = case.data.encode()
    for start in range(0, len(data), size):
        terminal.feed(data[start : start + size])
    return terminal, b"".join(answers).decode("latin-1")


@pytest.mark.parametrize("name", ALL)
def test_case(name: str) -> None:
    case = ALL[name]
    terminal, answers = played(case, len(case.data.encode()) or 1)
    screen = terminal.screen
    assert "|".join(text(terminal)) == case.rows
    assert (screen.cursor.x, screen.cursor.y) == case.cursor
    assert answers == case.answers
    assert {at: describe(terminal.cell(*at).style) for at in case.looks} == case.looks
    assert {field: getattr(terminal.modes, field) for field in case.modes} == case.modes
    assert {note: getattr(screen, note) for note in case.notes} == case.notes
    assert screen.cursor.is_pending == case.is_pending
    check(terminal)
    cut, cut_answers = played(case, 1)
    assert picture(cut) == picture(terminal)
    assert cut_answers == answers


def test_the_table_is_large_and_every_case_has_a_source() -> None:
    assert len(ALL) >= 500
    assert all(case.source for case in ALL.values())
    assert len({(case.data, case.size, case.allows_resize) for case in ALL.values()}) > 490
