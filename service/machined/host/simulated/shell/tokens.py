"""What lines of the shell are made of: words, operators, redirections, quotes heeded (POSIX.1-2017, 2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPERATORS = re.compile(r"&&|\|\||>>|>&|[;&|<>()]")
_DESCRIPTOR = re.compile(r"([012])(?=[<>])|&(?=>)")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*|[?$#!0-9@*])\}|([A-Za-z_]\w*|[?$#!0-9@*]))", re.ASCII)
_PLAIN = re.compile(r"[^\s;&|<>()'\"\\$`#~]+")
_DEPTH = 20
"""Replacements of commands within each other."""


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
"""Pieces that stand together, without blanks between them."""


class Arrow(NamedTuple):
    """The operator of a redirection with its descriptor; -2 for both outputs (`&>`)."""

    descriptor: int
    operator: str


Token = str | Word | Arrow
"""An operator or a newline, a word, or the operator of a redirection."""


def unquoted(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """The letters of a text that no quote and no backslash takes the meaning from, and where each is.

    Args:
        text: The text.
        start: Where to begin, outside of quotes.
    """
    quote, at = "", start
    while at < len(text):
        letter = text[at]
        if letter == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            yield at, letter
        at += 1


class Lexer:
    """Cuts text into tokens.

    Args:
        text: A line, or several.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[Token]:
        """All tokens; a newline is one, comments and blanks are none.

        Raises:
            UnfinishedError: A quote or a parenthesis is open.
            ShellSyntaxError: There are too many parentheses.
        """
        found: list[Token] = []
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

    def _operator(self) -> Token | None:
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
            return Arrow(-2 if descriptor[0] == "&" else int(descriptor[0]), operator)
        return Arrow(0 if operator == "<" else 1, operator)

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
        depth = 1
        for at, letter in unquoted(self._text, start):
            if letter in "()":
                depth += 1 if letter == "(" else -1
                if depth > _DEPTH:
                    raise ShellSyntaxError("syntax error: too many parentheses")
                if not depth:
                    return at
        raise UnfinishedError("unexpected EOF while looking for matching `)'")
