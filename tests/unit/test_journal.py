"""The journal of actions, and where it is kept."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import pytest

from machinedeck.core import journal_file
from machinedeck.core.journal import FILE_NAME, Journal
from machinedeck.core.places import find_places
from machinedeck.model.deed import DONE, Deed
from machinedeck.sources.typed_path import proposed_path

DEED = Deed(12.0, "anna as root", "atlas", "stop", "web", "- 7", "systemctl stop web")


def test_what_was_begun_and_what_came_of_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    journal.begin(DEED)
    assert [deed.is_going_on for deed in journal] == [True]
    journal.end(DEED, DONE, 1.2345678)
    assert [(deed.is_done, deed.seconds) for deed in journal] == [(True, 1.235)]
    path = tmp_path / "state" / FILE_NAME
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["operator"], line["action"], line["result"]) for line in lines] == [
        ("anna as root", "stop", ""),
        ("anna as root", "stop", "done"),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_session_writes_on(tmp_path: Path) -> None:
    for _ in range(2):
        Journal(tmp_path).begin(DEED)
    assert len((tmp_path / FILE_NAME).read_text().splitlines()) == 2


def test_a_name_that_is_no_text_is_written(tmp_path: Path) -> None:
    Journal(tmp_path).begin(DEED._replace(subject="web\udcff"))
    assert json.loads((tmp_path / FILE_NAME).read_text())["subject"] == "web\udcff"


def test_a_link_is_not_followed_and_the_failure_is_kept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere")
    journal = Journal(tmp_path)
    journal.begin(DEED)
    assert journal.failure is not None
    assert list(journal) == [DEED], "what was done is kept all the same"
    assert (tmp_path / "elsewhere").read_text() == ""


@pytest.mark.promise("A home on a dead mount holds up no action", where="bare host")
def test_a_file_that_does_not_answer_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, write = threading.Event(), journal_file.write_lines

    def write_late(path: Path, deeds: Iterable[Deed]) -> None:
        answers.wait()
        write(path, deeds)

    monkeypatch.setattr(journal_file, "write_lines", write_late)
    monkeypatch.setattr(journal_file, "PATIENCE_SECONDS", 0.05)
    journal = Journal(tmp_path)
    journal.begin(DEED)
    assert "does not answer" in str(journal.failure)
    monkeypatch.setattr(journal_file, "PATIENCE_SECONDS", 1e6)
    journal.end(DEED, DONE, 1)  # nobody waits for the same file again
    assert "does not answer" in str(journal.failure)
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "journal":
            thread.join()
    assert journal.failure is None
    results = [json.loads(line)["result"] for line in (tmp_path / FILE_NAME).read_text().splitlines()]
    assert results == ["", DONE], "in order, once it answers"


def test_where_no_thread_can_be_had_the_next_line_takes_the_first_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    journal = Journal(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        journal.begin(DEED)
    assert "no thread" in str(journal.failure)
    journal.end(DEED, DONE, 1)
    assert journal.failure is None
    assert len((tmp_path / FILE_NAME).read_text().splitlines()) == 2


def test_export_overwrites_nothing(tmp_path: Path) -> None:
    journal = Journal(None)
    journal.begin(DEED)
    assert journal.export(tmp_path / "out") == 1
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        journal.export(tmp_path / "out")


def test_half_an_export_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(None)
    journal.begin(DEED)
    fdopen = os.fdopen

    def on_a_full_disk(fd: int, _mode: str) -> IO[bytes]:
        os.dup2((full := os.open("/dev/full", os.O_WRONLY)), fd)
        os.close(full)
        return fdopen(fd, "wb")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen", on_a_full_disk)
        with pytest.raises(OSError, match="No space left"):
            journal.export(tmp_path / "out")
    assert journal.export(tmp_path / "out") == 1


def test_where_the_folder_that_we_run_in_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert proposed_path("deeds") == f"{gone}/deeds"
    gone.rmdir()
    assert proposed_path("deeds") == "~/deeds"


def test_places_of_the_operator(tmp_path: Path) -> None:
    uid = tmp_path.stat().st_uid
    found = find_places({"HOME": str(tmp_path)}, uid)
    assert found == (tmp_path / ".config/machinedeck", tmp_path / ".local/state/machinedeck", "")
    found = find_places({"HOME": str(tmp_path), "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative"}, uid)
    assert found[:2] == (Path("/c/machinedeck"), tmp_path / ".local/state/machinedeck")
    assert find_places({}, 0).config is None


def test_a_home_that_is_not_roots_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = find_places({"HOME": str(home)}, 0)  # nobody owns what is not there
    assert found[:2] == (None, None)
    assert "sudo -H" in found.notice


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
@pytest.mark.parametrize("below", ["", "not/there/yet", "of-root"])
def test_folders_that_are_not_roots_are_left_alone(tmp_path: Path, below: str) -> None:
    theirs, home = tmp_path / "anna", tmp_path / "root"
    theirs.mkdir()
    home.mkdir()
    (theirs / "of-root").mkdir()
    os.chown(theirs, 65534, 65534)
    named = {"XDG_CONFIG_HOME": str(theirs / below), "XDG_STATE_HOME": str(theirs / below)}
    found = find_places({"HOME": str(home), **named}, 0)  # as su(1) leaves them
    assert found[:2] == (home / ".config/machinedeck", home / ".local/state/machinedeck")
    assert "XDG_STATE_HOME" in found.notice
    assert "XDG_CONFIG_HOME" in found.notice
    assert find_places({"HOME": str(theirs), **named}, 65534)[:2] == (theirs / below / "machinedeck",) * 2
