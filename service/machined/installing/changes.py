"""The files of an installation: what is to be done, and doing it so that nothing stays half done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from machined.installing.contents import Contents
from machined.installing.manifest import PATH, Entry, Manifest
from machined.installing.tree import Tree


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done at one path."""

    path: str
    word: str
    """What is done, in a word for the operator."""
    after: Contents | None
    """What is there then; None for nothing."""
    note: str = ""
    """What the operator should know beside it."""
    is_done: bool = False
    """Whether nothing is to be done."""
    is_forgotten: bool = False
    """Whether it is nothing of ours from then on."""

    def __str__(self) -> str:
        return f"{self.word} {self.path}" + (f" ({self.note})" if self.note else "")


@dataclass(slots=True)
class Plan:
    """All that is to be done to the files of a tree, in order."""

    changes: list[Change] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    """Folders to make first, or, where all goes, to remove last."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done."""
        return all(change.is_done for change in self.changes)


def plan_install(tree: Tree, manifest: Manifest, wanted: Mapping[str, Contents]) -> Plan:
    """What brings `wanted` into place; what an older version put elsewhere goes."""
    plan = Plan()
    for path, contents in wanted.items():
        plan.changes.append(_placing(tree, manifest, path, contents))
        if not plan.changes[-1].is_done:
            plan.folders += [one for one in tree.lacking_folders(path) if one not in plan.folders]
    for path, entry in manifest.entries.items():
        if path not in wanted:
            plan.changes.append(_removal(path, entry, tree.read(path)))
    return plan


def _placing(tree: Tree, manifest: Manifest, path: str, contents: Contents) -> Change:
    there, entry = tree.read(path), manifest.entries.get(path)
    if there is None:
        return Change(path, "write", contents)
    if entry is None or _is_as_before(entry, there):
        return Change(path, "replace", contents, "what is there comes back when the service is uninstalled")
    if there.digest == contents.digest:
        return Change(path, "keep", there, "in place already", is_done=True)
    if entry.is_ours(there):
        return Change(path, "update", contents)
    return Change(path, "leave", there, "changed by hand since it was installed", is_done=True)


def _is_as_before(entry: Entry, there: Contents) -> bool:
    """Whether what was there before us is there, and not as something of ours."""
    return entry.before is not None and there.digest == entry.before.digest and not entry.is_ours(there)


def plan_uninstall(tree: Tree, manifest: Manifest) -> Plan:
    """What brings back what was there before."""
    entries = reversed(manifest.entries.items())
    changes = [_removal(path, entry, tree.read(path)) for path, entry in entries]
    return Plan(changes, list(reversed(manifest.folders)))


def _removal(path: str, entry: Entry, there: Contents | None) -> Change:
    before = entry.before
    if before is not None and (there is None or entry.is_ours(there)):
        return Change(path, "restore", before, "as it was before", is_forgotten=True)
    if entry.is_ours(there):
        return Change(path, "remove", None, is_forgotten=True)
    if there is None or _is_as_before(entry, there):
        return Change(path, "forget", there, "nothing of ours is there", is_done=True, is_forgotten=True)
    note = "changed by hand since it was installed: remove it yourself, then uninstall again"
    return Change(path, "leave", there, note, is_done=True)


class Work:
    """The doing of a plan: all of it, or, if something fails, nothing.

    Args:
        tree: Where.
        manifest: What is installed there; it is brought up to date and written.
    """

    def __init__(self, tree: Tree, manifest: Manifest) -> None:
        self._tree = tree
        self._manifest = manifest
        self._before: dict[str, Contents | None] = {PATH: tree.read(PATH)}
        self._made = tree.lacking_folders(PATH)

    def install(self, plan: Plan, *, replaces: bool) -> None:
        """Do what `plan_install` planned. Raises OSError or Failed; then call `undo`."""
        self._manifest.replaces |= replaces
        self._manifest.folders += [one for one in plan.folders if one not in self._manifest.folders]
        for change in plan.changes:
            if not change.is_done and not change.is_forgotten and change.after is not None:
                entry = self._manifest.entries.setdefault(change.path, Entry(self._tree.read(change.path)))
                digests = [one for one in entry.digests if one != change.after.digest]
                entry.digests = [*digests, change.after.digest]
        self._manifest.save(self._tree)
        for folder in plan.folders:
            if folder in self._tree.lacking_folders(f"{folder}/within"):
                self._tree.make_folder(folder)
                self._made.append(folder)
        self._do(plan)
        self._manifest.save(self._tree)

    def uninstall(self, plan: Plan) -> None:
        """Do what `plan_uninstall` planned. Raises OSError or Failed; then call `undo`.

        What was there is still written down, so that it can be told again until `forget`.
        """
        self._do(plan)

    def forget(self, plan: Plan) -> None:
        """Write down no more what was uninstalled. Raises OSError."""
        if self._manifest.entries:
            self._manifest.save(self._tree)
            return
        self._tree.remove(PATH)
        for folder in plan.folders:
            self._tree.drop_folder(folder)

    def undo(self) -> None:
        """Have everything as it was before the plan. Raises OSError."""
        for path, contents in reversed(self._before.items()):
            if contents is not None:
                for folder in self._tree.lacking_folders(path):
                    self._tree.make_folder(folder)
                self._tree.put(path, contents)
            elif not self._tree.lacking_folders(path):
                self._tree.remove(path)
        for folder in reversed(self._made):
            self._tree.drop_folder(folder)

    def _do(self, plan: Plan) -> None:
        for change in plan.changes:
            if not change.is_done:
                self._before[change.path] = self._tree.read(change.path)
                self._set(change)
            if change.is_forgotten:
                self._tree.sweep(change.path)
                del self._manifest.entries[change.path]

    def _set(self, change: Change) -> None:
        if change.after is None:
            self._tree.remove(change.path)
            return
        for folder in self._tree.lacking_folders(change.path):
            self._tree.make_folder(folder)
        self._tree.put(change.path, change.after)
