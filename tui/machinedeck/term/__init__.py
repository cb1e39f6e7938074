"""The terminal: an emulator for what runs inside machines, keys and paste for it, and the pump between both.

Knows nothing of Textual, of buses or of machines. `Terminal` is the emulator, `Screen` and `Stream` are its
halves for those who want pyte's interface, `encode_key` and its kin make input, and `Pump` moves bytes to and
from a pty.

Each is imported when it is first asked for: the console starts without any of them, and pyte alone takes a
tenth of its start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from machinedeck.term.keys import encode_key
    from machinedeck.term.modes import Modes
    from machinedeck.term.mouse import encode_focus, encode_mouse
    from machinedeck.term.paste import encode_paste
    from machinedeck.term.pump import Pump, PumpOverflowError
    from machinedeck.term.screen import Screen
    from machinedeck.term.stream import Stream
    from machinedeck.term.styles import Style
    from machinedeck.term.terminal import Terminal
    from machinedeck.term.view import Cell, Changes, Cursor, Run

__all__ = [
    "Cell",
    "Changes",
    "Cursor",
    "Modes",
    "Pump",
    "PumpOverflowError",
    "Run",
    "Screen",
    "Stream",
    "Style",
    "Terminal",
    "encode_focus",
    "encode_key",
    "encode_mouse",
    "encode_paste",
]

_HOMES = {
    "Cell": "view",
    "Changes": "view",
    "Cursor": "view",
    "Modes": "modes",
    "Pump": "pump",
    "PumpOverflowError": "pump",
    "Run": "view",
    "Screen": "screen",
    "Stream": "stream",
    "Style": "styles",
    "Terminal": "terminal",
    "encode_focus": "mouse",
    "encode_key": "keys",
    "encode_mouse": "mouse",
    "encode_paste": "paste",
}
"""The module of each."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
