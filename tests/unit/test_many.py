"""What is kept of very many machines from one change to the next is what working it out anew would give."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from machined.contract import HOST_MACHINE
from machinedeck.core.store import Store
from machinedeck.model.machine import Machine, State
from tests.support.fake_host import image, machine

NAMES = ["a", "b", "c", HOST_MACHINE]
STATES = [State.RUNNING, State.CLOSING, State.OPENING, State.UNKNOWN]

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.lists(st.sampled_from(NAMES), unique=True)),
        st.tuples(st.just("images"), st.lists(st.sampled_from([*NAMES, "d"]), unique=True)),
        st.tuples(st.just("failed"), st.frozensets(st.sampled_from(["b", "e"]))),
        st.tuples(
            st.just("update"),
            st.builds(
                lambda name, state, root, unit: machine(name, state=state, root=root, unit=unit),
                st.sampled_from(NAMES),
                st.sampled_from(STATES),
                st.sampled_from(["", "/var/lib/machines/d", "/srv/a"]),
                st.sampled_from(["a.scope", "b.scope"]),
            ),
        ),
        st.tuples(st.just("come"), st.sampled_from(NAMES[:3])),
        st.tuples(st.just("go"), st.sampled_from(NAMES[:3])),
    ),
    max_size=12,
)


def apply(store: Store, change: tuple[str, object]) -> None:
    """Make one change."""
    match change:
        case ("list", list(names)):
            store.set_machines([machine(name) for name in names])
        case ("images", list(names)):
            store.set_images([image(name) for name in names])
        case ("failed", frozenset() as names):
            store.set_failed(names)
        case ("update", Machine() as one):
            if one.name == HOST_MACHINE:
                store.update_host(one)
            else:
                store.update_machine(one)
        case ("come", str(name)):
            store.add_machine(machine(name))
        case ("go", str(name)):
            store.remove_machine(name)


@given(CHANGES)
@example(
    [
        ("list", ["a", "b", "c"]),
        ("update", machine("b", root="/srv/a")),  # two machines that may be the one that runs from `a`
        ("list", ["b", "a", "c"]),
    ]
)
async def test_what_is_kept_is_what_is_so(changes: list[tuple[str, object]]) -> None:
    store, kept = Store(), None
    for change in changes:
        apply(store, change)
        rows = {**store._idle, **store.registered}
        by_name = {name: rows[name] for name in sorted(rows)}
        if store.host is not None:
            by_name[HOST_MACHINE] = store.host
        assert list(store.by_name().items()) == list(by_name.items())
        if kept is not None and list(kept) == list(store.by_name()) and change[0] == "update":
            assert store.by_name() is kept, "the order is not worked out for each piece of news"
        kept = store.by_name()
        others = [one for one in store.rows() if one.name != HOST_MACHINE]
        assert +store.states() == Counter(one.state for one in others)
        for unit in {one.unit for one in store.registered.values()}:
            assert set(store.of_unit(unit)) == {
                one.name for one in store.registered.values() if one.unit == unit
            }
        assert store.runners() == {one.image or one.name: one.name for one in store.registered.values()}
