"""Runs what was parsed: lists, pipelines, programs."""

from __future__ import annotations

import asyncio
import posixpath
import re
import signal as signals
from collections.abc import Callable, Coroutine
from functools import partial

from machined.host.simulated.processes import Process
from machined.host.simulated.shell.call import Call, Program, UsageError, describe
from machined.host.simulated.shell.expanding import expand, expand_flat
from machined.host.simulated.shell.files import PASS, READ
from machined.host.simulated.shell.parsing import Command, Step, parse
from machined.host.simulated.shell.programs import PROGRAMS
from machined.host.simulated.shell.redirecting import redirected
from machined.host.simulated.shell.state import ExitShell, Shell, Streams
from machined.host.simulated.shell.streams import BytesSink, FileSink, Pipe
from machined.host.simulated.shell.tokens import ShellSyntaxError, Word
from machined.host.simulated.tree import fault

BIN_FOLDERS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin")
DEPTH = 16
"""Shells within shells."""
SUBSTITUTED = 128 * 1024
"""Bytes that `$(...)` may become."""

NOT_FOUND, NOT_EXECUTABLE, BROKEN_PIPE = 127, 126, 141

SHRUGGED_OFF = frozenset(
    map(
        int,
        (signals.SIGTERM, signals.SIGINT, signals.SIGQUIT, signals.SIGTSTP, signals.SIGTTIN, signals.SIGTTOU),
    )
)
"""Signals that a shell at a prompt ignores (bash(1), "Signals")."""

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)


async def run_text(shell: Shell, text: str, streams: Streams) -> int:
    """Run lines of the shell's language; the status of the last command.

    Raises:
        ExitShell: They say that the shell is to end.
    """
    if shell.depth > DEPTH:
        return await _complain(streams, "too many shells within each other", 1)
    try:
        steps = parse(text)
    except ShellSyntaxError as error:
        shell.status = await _complain(streams, str(error), 2)
        return shell.status
    for step in steps:
        if (step.joint == "&&" and shell.status) or (step.joint == "||" and not shell.status):
            continue
        status = await _run_pipeline(shell, step, streams)
        shell.status = int(not status) if step.is_negated else status
        await asyncio.sleep(0)
    return shell.status


async def run_program(shell: Shell, program: Program, argv: list[str], streams: Streams) -> int:
    """Run one program, as a process unless the shell itself does it; its status."""

    def call(process: Process | None) -> Call:
        return Call(shell, posixpath.basename(argv[0]), argv[1:], streams, PROGRAMS, process)

    if program.is_builtin:
        return await _run_guarded(call(None), program)
    return await run_as_process(shell, " ".join(argv)[:4096], lambda own: _run_guarded(call(own), program))


async def run_as_process(
    shell: Shell,
    command: str,
    work: Callable[[Process], Coroutine[None, None, int]],
    handled: frozenset[int] = frozenset(),
) -> int:
    """Do something as a process of the table, until it is done or the process is killed; its status.

    Args:
        shell: Whose child the process is.
        command: Its command line.
        work: What it does.
        handled: Signals that do nothing to it.
    """
    process = shell.system.spawn(command, shell.account.name, shell.tty, shell.process)
    task = asyncio.ensure_future(work(process))
    killed_by = [int(signals.SIGKILL)]

    def on_signal(number: int) -> bool:
        killed_by[0] = number
        return number in handled

    process.on_signal = on_signal
    shell.keeper.watch(process, task.cancel)
    try:
        await asyncio.wait([task])
        return 128 + killed_by[0] if task.cancelled() else task.result()
    finally:
        shell.keeper.unwatch(process)
        shell.system.estate.processes.end(process)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _run_guarded(call: Call, program: Program) -> int:
    """Run a program; what goes wrong becomes a message and a status."""
    try:
        return await program.run(call)
    except BrokenPipeError:
        return BROKEN_PIPE
    except (OSError, UsageError) as error:
        message = describe(error) if isinstance(error, OSError) else str(error)
        try:
            await call.complain(message)
        except BrokenPipeError:
            return BROKEN_PIPE
        return 2 if isinstance(error, UsageError) else 1


def find_program(shell: Shell, name: str) -> Program:
    """The program that a name or path means; a script of the tree becomes one.

    Raises:
        OSError: ENOENT: there is none; EACCES: it may not be run; ENOEXEC: it is no program of the demo.
    """
    folder, _, base = name.rpartition("/")
    if "/" not in name:
        if base in PROGRAMS:
            return PROGRAMS[base]
        candidates = [f"{one}/{name}" for one in shell.variables.get("PATH", "").split(":") if one]
        found = [path for path in candidates if shell.files.has(path)]
        if not name or not found:
            raise fault(2, name)
        name = found[0]
    elif folder in BIN_FOLDERS and base in PROGRAMS:
        return PROGRAMS[base]
    path = shell.path(name)
    node = shell.files.node(path)
    if node.is_folder:
        raise fault(21, name)
    if not node.mode & 0o111 or not shell.files.may(node, PASS | READ):
        raise fault(13, name)
    content = shell.files.read(path)
    if not re.match(rb"#! ?/\S*sh\b", content):
        raise OSError(8, "not part of the demo: try 'help'", name)
    return Program(base, "a script", partial(_run_script, path=path))


async def _run_script(call: Call, path: str) -> int:
    """Run a script of the tree."""
    shell = call.shell.child()
    shell.positional = [path, *call.arguments]
    text = shell.files.read(path).decode("utf-8", "replace")
    try:
        return await run_text(shell, text, call.streams)
    except ExitShell as end:
        return end.status


async def _run_pipeline(shell: Shell, step: Step, streams: Streams) -> int:
    """Run commands side by side, each reading what the one before writes; the status of the last."""
    if len(step.commands) == 1:
        return await _run_command(shell, step.commands[0], streams)
    pipes = [Pipe() for _ in step.commands[1:]]
    tasks = []
    for number, command in enumerate(step.commands):
        before = pipes[number - 1] if number else None
        after = pipes[number] if number < len(pipes) else None
        own = Streams(before or streams.input, after or streams.output, streams.errors)
        tasks.append(asyncio.ensure_future(_run_stage(shell.fork(), command, own, before, after)))
    try:
        await asyncio.wait(tasks)
        return tasks[-1].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_stage(
    shell: Shell, command: Command, streams: Streams, before: Pipe | None, after: Pipe | None
) -> int:
    """Run one command of a pipeline and close its ends of the pipes."""
    try:
        return await _run_command(shell, command, streams)
    except ExitShell as end:
        return end.status
    finally:
        if before:
            before.close_reader()
        if after:
            after.close_writer()


async def _run_command(shell: Shell, command: Command, streams: Streams) -> int:
    """Run one command with its redirections and assignments."""
    substitute = partial(_substitute, shell, streams)
    opened: list[FileSink] = []
    try:
        streams = await redirected(shell, command, streams, opened, substitute)
        words = list(command.words)
        assigned: dict[str, str] = {}
        while words and (match := _assignment(words[0])):
            first = words.pop(0)
            value = (first[0]._replace(text=first[0].text[match.end() :]), *first[1:])
            assigned[match[1]] = await expand_flat(value, shell, substitute)
        argv = [argument for word in words for argument in await expand(word, shell, substitute)]
        if not argv:
            shell.variables |= assigned
            return (
                shell.status if any(part.kind == "command" for word in command.words for part in word) else 0
            )
        if assigned:
            shell = shell.fork()
            shell.variables |= assigned
            shell.exported |= set(assigned)
        return await run_argv(shell, argv, streams)
    except OSError as error:
        return await _complain(streams, describe(error), 1)
    finally:
        for sink in opened:
            sink.flush()


async def run_argv(shell: Shell, argv: list[str], streams: Streams) -> int:
    """Run the program that the first argument names; its status."""
    try:
        program = find_program(shell, argv[0])
    except FileNotFoundError as error:
        if "/" in argv[0]:
            return await _complain(streams, describe(error), NOT_FOUND)
        return await _say(streams, f"{argv[0]}: command not found", NOT_FOUND)
    except OSError as error:
        return await _complain(streams, describe(error), NOT_EXECUTABLE)
    return await run_program(shell, program, argv, streams)


async def _substitute(shell: Shell, streams: Streams, text: str) -> str:
    """The output of commands."""
    inner = shell.fork()
    inner.depth += 1
    sink = BytesSink(SUBSTITUTED)
    try:
        shell.status = await run_text(inner, text, Streams(streams.input, sink, streams.errors))
    except ExitShell as end:
        shell.status = end.status
    return sink.data.decode("utf-8", "replace")


def _assignment(word: Word) -> re.Match[str] | None:
    """What a word says if it is an assignment."""
    first = word[0]
    return None if first.kind != "text" or first.is_quoted else _ASSIGNMENT.match(first.text)


async def _complain(streams: Streams, message: str, status: int) -> int:
    """Say something as the shell itself; the status given."""
    return await _say(streams, f"bash: {message}", status)


async def _say(streams: Streams, message: str, status: int) -> int:
    """Say something to the errors; the status given, unless nobody hears it."""
    try:
        await streams.errors.write(f"{message}\n".encode("utf-8", "replace"))
    except BrokenPipeError:
        return BROKEN_PIPE
    return status
