"""The three kinds of text inside a scenario: file trees, processes and log lines.

They are read when they are first needed: a scenario is loaded at each start of the demo, most of its files
are never looked at.
"""

from __future__ import annotations

import itertools
import re
import stat
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from machined.host.simulated.folders import LargeFile
from machined.host.simulated.tree import Node, Tree, file, folder, link
from machined.host.simulated.units_of_measure import parse_duration, parse_size

_HEADER = re.compile(r"-- (/\S*)(?: -> (\S+))?((?: [^ ]+)*) --")
_MODE = re.compile(r"0[0-7]{3,4}")
_OWNER = re.compile(r"(\d+):(\d+)")
_BRACES = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDER = re.compile(r"@([a-z_]+)@")


class ProcessLine(NamedTuple):
    """A process of a scenario."""

    depth: int
    """How far below the leader, which has 0."""
    memory: int
    """Resident bytes."""
    load: float
    """The share of one CPU."""
    user: str
    command: str


class LogLine(NamedTuple):
    """A line of a log of a scenario."""

    ago: float
    """Seconds before the start; or, for what is said again and again, seconds between."""
    identifier: str
    message: str


def grow_tree(tree: Tree, text: str, names: Mapping[str, str], mtime: int) -> None:
    """Put the files of a block into a tree; what is there already is replaced.

    A header `-- PATH [MODE] [UID:GID] [SIZE] --` begins a file; `PATH/` is a folder, `PATH -> TARGET` a link,
    `{a,b}` stands for several names, a size makes a file without content that is said to be large.

    Args:
        tree: Where to.
        text: The block.
        names: What `@NAME@` stands for in contents.
        mtime: Seconds since the epoch for all nodes.

    Raises:
        ValueError: A line that cannot be understood.
    """
    parents: dict[str, Node] = {}
    for header, body in _sections(text):
        if (match := _HEADER.fullmatch(header)) is None:
            raise ValueError(f"{header!r} is no header of a file")
        path, target, options = match.groups()
        content = _PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), body).encode()
        for each in _spread(path):
            node = _node(each, target, options.split(), content)
            node.mtime = mtime
            _plant(tree, parents, each.rstrip("/"), node)


def read_processes(text: str) -> list[ProcessLine]:
    """Read a block of processes: `MEMORY LOAD% USER COMMAND`, two blanks deeper for a child.

    Raises:
        ValueError: A line that cannot be understood.
    """
    lines = []
    for line in _lines(text):
        parts = line.split(maxsplit=3)
        if len(parts) != 4 or not parts[1].endswith("%"):
            raise ValueError(f"{line.strip()!r} is no process: MEMORY LOAD% USER COMMAND")
        memory, load, user, command = parts
        depth = (len(line) - len(line.lstrip(" "))) // 2
        lines.append(ProcessLine(depth, parse_size(memory), float(load[:-1]) / 100, user, command))
    return lines


def read_log(text: str) -> list[LogLine]:
    """Read a block of log lines: `AGO IDENTIFIER: MESSAGE`.

    Raises:
        ValueError: A line that cannot be understood.
    """
    lines = []
    for line in _lines(text):
        ago, _, rest = line.strip().partition(" ")
        identifier, colon, message = rest.lstrip().partition(": ")
        if not colon:
            raise ValueError(f"{line.strip()!r} is no line of a log: AGO IDENTIFIER: MESSAGE")
        lines.append(LogLine(parse_duration(ago), identifier, message))
    return lines


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _sections(text: str) -> Iterator[tuple[str, str]]:
    header, body = "", list[str]()
    for line in text.splitlines(keepends=True):
        if not line.startswith("-- "):
            body.append(line)
            continue
        if header:
            yield header, "".join(body)
        header, body = line.strip(), []
    if header:
        yield header, "".join(body)


def _spread(path: str) -> list[str]:
    """The paths that one with braces stands for."""
    parts = _BRACES.split(path)
    choices = [part.split(",") if number % 2 else [part] for number, part in enumerate(parts)]
    return ["".join(each) for each in itertools.product(*choices)]


def _node(path: str, target: str | None, options: list[str], content: bytes) -> Node:
    node = link(target) if target else folder() if path.endswith("/") else file(content)
    mode = next((int(option, 8) for option in options if _MODE.fullmatch(option)), node.mode & 0o7777)
    for option in options:
        if _MODE.fullmatch(option):
            continue
        if owner := _OWNER.fullmatch(option):
            node.uid, node.gid = int(owner[1]), int(owner[2])
        elif stat.S_ISREG(node.mode):
            node = LargeFile(parse_size(option))
        else:
            raise ValueError(f"{path!r} is no file and has no size such as {option}")
    node.mode = (node.mode & ~0o7777) | mode
    return node


def _plant(tree: Tree, parents: dict[str, Node], path: str, node: Node) -> None:
    """Put a node in its place; `parents` remembers the folders that were looked up."""
    if not path:
        tree.root.mode = node.mode
        return
    head, _, name = path.rpartition("/")
    if (parent := parents.get(head)) is None:
        parent = parents[head] = tree.make_folders(head)
    there = parent.children.get(name)
    if there is not None and there.is_folder and node.is_folder:
        there.mode, there.uid, there.gid = node.mode, node.uid, node.gid
    else:
        parent.children[name] = node
