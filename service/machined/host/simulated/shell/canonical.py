"""Lines as a terminal in canonical mode gives them: typed, echoed, corrected (termios(3))."""

from __future__ import annotations

from wcwidth import wcwidth

from machined.host.simulated.shell.terminal import Terminal


async def read_line(terminal: Terminal, *, echoes: bool = True) -> str | None:
    """Read a line the way a terminal in canonical mode does; None at its end (ctrl-d).

    Ctrl-c is a key here only where nobody takes it as an interrupt; it ends the line then.

    Args:
        terminal: Where it is typed.
        echoes: Whether what is typed is shown.
    """
    line = ""
    while True:
        key = await terminal.read_key(takes_runs=True)
        erased = 0
        if key.text:
            added = "".join(one for one in key.text if wcwidth(one) >= 0)[: 4096 - len(line)]
            line += added
            await terminal.print(added if echoes else "")
        elif key.name == "enter":
            await terminal.print("\n")
            return line + "\n"
        elif key.name in {"ctrl-d", "ctrl-c"}:
            if key.name == "ctrl-c" or not line:
                return None
            return line
        elif key.name == "backspace" and line:
            erased = 1
        elif key.name == "ctrl-u":
            erased = len(line)
        if erased:
            cells = sum(max(0, wcwidth(one)) for one in line[-erased:])
            line = line[:-erased]
            await terminal.print("\b \b" * cells if echoes else "")
