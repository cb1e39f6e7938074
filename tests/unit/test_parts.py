"""All tests in parts: what `just test` tells of them, how it ends, and that an interrupt ends every part."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.parts import COMMON, PROJECT
from tests.support.proof import document, gathered

PLAY = """
import sys
from pathlib import Path
from tests import parts
folder, names, *arguments = sys.argv[1:]
parts.PARTS = {name: (f"--rootdir={folder}", f"{folder}/{name}.py") for name in names.split(",")}
parts.PROJECT = Path(folder)
sys.exit(parts.main(arguments))
"""

GOOD = "def test_one(): pass\ndef test_two(): pass\n"
BAD = "import pytest\ndef test_bad(): assert 1 == 2\n@pytest.mark.skip\ndef test_skipped(): pass\n"
BROKEN = "import no_such_module\n"
LONG = """
import time, pathlib
def test_long():
    try:
        pathlib.Path(__file__).with_suffix(".begun").touch()
        time.sleep(600)
    finally:
        pathlib.Path(__file__).with_suffix(".ended").touch()
"""
EMPTY = ""
# Of a plug-in, as what the project's own conftest adds is not there.
NOTES = """
def pytest_addoption(parser):
    parser.addoption("--promises")
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(NOTES)
    for name, text in {
        "good": GOOD,
        "fine": GOOD,
        "bad": BAD,
        "broken": BROKEN,
        "long": LONG,
        "empty": EMPTY,
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def words(files: Path, names: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", PLAY, str(files), names, *arguments]


def played(files: Path, names: str, *arguments: str) -> tuple[int, list[str]]:
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        words(files, names, *arguments), env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_what_passes_is_counted_together(files: Path) -> None:
    code, lines = played(files, "good,empty,fine", "--durations=3")
    assert code == 0
    assert lines[-1].strip("= ").startswith("4 passed in ")
    at = lines.index("== seconds of each part")
    assert sorted(line.split()[1] for line in lines[at + 1 : -2]) == ["empty", "fine", "good"]


def test_what_fails_is_named_at_the_end_and_known_to_the_next_run(files: Path) -> None:
    code, lines = played(files, "good,bad,broken")
    assert code == 2  # as of a pytest that could not collect
    assert lines[-1].strip("= ").split(" in ")[0].split(", ") == [
        "1 failed",
        "2 passed",
        "1 skipped",
        "1 error",
    ]
    at = lines.index("== seconds of each part")
    assert {line.split(" - ")[0].split("::")[-1] for line in lines[at - 3 : at - 1]} >= {"test_bad"}
    failed = json.loads((files / ".pytest_cache/v/cache/lastfailed").read_text())
    assert {name.rpartition("/")[2] for name in failed} == {"bad.py::test_bad", "broken.py"}


def test_what_is_told_of_one_part_is_told_in_one_piece(files: Path) -> None:
    _, lines = played(files, "bad,good")
    began = next(at for at, line in enumerate(lines) if line.startswith("== bad, "))
    ended = next(at for at, line in enumerate(lines) if at > began and "1 failed, 1 skipped in" in line)
    assert not [line for line in lines[began + 1 : ended] if line.startswith(("== ", "good", "bad "))]


def test_no_tests_at_all(files: Path) -> None:
    code, lines = played(files, "empty")
    assert code == 5
    assert lines[-1].strip("= ").startswith("no tests ran in ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_part(files: Path, number: signal.Signals) -> None:
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    (files / "late.py").write_text(LONG)
    with subprocess.Popen(
        words(files, "long,late"), env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        while not ((files / "long.begun").exists() and (files / "late.begun").exists()):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        said = process.stdout.read()
    assert process.returncode == 128 + number
    assert (files / "long.ended").exists()
    assert (files / "late.ended").exists()
    assert said.count("KeyboardInterrupt") >= 2


@pytest.mark.parametrize("argument", ["tests/unit", "-x", "-k", "--lf", "-s", "--collect-only", "-qx"])
def test_what_concerns_a_single_run_is_a_single_run(argument: str) -> None:
    assert not COMMON.fullmatch(argument)


def test_a_path_is_given_to_a_single_pytest(files: Path) -> None:
    code, lines = played(files, "bad", f"--rootdir={files}", str(files / "good.py"))
    assert code == 0
    assert lines[-1].strip("= ").startswith("2 passed in ")
    assert "== seconds of each part" not in lines


def test_the_promises_of_all_parts_are_one_list(tmp_path: Path) -> None:
    one = {
        "It holds": {"places": ["lab 252"], "tests": ["a.py::one"], "results": []},
        "It fails": {"places": ["lab 252"], "tests": ["a.py::two"], "results": []},
    }
    other = {
        "It holds": {"places": ["lab 257"], "tests": ["a.py::one", "b.py::one"], "results": []},
        "It fails": {"places": ["simulated"], "tests": ["b.py::two"], "results": ["failed"]},
    }
    (tmp_path / "one.json").write_text(json.dumps(one))
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert document(gathered(tmp_path.glob("*.json"))).splitlines()[-2:] == [
        "| It fails | lab 252, simulated | **failed** | `a.py::two`<br>`b.py::two` |",
        "| It holds | lab 252, lab 257 | holds | `a.py::one`<br>`b.py::one` |",
    ]
