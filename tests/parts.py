"""All the tests in parts that run beside each other (`just test`), told of as one run of pytest would.

The lab waits for hosts most of the time, the rest computes. So each release's hosts and each area run in a
pytest of their own, a few at once. Each has a mount namespace of its own: what one mounts, no other sees.

Whoever names paths or asks for what concerns a single run (`-k`, `-x`, `--lf`, `--pdb` …) gets a single one.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.support.proof import document, gathered

PROJECT = Path(__file__).resolve().parents[1]

#: The longest first, for none to be left alone at the end. What has no part of its own is in the last.
PARTS = {
    "lab 257": ("tests/lab", "--release=trixie", "--beside"),
    "lab 252": ("tests/lab", "--release=bookworm", "--beside"),
    # Its machines alone have control groups where all parts see them.
    "service": ("tests/service",),
    "console": ("tests/console", "--beside"),
    "terminal": ("tests/terminal", "--beside"),
}
PARTS["rest"] = ("tests", *sorted({f"--ignore={words[0]}" for words in PARTS.values()}), "--beside")

#: How many run at once: with one more than there are processors, hosts are at times too slow for what waits.
AT_ONCE = max(2, os.cpu_count() or 1)

#: What may be asked of all parts alike.
COMMON = re.compile(r"-q+|-v+|-r[a-zA-Z]+|--durations=.*|--durations-min=.*|--tb=.*|--proof=.*|--color=.*")

#: Heads what pytest tells at the end: failures, durations, the summary.
HEADING = re.compile(r"(=+|!+) (?!test session starts)")

#: As pytest orders them.
OUTCOMES = ("failed", "passed", "skipped", "deselected", "xfailed", "xpassed", "warning", "error")
COUNTS = re.compile(rf"(\d+) ({'|'.join(OUTCOMES)})s?\b")
SUMMARY = re.compile(r"(=+ )?(no tests ran|\d+ \w+(, \d+ \w+)*) in [\d.]+s")

NO_TESTS = 5
"""The exit code of a pytest that found no test to run."""


@dataclass
class Part:
    """A pytest that runs: what it printed so far, and what of that is kept for its end."""

    name: str
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    ending: list[str] = field(default_factory=list)
    _begun: bytes = b""

    def read(self) -> Iterator[str]:
        """The whole lines that have come."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        *lines, self._begun = (self._begun + (data or b"\n" * bool(self._begun))).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        if not data:
            self.process.wait()
            self.seconds = time.monotonic() - self.began

    @property
    def summary(self) -> str:
        """The line that pytest ends with, without its frame; "" if it did not come to that."""
        said = [line for line in self.ending if SUMMARY.match(plain(line))]
        return plain(said[-1]).strip("= ") if said else ""

    @property
    def counts(self) -> Counter[str]:
        """How many passed, failed and so on."""
        return Counter({word: int(number) for number, word in COUNTS.findall(self.summary)})


def plain(line: str) -> str:
    """A line without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", line)


def apart() -> list[str]:
    """What has a part end with this process, and sees to it that no other part sees its mounts."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        return []
    words = ["setpriv", "--pdeathsig=INT", "unshare", "--mount", "--propagation=private"]
    return words if not subprocess.run([*words, "true"], capture_output=True, check=False).returncode else []


class Run:
    """The parts, from the first that starts to the last that ends."""

    def __init__(self, arguments: Sequence[str], notes: Path) -> None:
        """Take the arguments for all of them, and a folder for what they write for us."""
        self._arguments = [word for word in arguments if not word.startswith("--proof=")]
        self._notes = notes
        self._apart = apart()
        self._waiting = list(PARTS)
        self._selector = selectors.DefaultSelector()
        self._going: list[Part] = []
        self.done: list[Part] = []

    def play(self) -> None:
        """Run them all; interrupted, it has each end as pytest does, with what it has told by then."""
        while self._waiting or self._going:
            while self._waiting and len(self._going) < AT_ONCE:
                self._start(self._waiting.pop(0))
            for key, _ in self._selector.select():
                self._listen(key.data)

    def end(self, *_: object) -> None:
        """Interrupt those that run, and start no other."""
        self._waiting.clear()
        for part in self._going:
            part.process.send_signal(signal.SIGINT)

    def _start(self, name: str) -> None:
        words = [sys.executable, "-m", "pytest", *PARTS[name], "--no-header"]
        words += [
            f"-ocache_dir=.pytest_cache/{name}",
            f"--promises={self._notes / name}.json",
            *self._arguments,
        ]
        if sys.stdout.isatty():
            words.append("--color=yes")
        part = Part(
            name,
            subprocess.Popen(
                [*self._apart, *words],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # Else a key that interrupts would reach it twice: by the terminal, and by us.
                process_group=0,
            ),
        )
        self._going.append(part)
        assert part.process.stdout is not None
        self._selector.register(part.process.stdout, selectors.EVENT_READ, part)

    def _listen(self, part: Part) -> None:
        for line in part.read():
            if part.ending or HEADING.match(plain(line)):
                part.ending.append(line)
            elif line:
                say(f"{part.name:8} {line}")
        if part.process.returncode is not None:
            assert part.process.stdout is not None
            self._selector.unregister(part.process.stdout)
            part.process.stdout.close()
            self._going.remove(part)
            self.done.append(part)
            say(f"\n== {part.name}, {part.seconds:.0f} s", *part.ending, "")


def say(*lines: str) -> None:
    """Print lines at once: whoever reads a log sees how far it is."""
    print(*lines, sep="\n", flush=True)


def close(done: Sequence[Part], seconds: float) -> int:
    """Tell how all went together; returns the exit code."""
    for part in done:
        for line in part.ending:
            if re.match(r"(FAILED|ERROR) \S", plain(line)):
                say(line)
    say("", "== seconds of each part")
    for part in done:
        said = part.summary or f"ended with {part.process.returncode}"
        say(f"{part.seconds:6.0f}  {part.name:8}  {said}")
    counts = sum((part.counts for part in done), Counter[str]())
    said = ", ".join(
        f"{counts[word]} {word}{'s' * (word in {'warning', 'error'} and counts[word] > 1)}"
        for word in OUTCOMES
        if counts[word]
    )
    minutes, rest = divmod(round(seconds), 60)
    say(
        "",
        f" {said or 'no tests ran'} in {seconds:.2f}s ({minutes // 60}:{minutes % 60:02}:{rest:02}) ".center(
            80, "="
        ),
    )
    codes = {part.process.returncode for part in done}
    if codes <= {0, NO_TESTS}:
        return min(codes)
    return max(code if code > 0 else 128 - code for code in codes - {0, NO_TESTS})


def remember(names: Sequence[str]) -> None:
    """Have `pytest --lf` know what failed in the parts."""
    failed: dict[str, bool] = {}
    for name in names:
        path = PROJECT / ".pytest_cache" / name / "v/cache/lastfailed"
        failed |= json.loads(path.read_text()) if path.exists() else {}
    kept = PROJECT / ".pytest_cache/v/cache/lastfailed"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(failed, indent=2))


def main(arguments: Sequence[str]) -> int:
    """Run the tests that are asked for; returns the exit code."""
    if not all(COMMON.fullmatch(word) for word in arguments):
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])
    return whole(arguments)


def whole(arguments: Sequence[str]) -> int:
    """Run all tests, in parts; returns the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="machinedeck-parts-") as folder:
        run = Run(arguments, Path(folder))
        ended: list[int] = []

        def on_signal(number: int, _: FrameType | None) -> None:
            ended.append(number)
            run.end()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, on_signal)
        run.play()
        for word in arguments:
            if word.startswith("--proof="):
                Path(word.partition("=")[2]).write_text(document(gathered(Path(folder).glob("*.json"))))
    remember(list(PARTS))
    code = close(run.done, time.monotonic() - began)
    return 128 + ended[0] if ended else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
