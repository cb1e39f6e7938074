"""Code that others than root can change is not installed for root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from machined.installing import trust
from machined.installing.errors import Declined, Failed
from machined.installing.installation import Installation, Task
from tests.service.installing.conftest import snapshot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="giving files to others needs root")

NOBODY = 65534


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of code; what is above the tests' own folder is as it should be."""
    code = tmp_path / "code"
    (code / "bin").mkdir(parents=True)
    (code / "lib/package").mkdir(parents=True)
    (code / "bin/python").symlink_to("/usr/bin/python3")
    (code / "lib/package/module.py").write_text("")
    above = set(tmp_path.parents)
    real = trust._check
    monkeypatch.setattr(trust, "_check", lambda path: None if path in above else real(path))
    trust._members.cache_clear()
    return code


def found(code: Path) -> list[tuple[str, str]]:
    """What is wrong with it."""
    paths = [code / "bin/python", code / "lib"]
    return [(str(finding.path.relative_to(code)), finding.why) for finding in trust.findings(paths)]


def test_code_of_root_alone(code: Path) -> None:
    assert found(code) == []


@pytest.mark.parametrize("path", ["bin", ".", "lib", "lib/package", "lib/package/module.py"])
def test_all_may_write(code: Path, path: str) -> None:
    (code / path).chmod(0o777)
    assert found(code) == [(path, "can be written by everybody")]


@pytest.mark.parametrize("path", ["bin", ".", "lib/package/module.py", "bin/python"])
def test_it_belongs_to_a_user(code: Path, path: str) -> None:
    os.lchown(code / path, NOBODY, 0)
    expected = [] if path == "bin/python" else [(path, f"belongs to {pwd.getpwuid(NOBODY).pw_name}")]
    assert found(code) == expected  # a link is changed by who may write in its folder, by nobody else


def test_a_sticky_folder_is_no_place_for_code(code: Path) -> None:
    (code / "lib").chmod(0o1777)
    assert found(code) == [("lib", "can be written by everybody")]


def test_a_group_with_users_may_write(code: Path) -> None:
    user = next(user for user in pwd.getpwall() if user.pw_uid and user.pw_gid)
    os.chown(code / "lib/package", 0, user.pw_gid)
    (code / "lib/package").chmod(0o775)
    ((path, why),) = found(code)
    assert path == "lib/package"
    assert user.pw_name in why


def test_a_group_of_nobody_may_write(code: Path) -> None:
    taken = {user.pw_gid for user in pwd.getpwall()}
    group = next(number for number in range(61000, 62000) if number not in taken)
    os.chown(code / "lib", 0, group)
    (code / "lib").chmod(0o2775)
    assert found(code) == []


def test_what_a_link_in_it_leads_to(code: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere").chmod(0o777)
    (tmp_path / "elsewhere/other.py").write_text("")
    (code / "lib/other.py").symlink_to("../../elsewhere/other.py")
    ((path, why),) = [(finding.path, finding.why) for finding in trust.findings([code / "lib"])]
    assert (path, why) == (tmp_path / "elsewhere", "can be written by everybody")


def test_a_lock_that_an_installer_left_is_no_code(code: Path) -> None:
    (code / "lib/.lock").write_text("")
    (code / "lib/.lock").chmod(0o666)
    assert found(code) == []


def test_a_path_that_is_not_there(code: Path) -> None:
    assert not list(trust.findings([code / "lib/none.zip"]))
    (code / "lib").chmod(0o777)
    assert list(trust.findings([code / "lib/none.zip"])) == [
        trust.Finding(code / "lib", "can be written by everybody")
    ]


def test_what_an_interpreter_takes_code_from() -> None:
    paths = trust.code_paths(sys.executable)
    assert Path(sys.executable) in paths
    assert Path(os.__file__).parent in paths
    assert Path(trust.__file__).parents[1] in paths


def test_an_interpreter_that_cannot_run_the_service(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="does not run"):
        trust.code_paths(str(tmp_path / "python"))
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named machined' >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(Failed, match="cannot run the service: No module named machined"):
        trust.code_paths(str(python))


@pytest.mark.promise("It installs no code for root that somebody else can write", where="bare host")
@pytest.mark.parametrize("is_dry", [False, True])
def test_it_is_refused_with_the_place_and_what_to_do(code: Path, tmp_path: Path, is_dry: bool) -> None:
    (code / "lib").chmod(0o777)
    tree = tmp_path / "tree"
    tree.mkdir()
    task = Task(tree, str(code / "bin/python"), is_dry=is_dry)
    with pytest.raises(Declined, match=f"{code}/lib can be written by everybody\n.*chmod go-w") as declined:
        Installation(task, print, lambda python: [Path(python), code / "lib"]).install()
    assert "python3 -m venv /opt/machinedeck" in str(declined.value)
    assert snapshot(tree) == {}


def test_the_command_line(tmp_path: Path) -> None:
    """Whatever our own interpreter is like: the codes and the streams."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-m", "machined", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert "--replace" in run("install", "--help").stdout
    assert "--replace" not in run("uninstall", "--help").stdout
    for words in (["install", "--rot", "/x"], ["uninstall", "--replace"], ["install", "now"]):
        assert run(*words).returncode == 2
    nowhere = run("install", "--root", str(tmp_path / "none"))
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "is no folder to install into" in nowhere.stderr
    empty = run("uninstall", "--root", str(tmp_path))
    assert (empty.returncode, empty.stderr) == (0, "")
    assert "Nothing of machinedeck's service is installed" in empty.stdout
    assert not list(tmp_path.iterdir())
