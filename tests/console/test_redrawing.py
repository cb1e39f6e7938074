"""Only what changed is drawn again."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Region

from machinedeck.model.event import UnitBusy
from machinedeck.model.machine import State
from machinedeck.ui.widgets.table import Table
from tests.console.conftest import Open
from tests.console.test_shells import enter
from tests.support.fake_host import FakeHost


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, tuple[Region, ...]]]:
    """Which table asked to be drawn again, and which lines of it (none: all of it)."""
    asked: list[tuple[str | None, tuple[Region, ...]]] = []
    refresh = Table.refresh

    def noted(self: Table, *regions: Region, **options: bool) -> Table:
        asked.append((self.id, regions))
        return refresh(self, *regions, **options)

    monkeypatch.setattr(Table, "refresh", noted)
    return asked


@pytest.mark.promise("Only what changed is redrawn")
async def test_one_state_is_one_line(
    console: Open, host: FakeHost, drawn: list[tuple[str | None, tuple[Region, ...]]]
) -> None:
    async with console() as deck:
        drawn.clear()
        host.running["web-1"] = host.running["web-1"]._replace(state=State.CLOSING)
        host.tell(UnitBusy("systemd-nspawn@web-1.service"))
        await deck.settle()
        assert deck.cells("web-1")[1] == "◑ closing"
        # The frame's two lines, for the title counts the states, and the cell of the machine's own line
        frame = (Region(-1, -1, 120, 1), Region(-1, 23, 120, 1))
        assert drawn == [("machines", (Region(22, 3, 9, 1),)), ("machines", frame)]


async def test_news_that_are_none_draw_nothing(
    console: Open, host: FakeHost, drawn: list[tuple[str | None, tuple[Region, ...]]]
) -> None:
    async with console() as deck:
        drawn.clear()
        host.tell(UnitBusy("systemd-nspawn@web-1.service"))
        host.tell(UnitBusy("cron.service"))
        await deck.settle()
        assert drawn == []


async def test_leaving_a_terminal_and_coming_back_are_painted_in_one_go(
    console: Open, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is not painted once more before what is shown."""
    async with console() as deck:
        await enter(deck)
        await deck.settle()
        screen = deck.app.console_screen
        painted: list[tuple[bool, bool]] = []
        render = screen._compositor.render_update

        def noted(**options: Any) -> object:
            seen = screen._compositor.visible_widgets
            painted.append((screen.estate in seen, screen.shells in seen))
            return render(**options)

        monkeypatch.setattr(screen._compositor, "render_update", noted)
        await deck.press("f12")
        assert painted[0] == (True, False)
        assert set(painted) == {(True, False)}
        painted.clear()
        await deck.press("f12")
        assert painted[0] == (False, True)
        assert set(painted) == {(False, True)}
        assert deck.app._batch_count == 0
