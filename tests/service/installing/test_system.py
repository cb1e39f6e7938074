"""What the operator is told where the running host says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from machined.installing import system
from machined.installing.errors import Declined, Failed
from machined.installing.system import System

LOGS = {
    "there": ("#!/bin/sh\necho it broke\n", "the unit failed Its log ends with: it broke"),
    "hangs": ("#!/bin/sh\nexec /bin/sleep 60\n", "the unit failed"),
    "missing": ("", "the unit failed"),
}


@pytest.mark.parametrize("log", LOGS)
def test_why_the_unit_does_not_start_is_told_with_or_without_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str
) -> None:
    script, told = LOGS[log]
    scripts = {
        "busctl": "#!/bin/sh\n",
        "systemctl": '#!/bin/sh\ncase "$1" in restart) echo the unit failed >&2; exit 1;; esac\n',
        "journalctl": script,
    }
    for name, text in scripts.items():
        if text:
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(system, "_QUICK", 0.5)
    with pytest.raises(Failed) as raised:
        System(lambda _line: None, is_dry=False).start(without_socket=False)
    assert str(raised.value) == f"systemctl restart {system.UNIT} failed: {told}"


ANSWERS = {
    "nobody": ('*NameHasOwner*) echo \'{"type":"b","data":[false]}\';;', None),
    "left meanwhile": (
        "*NameHasOwner*) if [ -e asked ]; then echo '{\"data\":[false]}'; else echo '{\"data\":[true]}'; fi;;"
        " *ProcessID*) : >asked; echo gone >&2; exit 1;;",
        None,
    ),
    "no bus": ("*) echo Failed to connect to bus >&2; exit 1;;", "Failed to connect to bus"),
    "no answer": (
        "*NameHasOwner*) echo '{\"data\":[true]}';; *) echo Connection timed out >&2; exit 1;;",
        "Connection timed out",
    ),
    "no word of the unit": (
        "*NameHasOwner*) echo '{\"data\":[true]}';; *ProcessID*) echo '{\"data\":[7]}';;"
        " *) echo Access denied >&2; exit 1;;",
        "Access denied",
    ),
    "another": (
        "*NameHasOwner*) echo '{\"data\":[true]}';; *ProcessID*) echo '{\"data\":[7]}';;"
        ' *MainPID*) echo \'{"data":[{"type":"u","data":8}]}\';;',
        "the process 7 serves",
    ),
    "the unit": (
        "*NameHasOwner*) echo '{\"data\":[true]}';; *ProcessID*) echo '{\"data\":[7]}';;"
        ' *MainPID*) echo \'{"data":[{"type":"u","data":7}]}\';;',
        None,
    ),
}
"""What busctl answers to which question, and what the operator is told."""


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_bus_that_does_not_say_is_not_taken_for_one_that_nobody_serves_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    cases, told = ANSWERS[answer]
    (tmp_path / "busctl").write_text(f'#!/bin/sh\ncase "$*" in {cases} esac\n')
    (tmp_path / "busctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    host = System(lambda _line: None, is_dry=True)
    if told is None:
        host.check_owner()
        assert host.is_serving() is (answer == "the unit")
    else:
        with pytest.raises((Failed, Declined), match=told):
            host.check_owner()
