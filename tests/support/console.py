"""A console under test: its keys, and what can be read of its screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import App
from textual.pilot import Pilot

from machinedeck.ui.app import MachinedeckApp
from machinedeck.ui.widgets.table import Table
from tests.support.fake_host import FakeHost
from tests.support.waiting import until


@dataclass
class Deck:
    """A console, the hand at its keys, and the host behind it."""

    app: MachinedeckApp
    pilot: Pilot[None]
    host: FakeHost

    async def settle(self) -> None:
        """Let everything that is on its way arrive, what is gathered to be shown together included."""
        await self.pilot.pause()
        await until(self._has_settled, what="what changed to be shown")
        await self.pilot.pause()

    def _has_settled(self) -> bool:
        """Nothing is on its way; nor is it where an error has ended the console, which leaving it raises."""
        return bool(self.app.return_code) or not (self.app.has_news or self.app.is_typing)

    async def press(self, *keys: str) -> None:
        """Press keys and let them take effect."""
        await self.pilot.press(*keys)
        await self.settle()

    def table(self, pane: str) -> Table:
        """The table of a pane."""
        return self.app.console_screen.query_one(f"#{pane}", Table)

    def names(self, pane: str = "machines") -> list[str]:
        """The keys of the rows of a pane."""
        return [row.key for row in self.table(pane).rows]

    def cells(self, name: str, pane: str = "machines") -> list[str]:
        """The texts of a row."""
        return next([cell.text for cell in row.cells] for row in self.table(pane).rows if row.key == name)

    def cell(self, name: str, column: str, pane: str = "machines") -> str:
        """The text of a row in one column."""
        keys = [one.key for one in self.table(pane).columns]
        return self.cells(name, pane)[keys.index(column)]

    def screen(self) -> list[str]:
        """The lines of the screen as text."""
        return screen_lines(self.app)

    def shows(self, text: str) -> bool:
        """Whether a text stands somewhere on the screen."""
        return any(text in line for line in self.screen())

    async def until_shown(self, text: str) -> None:
        """Wait until a text stands on the screen."""
        await until(lambda: self.shows(text), what=f"{text!r} in:\n" + "\n".join(self.screen()))

    async def until_gone(self, text: str) -> None:
        """Wait until a text stands nowhere on the screen."""
        await until(lambda: not self.shows(text), what=f"{text!r} to go from:\n" + "\n".join(self.screen()))


def screen_lines(app: App[None]) -> list[str]:
    """What an app shows, as text; filters of the app applied, as a terminal would get it."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    filters = app.get_line_filters()
    lines = []
    for strip in strips[:height]:
        for one in filters:
            strip = strip.apply_filter(one, app.screen.styles.background)  # noqa: PLW2901
        lines.append(strip.text[:width].rstrip())
    return lines
