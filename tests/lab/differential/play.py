"""Plays the scenario on the host that this runs on, and prints a line of JSON for each step.

It changes that host as it likes: it is for lab hosts alone.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from tests.lab.differential.player.playing import Play
from tests.lab.differential.player.stage import Stage, tool

TOPICS = (
    "generic",
    "classes",
    "looking_up",
    "registration",
    "lifecycle",
    "log_control",
    "containers",
    "network",
    "os_release",
    "ids",
    "terminals",
    "shells",
    "binding",
    "copying",
    "limits",
    "troubles",
    "ending",
    "unasked",
    "absurdity",
)
IMAGE_TOPICS = ("images.ext4", "images.btrfs", "images.quota")
SCENARIOS = {"machines": TOPICS, "images": IMAGE_TOPICS}
RULES = Path("/etc/polkit-1/rules.d/10-lab.rules")
OS_RELEASE = Path("/etc/os-release")
TRUST = """polkit.addRule(function(action, subject) {
    if (subject.user == "games" && action.id.indexOf("org.freedesktop.machine1.") == 0)
        return polkit.Result.YES;
});
"""


def main() -> None:
    """Play the topics that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    unit = "systemd-machined.service"
    parser.add_argument("--stop", default=f"systemctl stop {unit}", help="the command that stops the service")
    parser.add_argument("--start", default=f"systemctl start {unit}", help="the command that starts it")
    parser.add_argument("--timed", action="store_true", help="print when each step was over, in seconds")
    parser.add_argument("--scenario", choices=SCENARIOS, default="machines")
    parser.add_argument("topics", nargs="*", help="topics, else all of the scenario")
    options = parser.parse_args()
    RULES.parent.mkdir(parents=True, exist_ok=True)
    RULES.write_text(TRUST)
    tool("systemctl", "try-restart", "polkit.service")
    # What is recorded must not change with each point release of Debian
    OS_RELEASE.unlink()
    OS_RELEASE.write_text("ID=lab-host\nVERSION_ID=1\n")
    play = Play(sys.stdout, is_timed=options.timed)
    stage = Stage(play, options.stop, options.start)
    for topic in options.topics or SCENARIOS[options.scenario]:
        play.topic(topic)
        began = time.monotonic()
        importlib.import_module(f"tests.lab.differential.topics.{topic}").play(play, stage)
        print(f"{topic}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    play.close()


if __name__ == "__main__":
    main()
