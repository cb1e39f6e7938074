"""Long work of our service on real systemd hosts: how much there may be, and what a kill makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.host import LabHost
from tests.lab.lives import INNER
from tests.lab.own_service import own, service_pid, until_back
from tests.lab.place import wait_until

__all__ = ["own"]

pytestmark = pytest.mark.lab()
MANAGER = ("org.freedesktop.machine1", "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager")
FILES = {"tree": 2000, "small": 50}
"""The images, and how many files are in each: the copy of one of them takes a while."""


@pytest.fixture(scope="module", autouse=True)
def stored(own: LabHost) -> Iterator[None]:
    for name, files in FILES.items():
        path = own.machines / name
        path.mkdir()
        for number in range(files):
            (path / f"file-{number}").write_bytes(b"x" * 500)
    yield
    own.ask("rm", "-rf", *(f"/var/lib/machines/{name}" for name in FILES))


def operating(host: LabHost, what: str, image: str) -> dict[str, Any]:
    script = (INNER / "operating.py").read_text()
    words = ("python3", "-I", "-", what, str(service_pid(host)), image)
    found: dict[str, Any] = json.loads(host.run(*words, stdin=script, timeout=240).stdout)
    return found


def left(host: LabHost) -> list[str]:
    """What is in the pool and among the locks, besides the images."""
    locks = host.root / "run/systemd/nspawn/locks"
    found = [*host.machines.iterdir(), *(locks.iterdir() if locks.exists() else ())]
    return [path.name for path in found if path.name not in {*FILES, "machined-quota"}]


@pytest.mark.promise("64 operations go on at once, the next is refused, and other calls are answered")
def test_as_much_goes_on_as_may(own: LabHost) -> None:
    done = operating(own, "most", "small")
    assert set(done["refused"]) == {"org.freedesktop.DBus.Error.LimitsExceeded"}
    assert len(done["refused"]) == 7
    assert done["before"] == [".host", "small", "tree"]
    assert done["took"] < 5
    assert (len(done["errors"]), done["copies"]) == (6, 64)
    assert done["unremoved"] == []
    assert done["after"] == [".host", "small", "tree"]
    assert left(own) == []


@pytest.mark.promise("Workers end with the service however that ends, and half an image is none")
def test_workers_end_with_a_killed_service(own: LabHost) -> None:
    before = service_pid(own)
    done = operating(own, "killed", "tree")
    assert done["workers"] == 8
    until_back(own, before)
    copies = [
        path for path in own.machines.glob("copy-*") if len(list(Path(path).iterdir())) == FILES["tree"]
    ]
    wait_until(lambda: set(left(own)) == {path.name for path in copies}, "nothing half done is left", 30)
    for path in copies:
        own.ask("machinectl", "remove", path.name)


@pytest.mark.promise(
    "Who may not begin long work does not cancel it either; root may, and nothing half done is left"
)
def test_who_cancels(own: LabHost) -> None:
    large = own.machines / "large"
    for number in range(10):
        shutil.copytree(own.machines / "tree", large / f"part-{number}")
    script = (INNER / "cancelling.py").read_text()
    for words in (("CloneImage", "ssb", "large", "copied", "false"), ("RemoveImage", "s", "large")):
        begin = ("python3", "-I", "-", str(service_pid(own)), *words)
        told = json.loads(own.run(*begin, stdin=script, timeout=240).stdout)
        assert "Interactive authentication required" in told["refused"]
        assert told["listed"] == [told["id"]]
        assert told["workers"] == 1
        assert (told["error"], told["message"]) == ("System.Error.ECANCELED", "The operation was cancelled.")
    assert not {"copied", "large"} & {path.name for path in own.machines.iterdir()}
    own.ask("busctl", "--timeout=120", "call", *MANAGER, "CleanPool", "s", "hidden", timeout=150)
    wait_until(lambda: left(own) == [], "nothing half done is left", 30)
