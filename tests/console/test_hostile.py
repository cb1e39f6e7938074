"""What a machine writes, compared with what the program writes to the operator's terminal."""

from __future__ import annotations

import asyncio
import base64
import os
import pty
import re
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from machined.wire import Call
from tests.support.daemon import private_daemon
from tests.support.machine1 import Machine1, Reply
from tests.support.pty_program import PtyProgram

HOSTILE = [
    b"\x1b]0;pwned\x07",
    b"\x1b]2;a\x1b[31mb\x07",
    b"\x1b]2;\xc2\x9b31m\xe2\x80\xaeesrever\x1b\\",
    b"\x1b]1;icon\x07",
    b"\x1b]52;c;" + base64.b64encode(b"rm -rf /\n") + b"\x07",
    b"\x1b]52;c;?\x07",
    b"\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]8;;http://a/\x07link\x1b]8;;\x07",
    b"\x1b]4;1;#ff0000\x07\x1b]10;#123456\x07\x1b]11;?\x07\x1b]104\x07",
    b"\x1b]9;notify\x07\x1b]777;notify;a;b\x07\x1b]1337;File=inline=1:AAAA\x07\x1b]99;;x\x1b\\",
    b"\x1b]50;font\x07\x1b]3008;start=x;user=\\x1b]0\x1b\\",
    b"\x1bPq#0;2;0;0;0#0~~\x1b\\\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b_Gf=24;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    b"\x1bPtmux;\x1b\x1b]52;c;AAAA\x07\x1b\\",
    b"\x1bc\x1b[!p\x1b#8\x1b[2J\x1b[3J",
    b"\x1b[8;10;10t\x1b[3;0;0t\x1b[2t\x1b[21t\x1b[22t\x1b[14t",
    b"\x1b[5i\x1b[4i\x1b[?5i\x1b[c\x1b[>c\x1b[=c\x1b[6n\x1b[?6n\x1b[5n\x1b[x\x1b[>q",
    b"\x1b[?1049l\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?2004l\x1b[?25l\x1b[?1004h",
    b"\x1b[>1u\x1b[>4;2m\x1b[=1;1u\x1b[?2026h\x1b[?2026l\x1b[?2048h",
    b"\x1b[5 q\x1b]12;red\x07\x1b(0lqk\x1b(B\x0e\x0f\x1b%@\x1b%G",
    b"\x9b31m\x9d0;title\x9c\x90q\x9c\xc2\x9b31m\xc2\x9d0;t\xc2\x9c",
    b"\xe2\x80\xaereversed\xe2\x80\xac \xe2\x81\xa6isolated\xe2\x81\xa9",
    b"\xe2\x80\x8fmark\xef\xbb\xbf \xe2\x80\xa8",
    b"\x00\x01\x02\x04\x05\x06\x10\x11\x12\x13\x14\x15\x16\x17\x19\x1c\x1d\x1e\x1f\x7f",
    b"\x1b]0;" + b"x" * 100_000,
    b"\x1b\\\x1b[" + b"9;" * 20_000 + b"m",
    b"\x1b[999999999b\x1b[999999999@\x1b[999999999L",
]

SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^X](?:[^\x07\x1b]|\x1b[^\\])*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]|[\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
UNFINISHED = re.compile(r"\x1b\[?[0-?]*[ -/]*\Z")
"""The beginning of a sequence whose end is not read yet."""
UNSEEN = re.compile("[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


class Inn(Machine1):
    """A service whose machines give out a terminal that the test writes to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.far = -1

    def on_openmachineshell(self, call: Call) -> Reply:
        """A shell that is nobody's."""
        master, self.far = pty.openpty()
        tty.setraw(self.far)
        os.set_blocking(self.far, False)
        return "hs", [master, "/dev/pts/99"]  # the connection closes what it has sent

    def close(self) -> None:
        """Let go of what was given out."""
        if self.far >= 0:
            os.close(self.far)


def kinds(output: bytes) -> set[str]:
    """Which sequences and controls are in an output, without their numbers."""
    text = UNFINISHED.sub("", output.decode("utf-8", "replace"))
    return {re.sub(r"[\d;:]+", "", one) for one in SEQUENCE.findall(text)}


@pytest.mark.promise("No byte of a machine reaches the operator's terminal as it is", where="bare host")
async def test_no_byte_of_a_machine_reaches_the_terminal(tmp_path: Path) -> None:
    with private_daemon(tmp_path) as address:
        inn = Inn()
        connection = await inn.serve(address)
        try:
            with PtyProgram([sys.executable, "-m", "machinedeck", "--bus", address]) as program:
                await shown(program, lambda: "10.0.0.0" in program.screen)
                program.send(b"\r")
                await shown(program, lambda: "F12 leave" in program.screen and inn.far >= 0)
                # Everything that the program itself says, scrolling and looks of text included
                await write(
                    program, inn.far, b"\x1b[1;4;31;48;5;20mcolours\x1b[0m \xe6\x97\xa5\r\n" * 50 + b"calm"
                )
                await shown(program, lambda: "calm" in program.screen)
                before = kinds(program.output)
                count = len(program.output)
                for number, one in enumerate(HOSTILE):
                    await write(program, inn.far, one + b"\x18\x1b\\\x1b[0m\r\nround %d." % number)
                    await shown(program, lambda number=number: f"round {number}." in program.screen)
                    program.send(b"\x1b[24~")  # out and back: all is drawn anew
                    await shown(program, lambda: "F12 back" in program.screen)
                    program.send(b"\x1b[24~")
                    await shown(program, lambda: "F12 leave" in program.screen)
                output = program.output[count:]
                assert kinds(output) - before <= {"\x07"}, "a bell of our own is all that is new"
                assert not UNSEEN.search(output.decode("utf-8", "replace"))
                assert b"javascript" not in output
                assert program.terminal.title == ""
        finally:
            await connection.close()
            inn.close()


async def write(program: PtyProgram, fd: int, data: bytes) -> None:
    """Write as a program does whose terminal may be full."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            program.read(0.01)
            await asyncio.sleep(0)


async def shown(program: PtyProgram, is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Read until something is so; the service in this process goes on answering."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not in {seconds} s; the screen:\n{program.screen}"
        program.read(0.01)
        await asyncio.sleep(0)
