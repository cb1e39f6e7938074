"""The language of the shell."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machined.host.simulated.shell.parsing import Step, parse
from machined.host.simulated.shell.tokens import ShellSyntaxError, UnfinishedError


def shape(steps: list[Step]) -> str:
    """Pipelines in one line: words joined by dots, quoted parts in quotes, variables with a dollar."""
    shown = []
    for step in steps:
        commands = []
        for command in step.commands:
            words = []
            for word in command.words:
                parts = []
                for part in word:
                    text = {"text": "", "variable": "$", "command": "$$"}[part.kind] + part.text
                    parts.append(f"'{text}'" if part.is_quoted else text)
                words.append("".join(parts))
            arrows = [f"{one.descriptor}{one.operator}{one.target[0].text}" for one in command.redirects]
            commands.append(".".join(words + arrows))
        shown.append(f"{step.joint}{'!' if step.is_negated else ''} {' | '.join(commands)}")
    return " ".join(shown)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ls -l /", "; ls.-l./"),
        ("  a;b ; c;", "; a ; b ; c"),
        ("a && b || c", "; a && b || c"),
        ("a | b|c", "; a | b | c"),
        ("a\nb\n\n", "; a ; b"),
        ("! a", ";! a"),
        ("echo 'a b' \"c $d e\" \\;", "; echo.'a b'.'''c ''$d'' e'.';'"),
        ("a >x 2>>y <z", "; a.1>x.2>>y.0<z"),
        ("a 2>&1", "; a.2>&1"),
        ("a &>x", "; a.1>x.2>&1"),
        ("a>x", "; a.1>x"),
        ("echo 2 > x", "; echo.2.1>x"),
        ("echo a#b # c", "; echo.a#b"),
        ("# only this", ""),
        ("", ""),
        ("echo ${HOME}x $? $1 $ a$", "; echo.$HOMEx.$?.$1.$.a$"),
        ("echo $(ls | wc) `id`", "; echo.$$ls | wc.$$id"),
        ('echo "$(echo ")")"', "; echo.'''$$echo \")\"'"),
        ("a \\\n b", "; a.b"),
        ("a |\n b", "; a | b"),
        ("a &&\n b", "; a && b"),
    ],
)
def test_lines(line: str, wanted: str) -> None:
    assert shape(parse(line)) == wanted


@pytest.mark.parametrize(
    "line", ["echo 'a", 'echo "a', "echo a\\", "a |", "a &&", "a ||\n", "echo $(ls", "echo `ls"]
)
def test_lines_that_go_on(line: str) -> None:
    with pytest.raises(UnfinishedError):
        parse(line)


@pytest.mark.parametrize(
    "line", ["| a", "a ;; b", "a >", "a > > b", "&& a", "a &", "(a)", "a )", ";", "a > | b"]
)
def test_lines_that_mean_nothing(line: str) -> None:
    with pytest.raises(ShellSyntaxError) as caught:
        parse(line)
    assert not isinstance(caught.value, UnfinishedError)


@given(st.text(st.sampled_from("ab '\"\\|&;<>()$`#{}\n!2~*"), max_size=30))
def test_any_line_is_read_or_refused(line: str) -> None:
    with contextlib.suppress(ShellSyntaxError):
        for step in parse(line):
            assert step.commands
            assert all(word for command in step.commands for word in command.words)
