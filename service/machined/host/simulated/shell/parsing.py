"""The grammar of the shell: tokens become lists of pipelines (POSIX.1-2017, "Shell Command Language")."""

from __future__ import annotations

from typing import NamedTuple

from machined.host.simulated.shell.tokens import (
    Arrow,
    Lexer,
    Part,
    ShellSyntaxError,
    Token,
    UnfinishedError,
    Word,
)


class Redirect(NamedTuple):
    """Where a descriptor of a command leads."""

    descriptor: int
    operator: str
    """`<`, `>`, `>>` or `>&`."""
    target: Word


class Command(NamedTuple):
    """A program with its arguments."""

    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class Step(NamedTuple):
    """A pipeline and what joins it to the one before."""

    joint: str
    """`;` (always), `&&` (after success), `||` (after failure)."""
    is_negated: bool
    commands: tuple[Command, ...]


def parse(text: str) -> list[Step]:
    """The pipelines of a line, or of several.

    Raises:
        UnfinishedError: A quote is open, or an operator waits for what follows it.
        ShellSyntaxError: It cannot be read.
    """
    tokens = Lexer(text).tokens()
    steps: list[Step] = []
    joint = ";"
    at = 0
    while at < len(tokens):
        if tokens[at] == "\n":
            at += 1
            continue
        at, step = _pipeline(tokens, at, joint)
        steps.append(step)
        if at == len(tokens):
            break
        joint = str(tokens[at])
        if joint not in {";", "\n", "&&", "||"}:
            raise _unexpected(tokens[at])
        at += 1
        if joint in {"&&", "||"}:
            if all(one == "\n" for one in tokens[at:]):
                raise UnfinishedError("syntax error: unexpected end of file")
        else:
            joint = ";"
    return steps


def _pipeline(tokens: list[Token], at: int, joint: str) -> tuple[int, Step]:
    """Read commands joined by `|`."""
    is_negated = False
    while at < len(tokens) and tokens[at] == (Part("text", "!", False),):
        is_negated = not is_negated
        at += 1
    commands: list[Command] = []
    while True:
        at, command = _command(tokens, at)
        commands.append(command)
        if at == len(tokens) or tokens[at] != "|":
            return at, Step(joint, is_negated, tuple(commands))
        at += 1
        while at < len(tokens) and tokens[at] == "\n":
            at += 1
        if at == len(tokens):
            raise UnfinishedError("syntax error: unexpected end of file")


def _command(tokens: list[Token], at: int) -> tuple[int, Command]:
    """Read words and redirections."""
    words: list[Word] = []
    redirects: list[Redirect] = []
    while at < len(tokens):
        token = tokens[at]
        if isinstance(token, str):
            break
        if isinstance(token, Arrow):
            target = tokens[at + 1] if at + 1 < len(tokens) else "\n"
            if isinstance(target, str | Arrow):
                raise _unexpected(target)
            redirects += _redirects(token, target)
            at += 1
        else:
            words.append(token)
        at += 1
    if not words and not redirects:
        raise _unexpected(tokens[at] if at < len(tokens) else "\n")
    return at, Command(tuple(words), tuple(redirects))


def _redirects(arrow: Arrow, target: Word) -> list[Redirect]:
    """What a redirection means."""
    if arrow.descriptor == -2:
        both = (Part("text", "1", True),)
        return [Redirect(1, arrow.operator, target), Redirect(2, ">&", both)]
    return [Redirect(arrow.descriptor, arrow.operator, target)]


def _unexpected(token: Token) -> ShellSyntaxError:
    """The error for a token that cannot stand where it does."""
    shown = token.operator if isinstance(token, Arrow) else token
    return ShellSyntaxError(
        f"syntax error near unexpected token `{'newline' if shown == chr(10) else shown}'"
    )
