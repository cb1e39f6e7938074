"""Every action while the service refuses, does not answer in time, or is gone: told, noted, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from machined.contract import ErrorName
from machined.wire import CallError, CallTimeout, Connection, ConnectionLost, WireError
from tests.console.test_acting import IDS, STEPS, deck_on_demo, last_deed, row
from tests.support.waiting import until

CHANGING = frozenset(
    {
        "StartUnit", "StopUnit", "StartTransientUnit", "SetUnitProperties",
        "EnableUnitFiles", "DisableUnitFiles",
        "KillMachine", "TerminateMachine", "BindMountMachine", "CopyToMachine", "CopyFromMachine",
        "CloneImage", "RenameImage", "RemoveImage", "MarkImageReadOnly", "SetImageLimit",
        "SetPoolLimit", "CleanPool",
    }
)  # fmt: skip
"""The calls that change something; all others are answered as ever."""

TROUBLES: dict[str, tuple[WireError, str]] = {
    "refused": (CallError(ErrorName.ACCESS_DENIED, "Permission denied"), "needs root"),
    "too late": (CallTimeout("no reply within 25 s"), "It may still be at work"),
    "not served": (CallError(ErrorName.SERVICE_UNKNOWN, "There is no such service"), "systemctl status"),
    "gone": (ConnectionLost("the connection to the message bus has ended"), "the connection"),
}
"""What happens to such a call, and what the operator is told beside it."""


@pytest.mark.promise("An action that fails says what happened and what to do next; the journal keeps it")
@pytest.mark.parametrize(("trouble", "said"), TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("step", STEPS, ids=IDS)
async def test_an_action_in_trouble(
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[str, str, str, list[str], str, str],
    trouble: WireError,
    said: str,
) -> None:
    action, pane, name, pressed, told, command = step
    asked: list[str] = []
    call = Connection.call

    async def troubled(self: Connection, *arguments: Any, **options: Any) -> Any:
        member = str(arguments[3])
        if member in CHANGING:
            asked.append(member)
            raise trouble
        return await call(self, *arguments, **options)

    monkeypatch.setattr(Connection, "call", troubled)
    async with deck_on_demo() as deck:
        before = {image.name for image in deck.app.store.images.values()}
        await row(deck, pane, name)
        await deck.press(*pressed)
        await until(lambda: any(one.severity == "error" for one in deck.app._notifications))
        errors = [one.message for one in deck.app._notifications if one.severity == "error"]
        assert len(errors) == 1
        assert "Cannot " in errors[0]
        assert said in errors[0]
        assert not any(told in one.message for one in deck.app._notifications)
        assert asked, "nothing was asked of the service"
        noted = last_deed(deck)
        assert (noted[0], noted[1], noted[3]) == (action, name or "the pool", command)
        assert noted[2] != "done"
        assert errors[0].startswith(noted[2])
        assert {image.name for image in deck.app.store.images.values()} == before
        assert not deck.app.store.doing
