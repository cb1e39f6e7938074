"""What the console brings along until its first list is drawn: each module is time that an operator waits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.pty_program import PtyProgram

PROGRAM = """
import sys
from machinedeck.__main__ import main

file = sys.argv.pop(1)

def watch(event, about):
    # An audit hook (PEP 578): importing anything here would change what is looked at
    if event == "import" and about[0] == "machinedeck.ui.keyboard":
        follower = sys.modules["machinedeck.core.follower"].Follower
        release = follower.release_details

        def tell(self):
            with open(file + ".new", "w") as out:
                out.write("\\n".join(sys.modules))
            sys.modules["os"].rename(file + ".new", file)
            release(self)

        follower.release_details = tell  # called when the first picture is drawn, which has the first list

sys.addaudithook(watch)
sys.exit(main())
"""

NEEDLESS = {
    "ssl": "no socket of the console leaves the host; see `machined.loop`",
    "dbus_next.message_bus": "dbus-next gives types alone; see `machined.wire.library`",
    "xml.etree.ElementTree": "it comes with all of dbus-next",
    "textual.widgets._input": "it comes with Textual's own palette; see `machinedeck.ui.spared`",
    "textual.widgets._select": "as above",
    "textual.widgets._directory_tree": "as above",
    "asyncinotify": "folders are watched when the first picture is drawn",
    "ctypes": "it comes with asyncinotify",
    "multiprocessing": "nothing needs it",
    "humanize": "no size is written yet",
    "pyte": "no terminal is open yet",
    "machinedeck.ui.dialogs.form": "nothing is asked yet",
    "machinedeck.ui.dialogs.palette": "nobody typed `:` yet",
    "machinedeck.ui.screens.journal": "nobody typed `J` yet",
    "machinedeck.ui.panes.details": "nobody typed `i` yet",
    "machinedeck.ui.session": "no terminal is open yet",
    "machinedeck.cli.verbs": "no verb was given",
    "machinedeck.sources.usage.local": "what machines use is counted later",
}
"""What must not be imported until then, and why it need not."""

MOST_OF_OURS = 156
"""Modules of the project until then, at most: each costs a fifth of a millisecond before it does anything."""


@pytest.mark.promise(
    "The first list is drawn before anything is imported that it does not need", where="bare host"
)
def test_what_is_imported_until_the_first_list(tmp_path: Path) -> None:
    file = tmp_path / "modules"
    with PtyProgram([sys.executable, "-c", PROGRAM, str(file), "--demo"]) as console:
        console.wait_for("build-runner-7")
        console.wait(lambda _: file.exists())
        console.send(b"q")
        assert console.wait_end() == 0
    modules = file.read_text().splitlines()
    assert {name: why for name, why in NEEDLESS.items() if name in modules} == {}
    ours = [name for name in modules if name.split(".")[0] in {"machined", "machinedeck"}]
    assert 100 < len(ours) <= MOST_OF_OURS, f"{len(ours)}: {ours}"
