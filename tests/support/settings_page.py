"""The page of settings, made from the table of them.

`python -m tests.support.settings_page` writes it anew.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from machinedeck.core.config import FILE_NAME
from machinedeck.core.settings import SETTINGS, Setting

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

HEAD = f"""# Settings

Machinedeck reads `{FILE_NAME}` from `$XDG_CONFIG_HOME/machinedeck/`, else from `~/.config/machinedeck/`,
once, when it starts; `--config FILE` has it read another file. It is [TOML](https://toml.io). What is left
out has its default.

A mistake ends the start with exit code 2, and is told with its file, its line and what was expected:

```
machinedeck: /root/.config/machinedeck/config.toml:4: console.theme is 'lite', expected one of dark, light.
```

Under sudo, HOME may be that of somebody else. Where root does not own it, nothing is read from there and
nothing is written there, and a notice says so; `sudo -H` gives root its own. Nor does root take a folder
of somebody else from `$XDG_CONFIG_HOME` or `$XDG_STATE_HOME`, which `su` leaves as they were.

Some of it can be said otherwise too: `--read-only`, `--no-mouse` and `--leave-key KEY` (or
`MACHINEDECK_LEAVE_KEY`) on the command line come before the file. `NO_COLOR` in the environment takes all
colours away. A locale without UTF-8 gets plain ASCII whatever is set.

What is done from the console is noted in `$XDG_STATE_HOME/machinedeck/journal.jsonl`, else in
`~/.local/state/machinedeck/`: one line of JSON when an action begins and one when it has ended, for its
owner's eyes alone (mode 0600).

This page is made from the program's table of settings.
"""

_INTRO = {
    "keys": "The keys of actions, in the pane of what they are done to, as Textual names keys: `s`, `S`,"
    " `f5`, `ctrl+g`, `delete`. In one pane no key can mean two things.",
}


def page() -> str:
    """The page."""
    parts = [HEAD]
    for table, settings in groupby(SETTINGS, key=lambda setting: setting.table):
        rows = [_row(setting) for setting in settings]
        intro = f"{_INTRO[table]}\n\n" if table in _INTRO else ""
        parts.append(
            f"## [{table}]\n\n{intro}| setting | default | what it is | expected |\n|---|---|---|---|\n"
        )
        parts[-1] += "\n".join(rows) + "\n"
    return "\n".join(parts)


def _row(setting: Setting) -> str:
    expected = setting.check(object()) or ""
    return f"| `{setting.key}` | `{_written(setting.default)}` | {setting.help} | {expected} |"


def _written(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
