"""Redirections: where the input and the outputs of a command lead."""

from __future__ import annotations

import stat

from machined.host.simulated.shell.expanding import Substitute, expand_flat
from machined.host.simulated.shell.parsing import Command
from machined.host.simulated.shell.state import Shell, Streams
from machined.host.simulated.shell.streams import BytesSource, FileSink, NullSink, Sink, Source


async def redirected(
    shell: Shell, command: Command, streams: Streams, opened: list[FileSink], substitute: Substitute
) -> Streams:
    """The streams of a command after its redirections, which are done one after the other.

    Args:
        shell: Whose files they are.
        command: What is redirected.
        streams: The streams before.
        opened: Gets the files that are written to; they are to be flushed when the command has ended.
        substitute: Gives the output of commands in the names of files.

    Raises:
        OSError: EBADF, there is no such descriptor; or a file cannot be opened.
    """
    for descriptor, operator, target in command.redirects:
        name = await expand_flat(target, shell, substitute)
        if operator == ">&":
            if name not in {"1", "2"} or descriptor not in {1, 2}:
                raise OSError(9, "Bad file descriptor", name)
            sink = streams.output if name == "1" else streams.errors
            streams = _with_sink(streams, descriptor, sink)
        elif operator == "<":
            streams = streams._replace(input=_source(shell, name))
        else:
            sink = _sink(shell, name, appends=operator == ">>")
            if isinstance(sink, FileSink):
                opened.append(sink)
            streams = _with_sink(streams, descriptor, sink)
    return streams


def _with_sink(streams: Streams, descriptor: int, sink: Sink) -> Streams:
    """The streams with one of the outputs leading elsewhere."""
    return streams._replace(errors=sink) if descriptor == 2 else streams._replace(output=sink)


def _source(shell: Shell, name: str) -> Source:
    """What a file gives to who reads it."""
    path = shell.path(name)
    return BytesSource(b"" if path == "/dev/null" else shell.files.read(path))


def _sink(shell: Shell, name: str, *, appends: bool) -> Sink:
    """What takes what is written to a file."""
    path = shell.path(name)
    if path == "/dev/null":
        return NullSink()
    node = shell.files.open_for_writing(path, appends=appends)
    return NullSink() if stat.S_ISCHR(node.mode) else FileSink(shell.files, node)
