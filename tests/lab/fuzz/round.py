"""A round of random calls, and what came of them."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from tests.lab.fuzz.callers import NOT_MADE, Call, Caller
from tests.lab.fuzz.scenery import Scenery
from tests.lab.fuzz.words import PLACES, paths_of, values_of, with_pids
from tests.lab.host import LabHost
from tests.service.fuzz.answers import Method, methods_of

USERS = ("root", "nobody")
LATEST = 15
"""What no call may take, in seconds: the service asks others, who have limits of their own."""
FEWEST = 0.25
"""How much of all must have come to a result: else little but the checks of arguments was asked for."""
MOST_ENDS = 0.02
"""How often, of all calls, the caller may be ended, which ends all that it waits for as well."""


class Round:
    """Makes calls, and counts.

    Attributes:
        scenery: What they are about.
    """

    def __init__(self, host: LabHost) -> None:
        self.scenery = Scenery(host)
        self._callers = {user: Caller(host, user) for user in USERS}
        self._wrong: list[str] = []
        self._count = 0
        self._results: Counter[str] = Counter()
        self._slowest = (0.0, "")

    def members(self) -> list[tuple[str, Method]]:
        """The members of each kind of object, as these say themselves."""
        self.scenery.renew()
        introspect = Method("org.freedesktop.DBus.Introspectable", "Introspect", "", "s")
        asked = [Call(paths[0], introspect, []) for paths in PLACES.values()]
        replies = self._callers["root"].make(asked)
        assert replies is not None
        self.scenery.take_down()
        return [
            (kind, method)
            for kind, answer in zip(PLACES, replies, strict=True)
            for method in methods_of(answer.reply)
        ]

    def make(self, batch: list[tuple[str, Call]]) -> None:
        """Make calls by those who are named with them, those of one user at once, and look at the answers."""
        makes_room = any(call.method.name.startswith(("Create", "Register")) for _, call in batch)
        self.scenery.renew(makes_room=makes_room)
        for user, caller in self._callers.items():
            calls = [with_pids(call, self.scenery.pids) for name, call in batch if name == user]
            for call, answer in zip(calls, caller.make(calls) or [], strict=False):
                self._count += answer.error != NOT_MADE
                self._results[call.method.name] += not answer.error
                self._slowest = max(self._slowest, (answer.seconds, repr(call)))
                if wrong := answer.wrong(call):
                    self._wrong.append(f"{user}: {call!r}: {wrong}")

    def told(self) -> str:
        """What came of them, in a sentence."""
        seldom = ", ".join(f"{name} {count}" for name, count in self._results.most_common()[:-16:-1])
        words = [
            f"{self._count} calls, {self._results.total()} with a result",
            f"{self.scenery.made_anew} machines and images made anew",
            f"{self._ends} callers ended",
            f"the slowest took {self._slowest[0]:.1f} s",
            f"results were fewest of {seldom}",
        ]
        return "; ".join(words)

    def assert_well(self) -> None:
        """Fail if an answer was wrong, or the calls were such that this says little."""
        assert not self._wrong, "\n".join([f"{len(self._wrong)} wrong answers:", *self._wrong[:40]])
        assert self._slowest[0] < LATEST, self._slowest
        assert self._results.total() > FEWEST * self._count
        assert self._ends < MOST_ENDS * self._count

    def close(self) -> None:
        """End the callers."""
        for caller in self._callers.values():
            caller.close()

    @property
    def _ends(self) -> int:
        return sum(caller.ends for caller in self._callers.values())


def calls_of(kind: str, method: Method) -> st.SearchStrategy[tuple[str, Call]]:
    """Calls of a member, with who makes them."""
    paths = st.sampled_from(paths_of(method, PLACES[kind]))
    call = st.builds(Call, paths, st.just(method), values_of(kind, method))
    return st.tuples(st.sampled_from(["root", "root", "nobody"]), call)
