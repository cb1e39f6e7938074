"""Programs that change files."""

from __future__ import annotations

import re
import stat

from machined.host.simulated.shell.accounts import find_account, groups
from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.layout import printable


async def mkdir(call: Call) -> int:
    """Make folders."""
    options = call.options("pv", words={"parents": "p"})
    if not options.operands:
        raise UsageError("missing operand")
    status = 0
    for name in options.operands:
        try:
            if "p" in options.flags:
                _make_all(call, name)
            else:
                call.shell.files.make_folder(call.shell.path(name))
        except OSError as error:
            status = await call.complain(f"cannot create directory '{printable(name)}': {error.strerror}")
    return status


def _make_all(call: Call, name: str) -> None:
    """Make a folder and those above it that are missing."""
    at = "/" if name.startswith("/") else ""
    for part in [one for one in name.split("/") if one]:
        at = f"{at.rstrip('/')}/{part}" if at else part
        if not call.shell.files.is_folder(call.shell.path(at)):
            call.shell.files.make_folder(call.shell.path(at))


async def rmdir(call: Call) -> int:
    """Remove empty folders."""
    status = 0
    for name in call.options("").operands:
        path = call.shell.path(name)
        try:
            if call.shell.files.listing(path):
                status = await call.complain(f"failed to remove '{printable(name)}': Directory not empty")
                continue
            call.shell.files.remove(path)
        except OSError as error:
            status = await call.complain(f"failed to remove '{printable(name)}': {error.strerror}")
    return status


async def rm(call: Call) -> int:
    """Remove files, with `-r` folders too."""
    options = call.options("rRfv", words={"recursive": "r", "force": "f"})
    if not options.operands and "f" not in options.flags:
        raise UsageError("missing operand")
    status = 0
    for name in options.operands:
        path = call.shell.path(name)
        try:
            node = call.shell.files.node(path, follows=False)
            if node.is_folder and not options.flags & {"r", "R"}:
                status = await call.complain(f"cannot remove '{printable(name)}': Is a directory")
                continue
            if not path.strip("/."):
                status = await call.complain("it is dangerous to operate recursively on '/'")
                continue
            call.shell.files.remove(path)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and "f" in options.flags:
                continue
            status = await call.complain(f"cannot remove '{printable(name)}': {error.strerror}")
    return status


async def touch(call: Call) -> int:
    """Make files, or set their time to now."""
    status = 0
    for name in call.options("acm").operands:
        path = call.shell.path(name)
        try:
            call.shell.files.touch(path)
        except OSError as error:
            status = await call.complain(f"cannot touch '{printable(name)}': {error.strerror}")
    return status


async def cp(call: Call) -> int:
    """Copy files, with `-r` or `-a` folders too."""
    options = call.options("rRapfv", words={"recursive": "r"})
    copies_folders = bool(options.flags & {"r", "R", "a"})
    status = 0
    for source, target in _pairs(call, options.operands):
        path = call.shell.path(source)
        try:
            if call.shell.files.is_folder(path) and not copies_folders:
                status = await call.complain(f"-r not specified; omitting directory '{printable(source)}'")
                continue
            call.shell.files.copy(path, target)
        except OSError as error:
            status = await call.complain(f"cannot copy '{printable(source)}': {error.strerror}")
    return status


async def mv(call: Call) -> int:
    """Give files other names or places."""
    options = call.options("fvn")
    status = 0
    for source, target in _pairs(call, options.operands):
        try:
            call.shell.files.move(call.shell.path(source), target)
        except OSError as error:
            status = await call.complain(f"cannot move '{printable(source)}': {error.strerror}")
    return status


def _pairs(call: Call, operands: list[str]) -> list[tuple[str, str]]:
    """Sources with the paths they go to: the last operand, or in it if it is a folder."""
    if not operands:
        raise UsageError("missing file operand")
    if len(operands) == 1:
        raise UsageError(f"missing destination file operand after '{operands[0]}'")
    *sources, last = operands
    target = call.shell.path(last)
    if not call.shell.files.is_folder(target):
        if len(sources) > 1:
            raise UsageError(f"target '{last}' is not a directory")
        return [(sources[0], target)]
    return [(source, f"{target.rstrip('/')}/{source.rstrip('/').rpartition('/')[2]}") for source in sources]


async def ln(call: Call) -> int:
    """Make symbolic links."""
    options = call.options("sfn", words={"symbolic": "s", "force": "f"})
    if "s" not in options.flags:
        raise UsageError("only symbolic links can be made in the demo: use -s")
    if len(options.operands) not in {1, 2}:
        raise UsageError("missing file operand")
    target = options.operands[0]
    name = options.operands[-1] if len(options.operands) == 2 else target.rstrip("/").rpartition("/")[2]
    path = call.shell.path(name)
    if call.shell.files.is_folder(path):
        path = f"{path.rstrip('/')}/{target.rstrip('/').rpartition('/')[2]}"
    try:
        if "f" in options.flags and call.shell.files.has(path):
            call.shell.files.remove(path)
        call.shell.files.make_link(target, path)
    except OSError as error:
        return await call.complain(f"failed to create symbolic link '{printable(name)}': {error.strerror}")
    return 0


async def chmod(call: Call) -> int:
    """Change who may do what with files."""
    arguments = [one for one in call.arguments if one not in {"-R", "-v", "-f"}]
    if len(arguments) < 2:
        raise UsageError("missing operand")
    wanted, *names = arguments
    status = 0
    for name in names:
        path = call.shell.path(name)
        try:
            call.shell.files.set_mode(path, new_mode(wanted, call.shell.files.node(path).mode))
        except OSError as error:
            status = await call.complain(f"changing permissions of '{printable(name)}': {error.strerror}")
    return status


async def chown(call: Call) -> int:
    """Give files to a user, and a group."""
    arguments = [one for one in call.arguments if one not in {"-R", "-v", "-f"}]
    if len(arguments) < 2:
        raise UsageError("missing operand")
    user, has_group, group = arguments[0].partition(":")
    account = find_account(call.system.tree, user)
    names = {name: gid for gid, name in groups(call.system.tree).items()}
    if account is None or (group and group not in names):
        return await call.complain(f"invalid user: '{printable(arguments[0])}'")
    gid = names[group] if group else account.gid if has_group else -1
    status = 0
    for name in arguments[1:]:
        try:
            call.shell.files.set_owner(call.shell.path(name), account.uid if user else -1, gid)
        except OSError as error:
            status = await call.complain(f"changing ownership of '{printable(name)}': {error.strerror}")
    return status


_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")


def new_mode(wanted: str, mode: int) -> int:
    """The permission bits after a change, in octal or in letters (chmod(1)).

    Raises:
        UsageError: The change means nothing.
    """
    if re.fullmatch(r"[0-7]{1,4}", wanted):
        return int(wanted, 8)
    bits = stat.S_IMODE(mode)
    for clause in wanted.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise UsageError(f"invalid mode: '{wanted}'")
        who = "ugo" if not match[1] or "a" in match[1] else match[1]
        letters = match[3]
        value = sum({"r": 4, "w": 2, "x": 1}.get(one, 0) for one in letters)
        if "X" in letters and (stat.S_ISDIR(mode) or bits & 0o111):
            value |= 1
        shifted = sum(value << {"u": 6, "g": 3, "o": 0}[one] for one in set(who))
        shifted |= 0o1000 if "t" in letters else 0
        if match[2] == "-":
            bits &= ~shifted
        elif match[2] == "+":
            bits |= shifted
        else:
            bits &= ~sum(7 << {"u": 6, "g": 3, "o": 0}[one] for one in set(who))
            bits |= shifted
    return bits


PROGRAMS = [
    Program("mkdir", "make folders", mkdir, "[-p] FOLDER..."),
    Program("rmdir", "remove empty folders", rmdir, "FOLDER..."),
    Program("rm", "remove files and folders", rm, "[-rf] FILE..."),
    Program("touch", "make files, or set their time", touch, "FILE..."),
    Program("cp", "copy files and folders", cp, "[-ra] SOURCE... DESTINATION"),
    Program("mv", "move or rename files", mv, "SOURCE... DESTINATION"),
    Program("ln", "make symbolic links", ln, "-s [-f] TARGET [NAME]"),
    Program("chown", "give files to a user", chown, "[USER][:GROUP] FILE..."),
    Program("chmod", "change permissions", chmod, "MODE FILE..."),
]
