"""The terminal: an emulator for what runs inside machines, keys and paste for it, and the pump between both.

Knows nothing of Textual, of buses or of machines. `Terminal` is the emulator, `Screen` and `Stream` are its
halves for those who want pyte's interface, `encode_key` and its kin make input, and `Pump` moves bytes to and
from a pty.
"""

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
