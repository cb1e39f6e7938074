"""The console inside lab hosts, as if installed there: its sources, its locked dependencies, its command.

Sources are bound in, read-only, so that a host runs what the working tree holds. Dependencies are pure Python
and installed once per lock file. Compiled modules of both lie in the cache, a folder for each release, as the
hosts' Python is not the one that runs the tests.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.lab.container import Bind
from tests.lab.host import LabHost
from tests.lab.place import cache, locked, project, remove, run

INSIDE = "/opt/machinedeck"
SOURCES = ("service", "tui", "assets")

#: A path configuration file, see site(3py): read also by `python -I`, which reads no variable of Python's.
PATHS = f"""import sys; sys.pycache_prefix = "{INSIDE}/pycache"
{INSIDE}/service
{INSIDE}/tui
{INSIDE}/site
"""

#: What an installer makes of an entry of [project.scripts].
LAUNCHER = """#!/usr/bin/python3
import sys

from {module} import {function}

sys.exit({function}())
"""


def dependencies() -> Path:
    """The folder of the locked dependencies, installed if the lock file changed since they were."""
    key = hashlib.sha256((project() / "uv.lock").read_bytes()).hexdigest()[:12]
    home = cache() / "program" / key
    site = home / "site"
    if site.is_dir():
        return site
    with locked(cache() / "program.lock"):
        if not site.is_dir():
            home.mkdir(parents=True, exist_ok=True)
            _install(site)
    return site


def _install(site: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=".site-", dir=site.parent))
    try:
        unfinished.chmod(0o755)
        locks = unfinished / "requirements.txt"
        export = ("uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project")
        run(*export, "--project", project(), "--output-file", locks)
        # The oldest Python among the hosts' decides; what it needs beyond the others does no harm there.
        install = ("uv", "pip", "install", "--quiet", "--require-hashes", "--python-version=3.11")
        run(*install, "--python", sys.executable, "--target", unfinished, "--requirement", locks, timeout=300)
        unfinished.rename(site)
    finally:
        remove(unfinished)


def program_binds(suite: str) -> list[Bind]:
    """The folders that a lab host must be given to run the console."""
    site = dependencies()
    compiled = site.parent / f"pycache-{suite}"
    compiled.mkdir(exist_ok=True)
    sources = [Bind(project() / source, f"{INSIDE}/{source}") for source in SOURCES]
    return [*sources, Bind(site, f"{INSIDE}/site"), Bind(compiled, f"{INSIDE}/pycache", writable=True)]


def install_program(host: LabHost) -> None:
    """Make the `machinedeck` command work in a host that was given the folders, for all its users."""
    settings = tomllib.loads((project() / "pyproject.toml").read_text())["project"]
    version = host.ask("python3", "-c", "import sys; print('python%d.%d' % sys.version_info[:2])")
    packages = host.root / "usr/local/lib" / version / "dist-packages"
    packages.mkdir(parents=True, exist_ok=True)
    (packages / "machinedeck.pth").write_text(PATHS)
    facts = packages / f"{settings['name']}-{settings['version']}.dist-info"
    facts.mkdir()
    fields = f"Metadata-Version: 2.1\nName: {settings['name']}\nVersion: {settings['version']}\n"
    (facts / "METADATA").write_text(fields)
    for command, target in settings["scripts"].items():
        module, _, function = target.partition(":")
        launcher = host.root / "usr/local/bin" / command
        launcher.write_text(LAUNCHER.format(module=module, function=function))
        launcher.chmod(0o755)
    folders = [f"{INSIDE}/{source}" for source in SOURCES]
    if not any((dependencies().parent / f"pycache-{host.suite}").iterdir()):
        folders.append(f"{INSIDE}/site")
    # A source that does not compile shows when the console is run.
    host.run("python3", "-m", "compileall", "-q", "-j0", *folders, check=False, timeout=300)
