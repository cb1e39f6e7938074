"""What is lost when the console is left."""

from __future__ import annotations

from machinedeck.core.store import Store
from machinedeck.model.text import clean


def losses(open_shells: int, store: Store, going_on: int) -> list[str]:
    """What leaving now would do, in words that stand behind "quit, and"; nothing where nothing is lost.

    Args:
        open_shells: How many shells are open.
        store: What is known of the host.
        going_on: How many actions have begun and not ended.
    """
    found = []
    if open_shells:
        found.append("end the open shell" if open_shells == 1 else f"end {open_shells} open shells")
    if store.doing:
        # Who stops a machine here and starts it again is this program
        found.append(f"leave {', '.join(map(clean, store.doing))} stopped")
    if going_on > len(store.doing):
        # The service goes on with it, but nobody tells and notes how it ends
        found.append("not learn how what goes on ends")
    return found
