"""Installing into a tree: what is put where, and that uninstalling leaves nothing of it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from machined.installing import contents
from machined.installing.contents import Contents
from machined.installing.errors import Declined, Failed
from machined.installing.installation import Installation, Task
from machined.installing.manifest import PATH
from machined.installing.tree import Tree
from machined.installing.wanted import SOCKET, UNIT, quoted
from tests.service.installing.conftest import PACKAGED, PYTHON, Installer, snapshot

UNIT_FILE = f"etc/systemd/system/{UNIT}"
POLICY = "etc/dbus-1/system.d/org.freedesktop.machine1.conf"
ACTIVATION = "usr/local/share/dbus-1/system-services/org.freedesktop.machine1.service"
ACTIONS = "usr/share/polkit-1/actions/org.freedesktop.machine1.policy"


def test_everything_is_put_in_place(installer: Installer) -> None:
    installer.run("install")
    root = installer.root
    assert f"\nExecStart={PYTHON} -I -m machined --system\n" in (root / UNIT_FILE).read_text()
    assert (root / "etc/systemd/system/dbus-org.freedesktop.machine1.service").readlink() == Path(UNIT)
    for path in (POLICY, ACTIVATION, ACTIONS):
        assert "org.freedesktop.machine1" in (root / path).read_text()
    assert not (root / f"etc/systemd/system/{SOCKET}").is_symlink()
    modes = {oct(stat.S_IMODE((root / path).stat().st_mode)) for path in (UNIT_FILE, POLICY, ACTIONS)}
    assert modes == {"0o644"}
    assert not list(root.rglob("*.machinedeck"))


@pytest.mark.promise("Uninstalling the service leaves a host as it was before", where="bare host")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_uninstalling_leaves_nothing(installer: Installer, host: Installer, umask: int) -> None:
    before = snapshot(host.root)
    old = os.umask(umask)
    try:
        host.run("install", replaces=True)
        assert snapshot(host.root) != before
        assert stat.S_IMODE((host.root / "etc/dbus-1").stat().st_mode) == 0o755
        host.run("uninstall")
    finally:
        os.umask(old)
    assert snapshot(host.root) == before
    assert host.run("uninstall") == [
        f"Nothing of machinedeck's service is installed in {os.path.realpath(host.root)}."
    ]


def test_an_empty_tree_is_empty_again(installer: Installer) -> None:
    installer.run("install")
    installer.run("uninstall")
    assert snapshot(installer.root) == {}


def test_what_was_replaced_comes_back(host: Installer) -> None:
    own = host.root / UNIT_FILE
    own.write_text("[Service]\nExecStart=/opt/mine\n")
    own.chmod(0o600)
    os.utime(own, ns=(10**18, 10**18))
    (host.root / "etc/systemd/system/dbus-org.freedesktop.machine1.service").symlink_to("/dev/null")
    (host.root / POLICY).parent.mkdir(parents=True)
    (host.root / POLICY).write_text("<mine/>")
    before = snapshot(host.root)
    lines = host.run("install", replaces=True)
    assert any(line.startswith(f"replace /{POLICY} (what is there comes back") for line in lines)
    host.run("install", replaces=True)
    assert host.run("uninstall").count(f"restore /{POLICY} (as it was before)") == 1
    assert snapshot(host.root) == before


def test_a_second_time_changes_nothing(host: Installer) -> None:
    host.run("install", replaces=True)
    before = snapshot(host.root)
    lines = host.run("install", replaces=True)
    assert snapshot(host.root) == before
    assert {line.split()[0] for line in lines} == {"keep"}
    assert host.run("install") == lines  # it was told to replace systemd-machined the first time


@pytest.mark.parametrize("word", ["install", "uninstall"])
def test_a_dry_run_only_tells(host: Installer, word: str) -> None:
    if word == "uninstall":
        host.run("install", replaces=True)
    before = snapshot(host.root)
    told = host.run(word, is_dry=True, replaces=True)
    assert snapshot(host.root) == before
    assert told
    assert all(line.startswith("would ") for line in told)
    assert [line.removeprefix("would ") for line in told] == host.run(word, replaces=True)


def test_what_was_changed_by_hand_is_left_and_told_of(host: Installer) -> None:
    before = snapshot(host.root)
    host.run("install", replaces=True)
    unit, policy = host.root / UNIT_FILE, host.root / POLICY
    unit.write_text(unit.read_text() + "Nice=3\n")
    policy.unlink()
    assert f"leave /{UNIT_FILE} (changed by hand since it was installed)" in host.run("install")
    assert policy.exists()
    lines = host.run("uninstall")
    assert any(line.startswith(f"leave /{UNIT_FILE} (changed by hand") for line in lines)
    assert unit.read_text().endswith("Nice=3\n")
    assert not policy.exists()
    unit.unlink()
    host.run("uninstall")
    assert snapshot(host.root) == before


def test_what_was_there_comes_back_after_a_change_by_hand(host: Installer) -> None:
    unit = host.root / UNIT_FILE
    unit.write_text("[Service]\nExecStart=/opt/mine\n")
    before = snapshot(host.root)
    host.run("install", replaces=True)
    unit.write_text("[Service]\nExecStart=/opt/another\n")
    host.run("uninstall")
    assert "another" in unit.read_text()
    unit.unlink()
    host.run("uninstall")
    assert snapshot(host.root) == before


def test_folders_that_others_use_by_now_stay(installer: Installer) -> None:
    installer.run("install")
    other = installer.root / "etc/dbus-1/system.d/other.conf"
    other.write_text("<other/>")
    installer.run("uninstall")
    assert [path for path in installer.root.rglob("*") if path.is_file()] == [other]
    assert not (installer.root / "usr").exists()


def test_a_newer_version_takes_the_place_of_an_older(
    host: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(host.root)
    host.run("install", replaces=True)
    newer = {f"/{UNIT_FILE}": Contents(b"newer"), "/etc/new/place": Contents(b"new")}
    with monkeypatch.context() as patch:
        patch.setattr("machined.installing.installation.wanted_files", lambda *_: newer)
        lines = host.run("install")
        assert f"update /{UNIT_FILE}" in lines
        assert f"remove /{POLICY}" in lines
        assert (host.root / UNIT_FILE).read_text() == "newer"
        assert not (host.root / POLICY).exists()
    host.run("install")  # the older one again
    assert not (host.root / "etc/new/place").exists()
    host.run("uninstall")
    assert snapshot(host.root) == before


def test_the_file_of_a_package_is_not_replaced(host: Installer) -> None:
    host.run("install", replaces=True)
    assert (host.root / ACTIONS).read_text() == "<policyconfig/>\n"
    assert "create-machine" in (host.root / ACTIONS).with_name("io.machinedeck.machine1.policy").read_text()
    assert "systemd-machined" in (host.root / PACKAGED).read_text()


def test_the_socket_of_newer_versions_is_masked(host: Installer, add_socket: Callable[[], None]) -> None:
    add_socket()
    before = snapshot(host.root)
    host.run("install", replaces=True)
    assert (host.root / f"etc/systemd/system/{SOCKET}").readlink() == Path("/dev/null")
    host.run("install")
    assert (host.root / f"etc/systemd/system/{SOCKET}").readlink() == Path("/dev/null")
    host.run("uninstall")
    assert snapshot(host.root) == before


class TestRefusals:
    @pytest.mark.promise("It never takes systemd-machined's place without being told to", where="bare host")
    @pytest.mark.parametrize(
        "folder", ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system", "run/systemd/system"]
    )
    def test_systemd_machined_is_there(self, installer: Installer, folder: str) -> None:
        (installer.root / folder).mkdir(parents=True)
        (installer.root / folder / UNIT).write_text("[Service]\n")
        before = snapshot(installer.root)
        with pytest.raises(Declined, match=r"is installed here .*install --replace.*uninstall"):
            installer.run("install")
        with pytest.raises(Declined):
            installer.run("install", is_dry=True)
        assert snapshot(installer.root) == before

    def test_it_is_masked(self, host: Installer) -> None:
        (host.root / UNIT_FILE).symlink_to("/dev/null")
        with pytest.raises(Declined, match=PACKAGED):
            host.run("install")

    def test_a_mask_alone_is_no_systemd_machined(self, installer: Installer) -> None:
        (installer.root / UNIT_FILE).parent.mkdir(parents=True)
        (installer.root / UNIT_FILE).symlink_to("/dev/null")
        installer.run("install")
        installer.run("uninstall")
        assert (installer.root / UNIT_FILE).readlink() == Path("/dev/null")

    def test_another_installation_is_at_work(self, installer: Installer) -> None:
        first, second = Tree(installer.root), Tree(installer.root)
        with first.held(), pytest.raises(Declined, match="at work"), second.held():
            raise AssertionError
        with second.held():
            assert not (installer.root / PATH[1:]).exists()

    def test_a_manifest_that_makes_no_sense(self, installer: Installer) -> None:
        installer.run("install")
        manifest = installer.root / PATH[1:]
        for text in ("{", "[]", '{"format": 2}', '{"format": 1, "entries": {"/etc/x": 5}}'):
            manifest.write_text(text)
            for word in ("install", "uninstall"):
                with pytest.raises(Failed, match="cannot be read"):
                    installer.run(word)

    def test_a_folder_is_in_the_way(self, installer: Installer) -> None:
        (installer.root / POLICY).mkdir(parents=True)
        before = snapshot(installer.root)
        with pytest.raises(Failed, match="is no file"):
            installer.run("install")
        assert snapshot(installer.root) == before

    @pytest.mark.parametrize(
        "python", ["python", "/opt/a\nb/py", "/opt/a\x7f/py", '/opt/a"b/py', "/opt/a'b/py", "/opt/a\\b/py"]
    )
    def test_an_interpreter_that_no_unit_can_name(self, installer: Installer, python: str) -> None:
        with pytest.raises(Declined, match="cannot be named in a unit"):
            Installation(Task(installer.root, python), print, lambda _: []).install()
        assert snapshot(installer.root) == {}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/usr/bin/python3.11", "/usr/bin/python3.11"),
        ("/opt/a b/python", '"/opt/a b/python"'),
        ("/opt/100%/python", "/opt/100%%/python"),
    ],
)
def test_paths_in_units(path: str, written: str) -> None:
    assert quoted(path) == written


class TestTrouble:
    @pytest.mark.parametrize("word", ["install", "uninstall"])
    @pytest.mark.parametrize("at", range(1, 8))
    def test_a_disk_that_fills_up(
        self, host: Installer, monkeypatch: pytest.MonkeyPatch, word: str, at: int
    ) -> None:
        """Whichever write fails, everything is as it was."""
        if word == "uninstall":
            host.run("install", replaces=True)
        (host.root / POLICY).parent.mkdir(parents=True, exist_ok=True)
        (host.root / POLICY).write_text("<mine/>")
        before = snapshot(host.root)
        count = 0
        real = contents.put

        def put(path: Path, what: Contents) -> None:
            nonlocal count
            count += 1
            if count == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(path, what)

        monkeypatch.setattr(contents, "put", put)
        with contextlib.suppress(OSError):
            host.run(word, replaces=True)
        if count >= at:
            assert "It failed: everything is put back as it was." in host.lines
            assert snapshot(host.root) == before
        else:
            assert at > (7 if word == "install" else 1)  # there are no more writes than that

    @pytest.mark.parametrize("at", range(1, 8))
    def test_an_installation_that_is_cut_off_can_be_undone(
        self, host: Installer, monkeypatch: pytest.MonkeyPatch, at: int
    ) -> None:
        before = snapshot(host.root)
        count = 0
        real = contents.put

        def put(path: Path, what: Contents) -> None:
            nonlocal count
            count += 1
            if count >= at:
                raise KeyboardInterrupt
            real(path, what)

        with monkeypatch.context() as patch:
            patch.setattr(contents, "put", put)
            patch.setattr("machined.installing.changes.Work.undo", lambda _: None)  # as if killed
            with pytest.raises(KeyboardInterrupt):
                host.run("install", replaces=True)
        host.run("uninstall")
        left = {path: what for path, what in snapshot(host.root).items() if what[0] != "folder"}
        assert left == {path: what for path, what in before.items() if what[0] != "folder"}

    def test_what_a_killed_installation_left_half_written(self, installer: Installer) -> None:
        installer.run("install")
        for path in (PATH[1:], POLICY, ACTIONS):
            contents.unfinished(installer.root / path).write_text("half of i")
        (installer.root / POLICY).unlink()
        installer.run("uninstall")
        assert snapshot(installer.root) == {}


class TestLinks:
    @pytest.mark.promise("--root DIR touches nothing outside of DIR", where="bare host")
    def test_links_of_the_tree_lead_within_the_tree(self, installer: Installer, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        root = installer.root
        (root / "data/etc").mkdir(parents=True)
        (root / "etc").symlink_to("/data/etc")
        (root / "usr").symlink_to("../../../../../data/usr")
        (root / "data/usr").mkdir()
        (root / "var").symlink_to(outside)  # leads to a folder of that path in the tree
        (root / str(outside)[1:]).mkdir(parents=True)
        before = snapshot(root)
        installer.run("install")
        assert (root / "data" / UNIT_FILE).exists()
        assert (root / "data" / ACTIVATION).exists()
        assert (root / str(outside)[1:] / "lib/machinedeck/installed.json").exists()
        assert not list(outside.iterdir())
        installer.run("uninstall")
        assert snapshot(root) == before

    def test_a_circle_of_links(self, installer: Installer) -> None:
        (installer.root / "etc").symlink_to("/usr")
        (installer.root / "usr").symlink_to("/etc")
        with pytest.raises(Failed, match="too many symbolic links"):
            installer.run("install")
