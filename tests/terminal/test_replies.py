"""What queries are answered with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from machinedeck.term import Terminal
from tests.terminal.screens import text
from tests.terminal.test_fuzz import streams

PRIMARY = "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c"
SECONDARY = "\x1b[>41;390;0c"

CASES = {
    "\x1b[c": PRIMARY,
    "\x1b[0c": PRIMARY,
    "\x1bZ": PRIMARY,
    "\x1b[1c": "",
    "\x1b[>c": SECONDARY,
    "\x1b[>0c": SECONDARY,
    "\x1b[=c": "\x1bP!|00000000\x1b\\",
    "\x1b[5n": "\x1b[0n",
    "\x1b[6n": "\x1b[1;1R",
    "\x1b[3;4H\x1b[6n": "\x1b[3;4R",
    "\x1b[3;4H\x1b[?6n": "\x1b[?3;4;1R",
    "\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[6n": "\x1b[2;2R",
    "\x1b[7n": "",
    "\x1b[?15n": "\x1b[?13n",
    "\x1b[?4h\x1b[?99n": "",
    "\x1b[4$p": "\x1b[4;2$y",
    "\x1b[4h\x1b[4$p": "\x1b[4;1$y",
    "\x1b[99$p": "\x1b[99;0$y",
    "\x1b[?7$p": "\x1b[?7;1$y",
    "\x1b[?2026$p": "\x1b[?2026;2$y",
    "\x1b[?2026h\x1b[?2026$p": "\x1b[?2026;1$y",
    "\x1b[?1049h\x1b[?1049$p": "\x1b[?1049;1$y",
    "\x1b[?1002h\x1b[?1002$p\x1b[?1000$p": "\x1b[?1002;1$y\x1b[?1000;2$y",
    "\x1b[?1006h\x1b[?1006$p\x1b[?1005$p": "\x1b[?1006;1$y\x1b[?1005;2$y",
    "\x1b[?31337$p": "\x1b[?31337;0$y",
    "\x1b[>q": "\x1bP>|machinedeck\x1b\\",
    "\x1b[>0q": "\x1bP>|machinedeck\x1b\\",
    "\x1bP$qm\x1b\\": "\x1bP1$r0m\x1b\\",
    "\x1b[1;4:3;31;48:5:200;58;2;1;2;3m\x1bP$qm\x1b\\": "\x1bP1$r0;1;4:3;31;48:5:200;58:2::1:2:3m\x1b\\",
    "\x1b[2;4r\x1bP$qr\x1b\\": "\x1bP1$r2;4r\x1b\\",
    "\x1b[4 q\x1bP$q q\x1b\\": "\x1bP1$r4 q\x1b\\",
    '\x1bP$q"p\x1b\\': '\x1bP1$r64;1"p\x1b\\',
    "\x1bP$qzzz\x1b\\": "\x1bP0$r\x1b\\",
    "\x1bP+q544E\x1b\\": "\x1bP1+r544E=787465726D2D323536636F6C6F72\x1b\\",
    "\x1bP+q436f;6b7a\x1b\\": "\x1bP1+r436F=323536\x1b\\\x1bP0+r\x1b\\",
    "\x1bP+qxyz\x1b\\": "\x1bP0+r\x1b\\",
    "\x1bPwhatever\x1b\\": "",
    "\x1b]10;?\x1b\\": "\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\",
    "\x1b]11;?\x07": "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]10;?;?\x07": "\x1b]10;rgb:e5e5/e5e5/e5e5\x07\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]11;red\x07": "",
    "\x1b]4;1;?\x1b\\": "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    "\x1b]4;16;?;255;?;231;?\x07": (
        "\x1b]4;16;rgb:0000/0000/0000\x07\x1b]4;255;rgb:eeee/eeee/eeee\x07\x1b]4;231;rgb:ffff/ffff/ffff\x07"
    ),
    "\x1b]4;261;?;x;?;٣;?;;?\x07": "",
    "\x1b[18t": "\x1b[8;5;20t",
    "\x1b[19t": "\x1b[9;5;20t",
    "\x1b[14t": "\x1b[4;100;200t",
    "\x1b]2;rm -rf /\x07\x1b[21t\x1b[20t": "",
}


def answers(data: str | bytes) -> bytes:
    """All that a terminal answers."""
    found: list[bytes] = []
    Terminal(20, 5, answer=found.append).feed(data.encode() if isinstance(data, str) else data)
    return b"".join(found)


@pytest.mark.parametrize("query", CASES)
def test_answer_comes_and_nothing_of_the_query_is_printed(query: str) -> None:
    assert answers(query) == CASES[query].encode()
    terminal = Terminal(20, 5)
    terminal.feed(query.encode())
    assert text(terminal) == []


OURS = re.compile(
    rb"((\x1b\[|\x9b)(\?64;1;2;6;9;15;16;17;18;21;22;28c|>41;390;0c|0n|\?\d+;\d+;1R|\??\d+;\d+R|\?\d+(;[01])*n"
    rb"|\??\d+;[01234]\$y|[1-9];?[\d;]*t|\?[01]u|>[0-5];[02]m|\?\d+;[123]S|\d+;\d+;1;1;1\"w|0000\*\{|[\d;:]+m|\d+;\d+#Q)"
    rb"|(\x1bP|\x90)(!\|00000000|>\|machinedeck|1\$r[\d;:]*(m|r|s|t| q|\"p|\"q|\$\||\*\||\*x|\$\}|\$~)|0\$r"
    rb"|\d+!~[0-9A-F]{4}|1\$u[-\d;@-O0AB<>%C5Rf4Q9KYE6`ZH7=]*|2\$u[\d/]*"
    rb"|1\+r(544E|436F|636F6C6F7273|524742)=[0-9A-F]+|0\+r)(\x1b\\|\x9c)"
    rb"|\x1b/Z|(\x1b\]|\x9d)([45];\d+|1\d);rgb:[0-9a-f/]{14}(\x07|\x1b\\|\x9c))*"
)


@settings(max_examples=300, deadline=None)
@given(data=streams)
def test_answers_are_made_of_our_own_words_alone(data: bytes) -> None:
    assert OURS.fullmatch(answers(data))


def test_an_error_of_the_receiver_costs_no_text() -> None:
    def fail(answer: bytes) -> None:
        raise BufferError(answer)

    terminal = Terminal(20, 5, answer=fail)
    with pytest.raises(BufferError):
        terminal.feed(b"a\x1b[cb")
    assert text(terminal) == ["ab"]
    terminal.feed(b"c")
    assert text(terminal) == ["abc"]


def test_without_a_receiver_queries_are_swallowed() -> None:
    terminal = Terminal(20, 5)
    terminal.feed(b"a\x1b[cb")
    assert text(terminal) == ["ab"]


def test_how_checksums_are_made_can_be_chosen_for_good() -> None:
    found: list[bytes] = []
    terminal = Terminal(20, 5, answer=found.append)
    terminal.screen.checksum_extension = 1
    terminal.feed(b"\x1bcA\x1b[!p\x1b[1;1;1;1;1;1*y")
    assert found == [b"\x1bP1!~0041\x1b\\"]
