"""The editor `nano`."""

from __future__ import annotations

from collections.abc import Callable

from machined.host.simulated.shell.call import Call, Program, UsageError
from machined.host.simulated.shell.files import WRITE
from machined.host.simulated.shell.fullscreen import FullScreen, full_screen
from machined.host.simulated.shell.keys import Key
from machined.host.simulated.shell.layout import cells, cut, printable, width

TEXT_LIMIT = 1024 * 1024
"""Characters that are edited at most."""


async def nano(call: Call) -> int:
    """Edit a file."""
    options = call.options("lwv")
    if len(options.operands) > 1:
        raise UsageError("one file at a time")
    if not call.is_on_terminal:
        return await call.complain("standard output is not a terminal")
    name = options.operands[0] if options.operands else ""
    text = ""
    if name and call.shell.files.has(call.shell.path(name)):
        text = call.shell.files.read(call.shell.path(name)).decode("utf-8", "replace")
    if len(text) > TEXT_LIMIT:
        return await call.complain(f"{name}: File too large")
    async with full_screen(call.shell.terminal, call.system.clock) as screen:
        await _Editor(call, screen, name, text).run()
    return 0


class _Editor:
    """A text that is edited."""

    def __init__(self, call: Call, screen: FullScreen, name: str, text: str) -> None:
        self._call = call
        self._screen = screen
        self._name = name
        self._lines = text.removesuffix("\n").split("\n")
        self._x = self._y = 0
        self._top = 0
        self._cut_line: str | None = None
        self._is_changed = False
        self._message = self._greeting(bool(text))
        self._moves = self._move_table()

    def _greeting(self, has_text: bool) -> str:
        """What is said at first."""
        path = self._call.shell.path(self._name)
        files = self._call.shell.files
        if not has_text:
            return "[ New File ]" if self._name and not files.has(path) else ""
        if not files.may(files.node(path), WRITE):
            return "[ File is unwritable ]"
        return f"[ Read {len(self._lines)} lines ]"

    async def run(self) -> None:
        """Edit until ctrl-x."""
        while True:
            if not self._screen.is_behind:
                await self._draw()
            key = await self._screen.next_event()
            if key is None:
                continue
            self._message = ""
            if key.name == "ctrl-x":
                if not self._is_changed or await self._may_leave():
                    return
            elif key.name == "ctrl-o":
                await self._save()
            elif key.name == "ctrl-w":
                await self._search()
            else:
                self._press(key)

    def _press(self, key: Key) -> None:
        """Do what a key does to the text."""
        line = self._lines[self._y]
        if key.text or key.name == "tab":
            self._insert("\t" if key.name == "tab" else key.text)
        elif key.name == "enter":
            self._lines[self._y : self._y + 1] = [line[: self._x], line[self._x :]]
            self._y, self._x, self._is_changed = self._y + 1, 0, True
        elif key.name == "backspace":
            if self._x or self._y:
                self._left()
                self._delete()
        elif key.name in {"delete", "ctrl-d"}:
            self._delete()
        elif key.name == "ctrl-k":
            self._cut_line = line
            del self._lines[self._y]
            self._lines = self._lines or [""]
            self._y, self._x, self._is_changed = min(self._y, len(self._lines) - 1), 0, True
        elif key.name == "ctrl-u" and self._cut_line is not None:
            self._lines.insert(self._y, self._cut_line)
            self._y, self._is_changed = self._y + 1, True
        elif move := self._moves.get(key.name):
            move()
        self._x = min(self._x, len(self._lines[self._y]))

    def _move_table(self) -> dict[str, Callable[[], None]]:
        """What keys do that only move the cursor."""
        page = self._page
        table: dict[tuple[str, ...], Callable[[], None]] = {
            ("left", "ctrl-b"): self._left,
            ("right", "ctrl-f"): self._right,
            ("up", "ctrl-p"): lambda: self._go_down(-1),
            ("down", "ctrl-n"): lambda: self._go_down(1),
            ("pageup", "ctrl-y"): lambda: self._go_down(-page()),
            ("pagedown", "ctrl-v"): lambda: self._go_down(page()),
            ("home", "ctrl-a"): lambda: self._go_to(0),
            ("end", "ctrl-e"): lambda: self._go_to(len(self._lines[self._y])),
            ("ctrl-home",): lambda: self._go_down(-len(self._lines)),
            ("ctrl-end",): lambda: self._go_down(len(self._lines)),
        }
        return {name: move for names, move in table.items() for name in names}

    def _insert(self, text: str) -> None:
        """Put text at the cursor."""
        if sum(map(len, self._lines)) + len(text) > TEXT_LIMIT:
            self._message = "[ The text is as long as it may be ]"
            return
        line = self._lines[self._y]
        self._lines[self._y] = line[: self._x] + text + line[self._x :]
        self._x += len(text)
        self._is_changed = True

    def _delete(self) -> None:
        """Delete what is at the cursor: a character, or the end of the line."""
        line = self._lines[self._y]
        if self._x < len(line):
            self._lines[self._y] = line[: self._x] + line[self._x + 1 :]
        elif self._y + 1 < len(self._lines):
            self._lines[self._y] += self._lines.pop(self._y + 1)
        else:
            return
        self._is_changed = True

    def _left(self) -> None:
        if self._x:
            self._x -= 1
        elif self._y:
            self._y -= 1
            self._x = len(self._lines[self._y])

    def _right(self) -> None:
        if self._x < len(self._lines[self._y]):
            self._x += 1
        elif self._y + 1 < len(self._lines):
            self._y, self._x = self._y + 1, 0

    def _go_to(self, position: int) -> None:
        self._x = position

    def _go_down(self, count: int) -> None:
        self._y = max(0, min(self._y + count, len(self._lines) - 1))

    def _page(self) -> int:
        return max(1, self._screen.size.lines - 6)

    async def _ask(self, question: str, answer: str = "") -> str | None:
        """Ask for a line; None if the question was given up."""
        while True:
            shown = cut(question + printable(answer), self._screen.size.columns - 1)
            await self._draw(shown)
            key = await self._screen.next_event()
            if key is None:
                continue
            if key.text:
                answer = (answer + key.text)[:200]
            elif key.name == "backspace":
                answer = answer[:-1]
            elif key.name == "enter":
                return answer
            elif key.name in {"ctrl-c", "escape"}:
                self._message = "[ Cancelled ]"
                return None

    async def _may_leave(self) -> bool:
        """Ask what is to become of changes; whether the editor may end."""
        while True:
            answer = await self._ask("Save modified buffer? (y/n, ^C cancels) ")
            if answer is None:
                return False
            if answer.lower().startswith("n"):
                return True
            if answer.lower().startswith("y"):
                return await self._save()

    async def _save(self) -> bool:
        """Write the text to a file; whether it could be."""
        name = await self._ask("File Name to Write: ", self._name)
        if not name:
            return False
        text = "\n".join(self._lines)
        try:
            self._call.shell.files.write(self._call.shell.path(name), (text + "\n" if text else "").encode())
        except OSError as error:
            self._message = f"[ Error writing {printable(name)}: {error.strerror} ]"
            return False
        self._name, self._is_changed = name, False
        self._message = f"[ Wrote {len(self._lines)} lines ]"
        return True

    async def _search(self) -> None:
        """Go to where a text is found next, from the top again if there is none below."""
        wanted = await self._ask("Search: ")
        if not wanted:
            return
        count = len(self._lines)
        for step in range(count + 1):
            row = (self._y + step) % count
            at = self._lines[row].find(wanted, self._x + 1 if not step else 0)
            if at >= 0:
                self._y, self._x = row, at
                return
        self._message = f'[ "{printable(wanted)}" not found ]'

    async def _draw(self, question: str = "") -> None:
        """Show the text, with a question below it if there is one."""
        screen = self._screen
        columns, lines = screen.size
        room = max(1, lines - 3)
        self._top = min(max(self._top, self._y - room + 1), self._y)
        before = width(_shown(self._lines[self._y][: self._x]))
        shift = max(0, before - columns + 8) // 8 * 8 if before >= columns else 0
        title = f"  nano   {printable(self._name) or 'New Buffer'}{'   Modified' if self._is_changed else ''}"
        picture = [screen.bar(title)]
        for number in range(self._top, self._top + room):
            line = self._lines[number] if number < len(self._lines) else ""
            hidden = shift if number == self._y else 0
            picture.append(cut(_skip(_shown(line[: hidden + columns * 4 + 8]), hidden), columns))
        picture.append(
            screen.bar(question) if question else cut(self._message.center(columns), columns).rstrip()
        )
        picture.append(
            cut("^X Exit  ^O Write Out  ^W Where Is  ^K Cut  ^U Paste  ^A ^E Line  ^Y ^V Page", columns)
        )
        picture = picture[:lines]
        if question:
            cursor = (min(width(question), columns - 1), max(0, lines - 2))
        else:
            cursor = (min(before - shift, columns - 1), min(1 + self._y - self._top, lines - 1))
        await screen.show(picture, cursor)


def _shown(line: str) -> str:
    """A line as it is shown."""
    return printable(line)


def _skip(text: str, count: int) -> str:
    """A text without its first `count` cells."""
    taken = 0
    for position, character in enumerate(text):
        if taken >= count:
            return text[position:]
        taken += cells(character)
    return ""


PROGRAMS = [Program("nano", "edit a file", nano, "[FILE]")]
