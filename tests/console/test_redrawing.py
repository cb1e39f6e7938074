"""Only what changed is drawn again."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from machinedeck.model.event import UnitBusy
from machinedeck.model.machine import State
from machinedeck.ui.widgets.table import Table
from tests.console.conftest import Open
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
