"""What the operator is told where the running host says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from machined.installing import system
from machined.installing.errors import Failed
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
