"""The words of the command line: `install` and `uninstall`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from machined.installing.errors import Declined, Failed
from machined.installing.installation import Installation, Task

WORDS = ("install", "uninstall")
"""What the command line begins with for `main` to read it."""

DONE, FAILED, DECLINED = 0, 1, 2

_EPILOG = """\
exit code:
  0  done
  1  failed, and nothing was changed unless it says so
  2  the command line is wrong, or it was refused: nothing was changed
"""
_INSTALL = """\
Put the service in place for good: its unit, the policy and activation of the
message bus, and the actions of polkit. On a running host it is started.
"""
_UNINSTALL = """\
Take the service away: what it replaced comes back, and serves machines again.
Machines run on. What was changed by hand since is left.
"""


def main(arguments: Sequence[str]) -> int:
    """Install or uninstall the service; the exit code."""
    word, options = _read(arguments)
    try:
        if not options.root.is_dir():
            raise Declined(f"{options.root} is no folder to install into")
        task = Task(
            options.root, sys.executable, is_dry=options.dry_run, replaces=getattr(options, "replace", False)
        )
        installation = Installation(task, print)
        if installation.is_of_host and os.geteuid() and not options.dry_run:
            raise Declined(f"this needs root: sudo machinedeck service {' '.join(arguments)}")
        with installation.tree.held():
            getattr(installation, word)()
    except Declined as declined:
        return _tell(declined, DECLINED)
    except (Failed, OSError) as error:
        return _tell(error, FAILED)
    return DONE


def _read(arguments: Sequence[str]) -> tuple[str, argparse.Namespace]:
    word = arguments[0]
    parser = argparse.ArgumentParser(
        prog=f"machinedeck service {word}",
        description=_INSTALL if word == "install" else _UNINSTALL,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        type=Path,
        default=Path("/"),
        help="do it in the tree of another host, and leave this one alone",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, a line each, and do nothing"
    )
    if word == "install":
        parser.add_argument(
            "--replace", action="store_true", help="take the place of systemd-machined if there is one"
        )
    return word, parser.parse_args(arguments[1:])


def _tell(error: Exception, code: int) -> int:
    sys.stderr.write(f"machinedeck: {error}\n")
    return code
