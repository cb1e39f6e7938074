"""The whole of installing and uninstalling, in order: looking, refusing, files, the running host."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from machined.installing import system, trust
from machined.installing.changes import Plan, Work, plan_install, plan_uninstall
from machined.installing.errors import Declined, Failed
from machined.installing.manifest import Manifest, load
from machined.installing.system import System
from machined.installing.tree import Tree
from machined.installing.wanted import SOCKET, UNIT, UNIT_FOLDER, find_unit, is_loadable, wanted_files

_MOST_FINDINGS = 5
"""How many things that others can write are named; one folder can hold thousands."""


class Task(NamedTuple):
    """What is asked for."""

    root: Path
    """The root of the host to install on."""
    python: str
    """The interpreter that is to run the service."""
    is_dry: bool = False
    """Whether to say only what would be done."""
    replaces: bool = False
    """Whether systemd-machined may be replaced."""


class Installation:
    """The service on a host, or in a tree that is to become one.

    Args:
        task: What is asked for.
        write: Is given the lines for the operator.
        code_paths: What the interpreter takes code from; asked of it unless given.

    Attributes:
        tree: The files of the host.
        is_of_host: Whether it is the host that we run on.
    """

    def __init__(
        self,
        task: Task,
        write: Callable[[str], None],
        code_paths: Callable[[str], list[Path]] = trust.code_paths,
    ) -> None:
        self.tree = Tree(task.root)
        self.is_of_host = self.tree.is_host
        self._task = task
        self._write = write
        self._code_paths = code_paths
        self._is_live = self.is_of_host and system.is_running()
        self._system = System(self._say, is_dry=task.is_dry)

    def install(self) -> None:
        """Put the service in place.

        Raises:
            Declined: It must not be, as things are; nothing was changed.
            Failed: Something went wrong; everything is as it was unless the text says otherwise.
        """
        task = self._task
        manifest = load(self.tree)
        self._check_code()
        theirs = find_unit(self.tree, UNIT, manifest)
        if theirs is not None and not (task.replaces or manifest.replaces):
            raise Declined(
                f"systemd-machined is installed here ({self.tree.place(theirs)})."
                " To put this service in its place: machinedeck service install --replace."
                " To have it back later: machinedeck service uninstall."
            )
        was_serving = False
        if self._is_live:
            self._system.check_owner()
            was_serving = self._system.is_serving()
        wanted = wanted_files(self.tree, manifest, task.python)
        plan = plan_install(self.tree, manifest, wanted)
        self._tell(plan, "make")
        without_socket = f"{UNIT_FOLDER}/{SOCKET}" in wanted
        if task.is_dry:
            self._start(plan, without_socket=without_socket)
            return
        work = Work(self.tree, manifest)
        try:
            if not plan.is_done:
                work.install(plan, replaces=task.replaces)
            self._start(plan, without_socket=without_socket)
        except BaseException as error:
            self._undo(work, error, was_serving=was_serving)
            raise

    def uninstall(self) -> None:
        """Take the service away, and bring back what was there before.

        Raises:
            Failed: Something went wrong; the text says what.
        """
        manifest = load(self.tree)
        if not manifest.entries:
            self._write(f"Nothing of machinedeck's service is installed in {self.tree.root}.")
            return
        is_replaced = is_loadable(self.tree, UNIT, manifest)
        had_socket = f"{UNIT_FOLDER}/{SOCKET}" in manifest.entries
        plan = plan_uninstall(self.tree, manifest)
        self._tell(plan, "remove, once it is empty,")
        work = Work(self.tree, manifest)
        if not self._task.is_dry:
            try:
                work.uninstall(plan)
                if not self._is_live:
                    work.forget(plan)
            except BaseException as error:
                self._undo_files(work, error)
                raise
        if not self._is_live:
            return
        self._give_back(was_there=is_replaced, had_socket=had_socket)
        if not self._task.is_dry:
            work.forget(plan)  # not before: else what has failed by now could not be tried again

    def _give_back(self, *, was_there: bool, had_socket: bool) -> None:
        try:
            self._system.give_back(
                was_there=was_there, had_socket=had_socket, was_serving=self._system.is_serving()
            )
        except Failed as error:
            raise Failed(
                f"{error} The files are as they were before. For the rest: machinedeck service uninstall"
            ) from error

    def _check_code(self) -> None:
        found = list(islice(trust.findings(self._code_paths(self._task.python)), _MOST_FINDINGS))
        if found:
            lines = [f"  {finding.path} {finding.why}" for finding in found]
            raise Declined(
                "root would run code that others can change:\n"
                + "\n".join(lines)
                + "\nIf they are there for root's programs alone: chown root: and chmod go-w what is named."
                " Else install machinedeck where only root can write:"
                " python3 -m venv /opt/machinedeck && /opt/machinedeck/bin/pip install machinedeck"
            )

    def _start(self, plan: Plan, *, without_socket: bool) -> None:
        if not self._is_live:
            if self.is_of_host:
                self._write("systemd does not run here: the service starts once it does and somebody asks.")
            return
        if not plan.is_done or not self._system.is_serving():
            self._system.start(without_socket=without_socket)

    def _undo(self, work: Work, error: BaseException, *, was_serving: bool) -> None:
        self._undo_files(work, error)
        if not self._is_live:
            return
        nothing = Manifest()
        was_there, had_socket = (is_loadable(self.tree, unit, nothing) for unit in (UNIT, SOCKET))
        try:
            self._system.give_back(was_there=was_there, had_socket=had_socket, was_serving=was_serving)
        except Failed as another:
            raise Failed(f"{error} The files are as they were, but: {another}") from error

    def _undo_files(self, work: Work, error: BaseException) -> None:
        self._write("It failed: everything is put back as it was.")
        try:
            work.undo()
        except OSError as another:
            raise Failed(
                f"{error} It could not be undone: {another}. Try: machinedeck service uninstall"
            ) from error

    def _tell(self, plan: Plan, word: str) -> None:
        folders = [f"{word} the folder {folder}" for folder in plan.folders]
        changes = [str(change) for change in plan.changes]
        is_first = word == "make"
        for line in folders + changes if is_first else changes + folders:
            self._say(line)

    def _say(self, line: str) -> None:
        self._write(f"would {line}" if self._task.is_dry else line)
