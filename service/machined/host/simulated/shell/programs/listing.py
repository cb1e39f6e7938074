"""Programs that show what is in folders."""

from __future__ import annotations

import asyncio
import fnmatch
import re
import stat
from collections.abc import AsyncIterator

from machined.host.simulated.shell.accounts import groups, user_names
from machined.host.simulated.shell.call import Call, Program, UsageError, describe
from machined.host.simulated.shell.files import READ
from machined.host.simulated.shell.layout import printable, width
from machined.host.simulated.shell.programs.dates import file_date, human
from machined.host.simulated.tree import Node

_DEPTH = 120


async def ls(call: Call) -> int:
    """List folders and files."""
    options = call.options("alh1RAdtrFn", words={"all": "a", "human-readable": "h", "color": "1"})
    flags = options.flags - ({"1"} if any(one.startswith("--color") for one in call.arguments) else set())
    files: list[tuple[str, Node]] = []
    folders: list[tuple[str, Node]] = []
    status = 0
    for name in options.operands or ["."]:
        try:
            node = call.shell.files.node(
                call.shell.path(name), follows="l" not in flags or name.endswith("/")
            )
        except OSError as error:
            status = 2
            await call.complain(f"cannot access '{printable(name)}': {error.strerror}")
            continue
        (folders if node.is_folder and "d" not in flags else files).append((name, node))
    await _show(call, files, flags)
    has_headers = len(folders) + len(files) > 1 or "R" in flags
    for number, (name, _) in enumerate(folders):
        if number or files:
            await call.print("")
        status = max(status, await _list(call, name, flags, has_headers=has_headers))
    return status


async def _list(call: Call, name: str, flags: frozenset[str], *, has_headers: bool, depth: int = 0) -> int:
    """List one folder, and with `-R` those below it."""
    try:
        listing = call.shell.files.listing(call.shell.path(name))
    except OSError as error:
        await call.complain(f"cannot open directory '{printable(name)}': {error.strerror}")
        return 2
    if has_headers:
        await call.print(f"{printable(name)}:")
    shown = [(one, node) for one, node in listing.items() if flags & {"a", "A"} or not one.startswith(".")]
    if "a" in flags:
        here = call.shell.files.node(call.shell.path(name))
        shown = [(".", here), ("..", here), *shown]
    if "t" in flags:
        shown.sort(key=lambda item: -item[1].mtime)
    if "r" in flags:
        shown.reverse()
    if "l" in flags:
        await call.print(f"total {sum(_blocks(node) for _, node in shown)}")
    await _show(call, shown, flags)
    await asyncio.sleep(0)
    status = 0
    if "R" in flags and depth < _DEPTH:
        for child, node in shown:
            if node.is_folder and child not in {".", ".."}:
                await call.print("")
                path = f"{name.rstrip('/')}/{child}"
                status = max(status, await _list(call, path, flags, has_headers=True, depth=depth + 1))
    return status


async def _show(call: Call, entries: list[tuple[str, Node]], flags: frozenset[str]) -> None:
    """Show entries in the form that was asked for."""
    if not entries:
        return
    if "l" in flags or "n" in flags:
        await _show_long(call, entries, flags)
        return
    names = [_name(call, name, node) for name, node in entries]
    if "1" in flags or not call.is_on_terminal:
        await call.print(*names)
        return
    await call.print(*in_columns(names, call.shell.terminal.size.columns))


async def _show_long(call: Call, entries: list[tuple[str, Node]], flags: frozenset[str]) -> None:
    """Show entries a line each, with all about them."""
    tree = call.system.tree
    users, names = user_names(tree), groups(tree)
    booted = call.shell.files.now - call.system.uptime  # what has no time of its own is there since then
    if "n" in flags:
        users = names = {}
    rows = []
    for name, node in entries:
        size = human(_size(node)) if "h" in flags else str(_size(node))
        owner = users.get(node.uid, str(node.uid))
        group = names.get(node.gid, str(node.gid))
        target = f" -> {printable(node.target)}" if node.is_link else ""
        links = str(2 if node.is_folder else 1)
        date = file_date(node.mtime or booted, call.shell.files.now)
        rows.append(
            (stat.filemode(node.mode), links, owner, group, size, date, _name(call, name, node) + target)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for mode, links, owner, group, size, date, name in rows:
        _, link_width, owner_width, group_width, size_width = widths
        await call.print(
            f"{mode} {links:>{link_width}} {owner:<{owner_width}} {group:<{group_width}}"
            f" {size:>{size_width}} {date} {name}"
        )


def in_columns(names: list[str], columns: int) -> list[str]:
    """Names side by side, sorted down the columns, as many columns as fit."""
    sizes = [width(name) for name in names]
    count = max(1, min(len(names), columns // 3))
    while count > 1:
        rows = -(-len(names) // count)
        widths = [max(sizes[start : start + rows]) + 2 for start in range(0, len(names), rows)]
        if sum(widths) - 2 <= columns:
            break
        count -= 1
    else:
        return names
    lines = []
    for row in range(rows):
        cells = range(row, len(names), rows)
        line = "".join(
            names[cell] + " " * (widths[number] - sizes[cell]) for number, cell in enumerate(cells)
        )
        lines.append(line.rstrip())
    return lines


def _name(call: Call, name: str, node: Node) -> str:
    """A name, in the colour of its kind if it is seen on a terminal."""
    shown = printable(name)
    if not call.is_on_terminal:
        return shown
    colour = ""
    if node.is_folder:
        colour = "30;42" if node.mode & stat.S_ISVTX and node.mode & 0o002 else "1;34"
    elif node.is_link:
        colour = "1;36"
    elif stat.S_ISCHR(node.mode) or stat.S_ISBLK(node.mode):
        colour = "1;33"
    elif stat.S_ISSOCK(node.mode):
        colour = "1;35"
    elif node.mode & 0o111:
        colour = "1;32"
    return f"\x1b[{colour}m{shown}\x1b[0m" if colour else shown


def _size(node: Node) -> int:
    return 4096 if node.is_folder else node.size()


def _blocks(node: Node) -> int:
    """Kibibytes that a node takes, without what is below it."""
    return 4 if node.is_folder else -(-node.size() // 4096) * 4


async def walk(call: Call, path: str, depth: int = 0) -> AsyncIterator[tuple[str, Node, bool]]:
    """A node and all below it, folders first, each with whether the user may not look into it."""
    node = call.shell.files.node(call.shell.path(path), follows=False)
    is_closed = node.is_folder and not call.shell.files.may(node, READ)
    yield path, node, is_closed
    if not node.is_folder or is_closed or depth > _DEPTH:
        return
    await asyncio.sleep(0)
    for name in call.shell.files.listing(call.shell.path(path)):
        try:
            async for found in walk(call, f"{path.rstrip('/')}/{name}", depth + 1):
                yield found
        except OSError:
            continue  # a process of /proc that ended meanwhile, or a folder that may not be passed


async def find(call: Call) -> int:
    """Find files by name and kind."""
    starts, tests = _read_tests(call.arguments)
    status = 0
    for start in starts:
        try:
            async for path, node, is_closed in walk(call, start):
                if _fits(path, start, node, tests):
                    await call.print(printable(path))
                if is_closed:
                    status = await call.complain(f"'{printable(path)}': Permission denied")
        except BrokenPipeError:
            raise
        except OSError as error:
            status = await call.complain(f"'{printable(start)}': {error.strerror}")
    return status


def _read_tests(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Where `find` begins, and its tests with their values."""
    tests: dict[str, str] = {}
    starts: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-"):
            starts.append(argument)
        elif argument in {"-name", "-iname", "-type", "-maxdepth"} and rest:
            tests[argument] = rest.pop(0)
        elif argument != "-print":
            raise UsageError(f"unknown predicate `{argument}'")
    if not re.fullmatch(r"[0-9]{1,9}", tests.get("-maxdepth", "0")):
        raise UsageError("Expected a positive decimal integer argument to -maxdepth")
    return starts or ["."], tests


def _fits(path: str, start: str, node: Node, tests: dict[str, str]) -> bool:
    """Whether a node passes the tests of `find`."""
    name = path.rstrip("/").rpartition("/")[2] or "/"
    if "-name" in tests and not fnmatch.fnmatchcase(name, tests["-name"][:255]):
        return False
    if "-iname" in tests and not fnmatch.fnmatchcase(name.lower(), tests["-iname"][:255].lower()):
        return False
    depth = path.rstrip("/").count("/") - start.rstrip("/").count("/")
    if "-maxdepth" in tests and depth > int(tests["-maxdepth"]):
        return False
    kinds = {"f": stat.S_ISREG, "d": stat.S_ISDIR, "l": stat.S_ISLNK, "c": stat.S_ISCHR, "s": stat.S_ISSOCK}
    kind = tests.get("-type")
    return kind is None or (kind in kinds and bool(kinds[kind](node.mode)))


async def du(call: Call) -> int:
    """Sum up what folders take."""
    options = call.options("hsab", words={"human-readable": "h", "summarize": "s"})
    status = 0
    for start in options.operands or ["."]:
        sums: dict[str, int] = {}
        kinds: dict[str, bool] = {}
        try:
            async for path, node, _ in walk(call, start):
                kinds[path] = node.is_folder
                sums[path] = _blocks(node)
        except OSError as error:
            status = await call.complain(f"cannot access {describe(error)}")
            continue
        for path in reversed(list(sums)):
            parent = path.rpartition("/")[0] or "/"
            if path != start and parent in sums:
                sums[parent] += sums[path]
        for path in sorted(sums, key=lambda one: (one == start, one)):
            if path == start or ("s" not in options.flags and (kinds[path] or "a" in options.flags)):
                size = human(sums[path] * 1024) if "h" in options.flags else str(sums[path])
                await call.print(f"{size}\t{printable(path)}")
    return status


PROGRAMS = [
    Program("ls", "list what is in folders", ls, "[-alhd1RtrAn] [FILE]..."),
    Program(
        "find", "find files", find, "[PATH]... [-name PATTERN] [-iname PATTERN] [-type fdl] [-maxdepth N]"
    ),
    Program("du", "show what files and folders take", du, "[-has] [FILE]..."),
]
