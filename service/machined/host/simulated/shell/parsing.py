"""The language of the shell: lines become lists of pipelines (POSIX.1-2017, "Shell Command Language")."""

from __future__ import annotations

import re
from typing import NamedTuple


class ShellSyntaxError(Exception):
    """A line that means nothing; its text says where."""


class UnfinishedError(ShellSyntaxError):
    """A line that would mean something if more followed."""


class Part(NamedTuple):
    """A piece of a word."""

    kind: str
    """`text`, `variable` or `command` (to be replaced by its output)."""
    text: str
    is_quoted: bool


Word = tuple[Part, ...]


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


_OPERATORS = re.compile(r"&&|\|\||>>|>&|[;&|<>()]")
_DESCRIPTOR = re.compile(r"([012])(?=[<>])|&(?=>)")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*|[?$#!0-9@*])\}|([A-Za-z_]\w*|[?$#!0-9@*]))", re.ASCII)
_PLAIN = re.compile(r"[^\s;&|<>()'\"\\$`#~]+")
_DEPTH = 20
"""Replacements of commands within each other."""


class _Arrow(NamedTuple):
    """The operator of a redirection with its descriptor; -2 for both outputs (`&>`)."""

    descriptor: int
    operator: str


_Token = str | Word | _Arrow


def parse(text: str) -> list[Step]:
    """The pipelines of a line, or of several.

    Raises:
        UnfinishedError: A quote is open, or an operator waits for what follows it.
        ShellSyntaxError: It cannot be read.
    """
    tokens = _Lexer(text).tokens()
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


def _pipeline(tokens: list[_Token], at: int, joint: str) -> tuple[int, Step]:
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


def _command(tokens: list[_Token], at: int) -> tuple[int, Command]:
    """Read words and redirections."""
    words: list[Word] = []
    redirects: list[Redirect] = []
    while at < len(tokens):
        token = tokens[at]
        if isinstance(token, str):
            break
        if isinstance(token, _Arrow):
            target = tokens[at + 1] if at + 1 < len(tokens) else "\n"
            if isinstance(target, str | _Arrow):
                raise _unexpected(target)
            redirects += _redirects(token, target)
            at += 1
        else:
            words.append(token)
        at += 1
    if not words and not redirects:
        raise _unexpected(tokens[at] if at < len(tokens) else "\n")
    return at, Command(tuple(words), tuple(redirects))


def _redirects(arrow: _Arrow, target: Word) -> list[Redirect]:
    """What a redirection means."""
    if arrow.descriptor == -2:
        both = (Part("text", "1", True),)
        return [Redirect(1, arrow.operator, target), Redirect(2, ">&", both)]
    return [Redirect(arrow.descriptor, arrow.operator, target)]


def _unexpected(token: _Token) -> ShellSyntaxError:
    """The error for a token that cannot stand where it does."""
    shown = token.operator if isinstance(token, _Arrow) else token
    return ShellSyntaxError(
        f"syntax error near unexpected token `{'newline' if shown == chr(10) else shown}'"
    )


class _Lexer:
    """Cuts text into tokens."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[_Token]:
        """All tokens; a newline is one, comments and blanks are none."""
        found: list[_Token] = []
        text = self._text
        while self._at < len(text):
            letter = text[self._at]
            if letter == "\n":
                found.append("\n")
                self._at += 1
            elif letter.isspace():
                self._at += 1
            elif letter == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            elif token := self._operator():
                found.append(token)
            elif word := self._word():
                found.append(tuple(word))
        return found

    def _operator(self) -> _Token | None:
        """Take an operator, with the descriptor before it."""
        text = self._text
        descriptor = _DESCRIPTOR.match(text, self._at)
        start = descriptor.end() if descriptor else self._at
        match = _OPERATORS.match(text, start)
        if match is None:
            return None
        self._at = match.end()
        operator = match[0]
        if operator[0] not in "<>":
            return operator
        if descriptor:
            return _Arrow(-2 if descriptor[0] == "&" else int(descriptor[0]), operator)
        return _Arrow(0 if operator == "<" else 1, operator)

    def _word(self) -> list[Part]:
        """Take a word."""
        parts: list[Part] = []
        text = self._text
        while self._at < len(text):
            letter = text[self._at]
            if letter.isspace() or letter in ";&|<>()":
                break
            if letter == "'":
                parts.append(Part("text", self._single(), True))
            elif letter == '"':
                parts += self._double()
            elif letter == "\\":
                parts += self._backslash()
            elif letter in "$`":
                parts.append(self._dollar(is_quoted=False))
            else:
                match = _PLAIN.match(text, self._at)
                parts.append(Part("text", match[0] if match else letter, False))
                self._at += len(parts[-1].text)
        return parts

    def _single(self) -> str:
        """Take what is between single quotes."""
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise UnfinishedError("unexpected EOF while looking for matching `''")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return inner

    def _backslash(self) -> list[Part]:
        """Take a backslash and what it quotes; with a newline it is nothing at all."""
        if self._at + 1 == len(self._text):
            raise UnfinishedError("unexpected EOF after a backslash")
        letter = self._text[self._at + 1]
        self._at += 2
        return [] if letter == "\n" else [Part("text", letter, True)]

    def _double(self) -> list[Part]:
        """Take what is between double quotes."""
        parts = [Part("text", "", True)]
        self._at += 1
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter == '"':
                self._at += 1
                return parts
            if letter in "$`":
                parts.append(self._dollar(is_quoted=True))
            elif letter == "\\" and self._text[self._at + 1 : self._at + 2] in {"$", "`", '"', "\\"}:
                parts.append(Part("text", self._text[self._at + 1], True))
                self._at += 2
            else:
                match = re.compile(r'[^"$`\\]+').match(self._text, self._at)
                parts.append(Part("text", match[0] if match else letter, True))
                self._at += len(parts[-1].text)
        raise UnfinishedError("unexpected EOF while looking for matching `\"'")

    def _dollar(self, *, is_quoted: bool) -> Part:
        """Take a variable or a command whose output is meant; a dollar that means neither is text."""
        text = self._text
        if match := _VARIABLE.match(text, self._at):
            self._at = match.end()
            return Part("variable", match[1] or match[2], is_quoted)
        if text.startswith("$(", self._at):
            end = self._closing(self._at + 2)
            inner = text[self._at + 2 : end]
            self._at = end + 1
            return Part("command", inner, is_quoted)
        if text[self._at] == "`":
            end = text.find("`", self._at + 1)
            if end < 0:
                raise UnfinishedError("unexpected EOF while looking for matching ``'")
            inner = text[self._at + 1 : end]
            self._at = end + 1
            return Part("command", inner, is_quoted)
        self._at += 1
        return Part("text", "$", is_quoted)

    def _closing(self, start: int) -> int:
        """Where the parenthesis that was opened before `start` is closed, quotes heeded."""
        depth, quote, at = 1, "", start
        while at < len(self._text):
            letter = self._text[at]
            if letter == "\\" and quote != "'":
                at += 1
            elif quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            elif letter in "()":
                depth += 1 if letter == "(" else -1
                if depth > _DEPTH:
                    raise ShellSyntaxError("syntax error: too many parentheses")
                if not depth:
                    return at
            at += 1
        raise UnfinishedError("unexpected EOF while looking for matching `)'")
