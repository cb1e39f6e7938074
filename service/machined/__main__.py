"""The service from the command line: `python -I -m machined`.

Only what a wrong command line needs is imported before it was read.
"""

from __future__ import annotations

import gc
import os
import sys
from argparse import ArgumentParser, HelpFormatter, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from machined.loop import import_asyncio

USAGE = 2
"""The exit code for a command line, or a place to listen, that is no good."""
POOL = Path("/var/lib/machines")
"""Where new images are made unless told otherwise (machinectl(1), "Files and Directories")."""
DEMO_SEED = 1
"""What the made-up host is drawn from where nobody says otherwise: the same one each time."""

_DESCRIPTION = """\
Serve org.freedesktop.machine1: the machines and images of a host.

Where:
  on the system bus (--system), or on a message bus of its own, which real
  clients find at a socket (--listen) or hold an end of already (--client-fd).
"""
_EPILOG = """\
example:
  python -I -m machined --demo --listen unix:path=/run/demo/bus
  DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/demo/bus busctl tree org.freedesktop.machine1

for good:
  python -I -m machined install --help

exit code:
  0  ended by SIGTERM, SIGINT, or by the client of --client-fd
  1  the bus is lost, the name is in use, or the host cannot be served, as by others than root
  2  the command line is wrong, or the folder to listen in is not safe
"""


class Options(NamedTuple):
    """What the command line asks for; None where it does not say."""

    system: bool
    listen: str | None
    client_fd: int | None
    demo: bool
    seed: int | None
    strict: bool
    pool: Path | None
    state_dir: Path | None


class Wrong(Exception):
    """What the command line asks for cannot be; the text says why and what to do."""


def main() -> int:
    """Run the service until it is told to end; the exit code."""
    # Nothing that starting makes is garbage; `run` switches the search for it on again
    gc.disable()
    if sys.argv[1:2] in (["install"], ["uninstall"]):
        from machined.installing.command import main as install  # noqa: PLC0415 - not for serving

        return install(sys.argv[1:])
    options = read_options(sys.argv[1:])
    try:
        check(options)
    except Wrong as wrong:
        sys.stderr.write(f"machined: {wrong}\n")
        return USAGE
    import_asyncio()
    if not options.demo:
        return serve_system(options)
    from machined.running import run  # noqa: PLC0415 - not for a wrong command line

    return run(
        listen=options.listen,
        client_fd=options.client_fd,
        seed=DEMO_SEED if options.seed is None else options.seed,
        is_strict=options.strict,
    )


def serve_system(options: Options) -> int:
    """Serve the host that we run on; the exit code."""
    from machined.bus.log_control import start_logging  # noqa: PLC0415 - as in `main`
    from machined.host.linux.states import FOLDER  # noqa: PLC0415
    from machined.system import run_system  # noqa: PLC0415

    start_logging(of_host=True)
    return run_system(
        pool=POOL if options.pool is None else options.pool.absolute(),
        state_folder=FOLDER if options.state_dir is None else options.state_dir.absolute(),
        is_strict=options.strict,
    )


def read_options(arguments: Sequence[str]) -> Options:
    """The options, read; ends the process with code 2 if they make no sense, with 0 after `--help`."""
    try:
        plain = _Plain(add_help=False, formatter_class=_formatter, allow_abbrev=False)
        _add_options(plain)
        return Options(**vars(plain.parse_args(arguments)))
    except _Unclear:
        parser = ArgumentParser(
            prog="machined",
            usage="machined install|uninstall [option …]\n"
            "       machined [--system | --listen ADDRESS] [--client-fd N] [--demo [--seed N]] [option …]",
            description=_DESCRIPTION,
            epilog=_EPILOG,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _add_options(parser)
        return Options(**vars(parser.parse_args(arguments)))


class _Unclear(Exception):
    """Help is wanted, or something is wrong with the command line."""


class _Plain(ArgumentParser):
    """Reads a command line that is right: printing help needs modules that serving has no use for."""

    def error(self, message: str) -> NoReturn:
        """Have it read again by what says what is wrong."""
        raise _Unclear(message)


def _formatter(prog: str) -> HelpFormatter:
    """One that need not find out how wide the terminal is: it is used to check options, not to print help."""
    return HelpFormatter(prog, width=80)


def _add_options(parser: ArgumentParser) -> None:
    where = parser.add_argument_group("where")
    place = where.add_mutually_exclusive_group()
    place.add_argument(
        "--system",
        action="store_true",
        help="on the system bus, the default: the host that it runs on, in the place of systemd-machined",
    )
    place.add_argument(
        "--listen",
        metavar="ADDRESS",
        help="on a message bus of its own at unix:path=FILE, in a folder that nobody else may write in; "
        "the address is printed once clients may come",
    )
    where.add_argument(
        "--client-fd",
        metavar="N",
        type=int,
        help="on a message bus of its own for the client at the other end of this connected socket; "
        "the service ends when that client does",
    )
    below = parser.add_argument_group("what is below")
    below.add_argument("--demo", action="store_true", help="a made-up host; needs no root")
    below.add_argument(
        "--seed",
        metavar="N",
        type=int,
        help=f"the same made-up host for the same number (default {DEMO_SEED})",
    )
    below.add_argument("--pool", metavar="DIR", type=Path, help="where a real host makes new images")
    below.add_argument(
        "--state-dir", metavar="DIR", type=Path, help="where the machines of a real host are written down"
    )
    parser.add_argument(
        "--strict", action="store_true", help="answer as systemd does even where that could be better"
    )


def check(options: Options) -> None:
    """See that the options go together.

    Raises:
        Wrong: They do not, or ask for what this version has not got.
    """
    has_own_bus = options.listen is not None or options.client_fd is not None
    if options.listen is not None and not options.listen.startswith("unix:path="):
        raise Wrong(f"cannot listen at {options.listen!r}: the address must be unix:path=FILE")
    if options.system and has_own_bus:
        raise Wrong("--client-fd is for a bus of its own: leave --system out")
    if not options.demo:
        if options.seed is not None:
            raise Wrong("--seed is for the made-up host: add --demo")
        if has_own_bus:
            raise Wrong("a real host is served on the system bus alone: leave --listen out, or add --demo")
        return
    if not has_own_bus:
        raise Wrong("a made-up host stays off the system bus: use --listen unix:path=FILE")
    if options.pool is not None or options.state_dir is not None:
        raise Wrong("--pool and --state-dir are for a real host: the made-up one has no folders")
    if options.client_fd is not None:
        check_client(options.client_fd)


def check_client(descriptor: int) -> None:
    """See that `descriptor` is a connected stream socket of AF_UNIX (unix(7)).

    Raises:
        Wrong: It is something else, or nothing.
    """
    import socket  # noqa: PLC0415 - not for those who give no descriptor

    if not 0 <= descriptor < 2**31:
        raise Wrong(f"--client-fd {descriptor} is no descriptor")
    try:
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
                raise Wrong(f"--client-fd {descriptor} is no stream socket of AF_UNIX")
            sock.getpeername()
    except OSError as error:
        raise Wrong(f"--client-fd {descriptor} is no connected socket: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
