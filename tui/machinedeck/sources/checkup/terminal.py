"""The checks of the operator's terminal."""

from __future__ import annotations

from machinedeck.model.text import clean
from machinedeck.sources.checkup.finding import TMUX_CLIPBOARD, Finding, State, Surroundings
from machinedeck.sources.environment import has_utf8


def look_at_term(surroundings: Surroundings) -> Finding:
    """Whether there is a terminal that can be painted (term(7))."""
    term = surroundings.environment.get("TERM", "")
    if term in {"", "dumb"}:
        text = f"TERM is {term or 'not set'}: the console prints a list instead of opening"
        return Finding(State.LIMITED, text, "export TERM=xterm-256color")
    return Finding(State.OK, clean(term))


def look_at_locale(surroundings: Surroundings) -> Finding:
    """Whether more than ASCII may be written."""
    if has_utf8(surroundings.environment):
        return Finding(State.OK, "UTF-8")
    return Finding(State.LIMITED, "not UTF-8: the console writes plain ASCII", "export LC_ALL=C.UTF-8")


def look_at_clipboard(surroundings: Surroundings) -> Finding:
    """Whether what is copied can reach the operator's clipboard: by OSC 52, and who stands between."""
    environment = surroundings.environment
    term = environment.get("TERM", "")
    if environment.get("TMUX"):
        return _look_at_tmux(surroundings.answers.get(TMUX_CLIPBOARD))
    if environment.get("STY"):
        return Finding(
            State.LIMITED, "GNU screen keeps OSC 52 from the terminal", "tmux new-session machinedeck"
        )
    if term in {"", "dumb", "linux"}:
        return Finding(State.MISSING, f"a terminal of type {term or 'none'} has no clipboard")
    if term.partition("-")[0] in {"tmux", "screen"}:
        text = "a multiplexer on another host stands between: there, set-clipboard must be on"
        return Finding(State.LIMITED, text, "tmux set-option -s set-clipboard on")
    return Finding(State.OK, "OSC 52 reaches the terminal; whether it takes it, only the terminal knows")


def _look_at_tmux(answer: str | None) -> Finding:
    setting = clean((answer or "").strip(), 20)
    if setting == "on":
        return Finding(State.OK, "tmux passes OSC 52 on to the terminal")
    text = f"tmux passes no OSC 52 on: set-clipboard is {setting or 'unknown'}"
    return Finding(State.LIMITED, text, "tmux set-option -s set-clipboard on")
