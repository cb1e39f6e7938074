"""What the shell itself does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.files import PASS, READ, WRITE
from machined.host.simulated.shell.layout import printable
from machined.host.simulated.shell.state import ExitShell, Streams
from machined.host.simulated.shell.streams import BytesSource

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
    "\\": "\\",
}

_FILE_TESTS = {"-e", "-f", "-d", "-s", "-r", "-w", "-x", "-L", "-h"}
_NUMBER_TESTS = {"-eq": {0}, "-ne": {-1, 1}, "-lt": {-1}, "-le": {-1, 0}, "-gt": {1}, "-ge": {0, 1}}
"""Comparisons with the signs of the difference that they accept."""


async def cd(call: Call) -> int:
    """Go to a folder: home without one, back with `-`."""
    if len(call.arguments) > 1:
        return await call.complain("too many arguments")
    wanted = (call.arguments or [call.shell.variables.get("HOME", "/")])[0]
    target = call.shell.variables.get("OLDPWD", ".") if wanted == "-" else wanted
    try:
        call.shell.enter(target or ".")
    except OSError as error:
        return await call.complain(f"{printable(wanted)}: {error.strerror}")
    if wanted == "-":
        await call.print(printable(call.shell.folder))
    return 0


async def pwd(call: Call) -> int:
    """Tell the working folder."""
    await call.print(printable(call.shell.folder))
    return 0


async def echo(call: Call) -> int:
    """Write the arguments."""
    words = list(call.arguments)
    flags = ""
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags += words.pop(0)[1:]
    text, is_cut = unescape(" ".join(words)) if "e" in flags else (" ".join(words), False)
    await call.write(text.encode("utf-8", "replace") + (b"" if "n" in flags or is_cut else b"\n"))
    return 0


def unescape(text: str) -> tuple[str, bool]:
    """A text with its escapes replaced, and whether a `c` among them cut it short (echo(1))."""
    head, is_cut, _ = re.sub(r"\\\\", "\\\\\x00", text).partition("\\c")
    pattern = r"\\(?:0([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([0-7]{3})|(\x00|[ntrabefv]))"

    def value(match: re.Match[str]) -> str:
        octal = match[1] or match[4]
        if octal or match[2] or match[3]:
            number = int(octal, 8) & 0xFF if octal else int(match[2] or match[3], 16)
            return chr(number) if not 0xD800 <= number < 0xE000 else "\ufffd"
        return "\\" if match[5] == "\x00" else _ESCAPES[match[5]]

    return re.sub(pattern, value, head).replace("\x00", ""), bool(is_cut)


async def printf(call: Call) -> int:
    """Write arguments in a form."""
    if not call.arguments:
        raise UsageError("usage: printf FORMAT [ARGUMENT]...")
    form, *rest = call.arguments
    output = ""
    for _ in range(len(rest) + 1):
        text, used = _formatted(form, rest)
        output += text
        rest = rest[used:]
        if not rest or not used or len(output) > 1_000_000:
            break
    await call.write(output.encode("utf-8", "replace"))
    return 0


def _formatted(form: str, arguments: list[str]) -> tuple[str, int]:
    """A form with arguments put in, and how many were used."""
    used = 0

    def value(match: re.Match[str]) -> str:
        nonlocal used
        if match[0] == "%%":
            return "%"
        argument = arguments[used] if used < len(arguments) else ""
        used += 1
        flags = match[1] if len(match[1]) < 5 else ""
        if match[2] in "di":
            number = int(argument[:18]) if re.fullmatch(r"[+-]?\d+", argument[:18]) else 0
            return f"%{flags}d" % number
        if match[2] == "x":
            return f"%{flags}x" % (int(argument[:18]) if argument[:18].isdecimal() else 0)
        return f"%{flags.lstrip('0')}s" % (unescape(argument)[0] if match[2] == "b" else argument)

    return re.sub(r"%%|%(-?\d*)([sdibx])", value, unescape(form)[0]), used


async def export(call: Call) -> int:
    """Let programs see variables."""
    operands = call.options("pn").operands
    if not operands:
        lines = [
            f"declare -x {name}={shlex.quote(value)}" for name, value in call.shell.environment().items()
        ]
        await call.print(*lines)
        return 0
    status = 0
    for operand in operands:
        name, has_value, value = operand.partition("=")
        if not _NAME.fullmatch(name):
            status = await call.complain(f"`{printable(operand)}': not a valid identifier")
            continue
        if has_value:
            call.shell.variables[name] = value
        call.shell.exported.add(name)
    return status


async def unset(call: Call) -> int:
    """Forget variables."""
    for name in call.options("v").operands:
        call.shell.variables.pop(name, None)
        call.shell.exported.discard(name)
    return 0


async def history(call: Call) -> int:
    """Show the lines of before, or forget them with `-c`."""
    if "c" in call.options("c").flags:
        call.shell.history.clear()
        return 0
    await call.print(*[f"{number:>5}  {line}" for number, line in enumerate(call.shell.history, 1)])
    return 0


async def leave(call: Call) -> int:
    """End the shell."""
    text = (call.arguments or [str(call.shell.status)])[0]
    raise ExitShell(int(text) & 0xFF if re.fullmatch(r"-?\d{1,9}", text) else 2)


async def true(_call: Call) -> int:
    """Succeed."""
    return 0


async def false(_call: Call) -> int:
    """Fail."""
    return 1


async def test(call: Call) -> int:
    """Tell by the status whether something is so."""
    words = list(call.arguments)
    if call.name == "[" and (not words or words.pop() != "]"):
        raise UsageError("missing `]'")
    is_negated = False
    while len(words) > 1 and words[0] == "!":
        is_negated = not is_negated
        words.pop(0)
    return int(_is_so(call, words) is is_negated)


def _is_so(call: Call, words: list[str]) -> bool:
    """Whether a condition holds (test(1)).

    Raises:
        UsageError: It is none.
    """
    texts: dict[str, Callable[[str], bool]] = {"-z": lambda text: not text, "-n": bool}
    match words:
        case [] | [_]:
            return any(words)
        case [operator, operand] if operator in texts:
            return texts[operator](operand)
        case [operator, name] if operator in _FILE_TESTS:
            return _is_file(call, operator, name)
        case [left, "=" | "==" | "!=" as operator, right]:
            return (left == right) is (operator != "!=")
        case [left, operator, right] if operator in _NUMBER_TESTS:
            return _compares(left, operator, right)
    raise UsageError("too many arguments" if len(words) > 3 else "unknown condition")


def _is_file(call: Call, operator: str, name: str) -> bool:
    """Whether a file is there and as it should be."""
    files = call.shell.files
    try:
        node = files.node(call.shell.path(name), follows=operator not in {"-L", "-h"})
    except OSError:
        return False
    is_runnable = node.is_folder or bool(node.mode & 0o111)
    answers = {
        "-e": True,
        "-f": not node.is_folder,
        "-d": node.is_folder,
        "-s": node.is_folder or node.size() > 0,
        "-L": node.is_link,
        "-h": node.is_link,
        "-r": files.may(node, READ),
        "-w": files.may(node, WRITE),
        "-x": files.may(node, PASS) and is_runnable,
    }
    return answers[operator]


def _compares(left: str, operator: str, right: str) -> bool:
    for text in (left, right):
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise UsageError(f"{text}: integer expression expected")
    order = (int(left) > int(right)) - (int(left) < int(right))
    return order in _NUMBER_TESTS[operator]


async def shell(call: Call) -> int:
    """Run commands: of `-c`, of a file, or of the input."""
    inner = call.shell.child()
    inner.process = call.process
    arguments = list(call.arguments)
    while arguments and re.fullmatch(r"-[eilux]+", arguments[0]):
        arguments.pop(0)
    text = ""
    streams: Streams = call.streams
    if arguments and re.fullmatch(r"-[eilux]*c", arguments[0]):
        if len(arguments) < 2:
            raise UsageError("-c: option requires an argument")
        text = arguments[1]
        inner.positional = arguments[2:] or [call.name]
    elif arguments:
        text = call.shell.files.read(call.shell.path(arguments[0])).decode("utf-8", "replace")
        inner.positional = arguments
    elif call.has_terminal:
        return await inner.interpreter.interact(inner)
    else:
        text = (await call.collect()).decode("utf-8", "replace")
        streams = streams._replace(input=BytesSource(b""))
    try:
        return await inner.interpreter.run_text(inner, text, streams)
    except ExitShell as end:
        return end.status


async def source(call: Call) -> int:
    """Run the commands of a file in this very shell."""
    if not call.arguments:
        raise UsageError("filename argument required")
    text = call.shell.files.read(call.shell.path(call.arguments[0])).decode("utf-8", "replace")
    call.shell.depth += 1
    try:
        return await call.shell.interpreter.run_text(call.shell, text, call.streams)
    finally:
        call.shell.depth -= 1


PROGRAMS = [
    Program("cd", "go to a folder", cd, "[FOLDER | -]", is_builtin=True),
    Program("pwd", "tell where you are", pwd, is_builtin=True),
    Program("echo", "write the arguments", echo, "[-n] [-e] [TEXT]...", is_builtin=True),
    Program("printf", "write arguments in a form", printf, "FORMAT [ARGUMENT]...", is_builtin=True),
    Program("export", "let programs see variables", export, "[NAME[=VALUE]]...", is_builtin=True),
    Program("unset", "forget variables", unset, "NAME...", is_builtin=True),
    Program("history", "show the lines of before", history, "[-c]", is_builtin=True),
    Program("exit", "end the shell", leave, "[STATUS]", is_builtin=True),
    Program("logout", "end the shell", leave, is_builtin=True),
    Program("true", "succeed", true, is_builtin=True),
    Program(":", "succeed", true, is_builtin=True),
    Program("false", "fail", false, is_builtin=True),
    Program("test", "tell whether something is so", test, "CONDITION", is_builtin=True),
    Program("[", "tell whether something is so", test, "CONDITION ]", is_builtin=True),
    Program("source", "run commands of a file", source, "FILE", is_builtin=True),
    Program(".", "run commands of a file", source, "FILE", is_builtin=True),
    Program("sh", "a shell within the shell", shell, "[-c COMMANDS | FILE]"),
    Program("bash", "a shell within the shell", shell, "[-c COMMANDS | FILE]"),
]
