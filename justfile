# Everything a developer of Machinedeck does, a word each. `uv run just` lists them.

set positional-arguments

# list what can be done
default:
    @just --list --unsorted

# open the console on the system bus of this host
run *arguments:
    uv run machinedeck "$@"

# open the console on a made-up estate; arguments go to machinedeck
demo *arguments:
    uv run machinedeck --demo "$@"

# serve the made-up estate on a bus of its own, for busctl and friends
serve address="unix:path=/tmp/machinedeck-demo/bus":
    uv run machinedeck service --demo --listen "$1"

# run every test, several parts at once; arguments go to pytest
test *arguments:
    uv run python -m tests.parts "$@"

# look at the code without running it: style, types, layers, homes, sizes
check:
    uv run ruff check
    uv run ruff format --check
    uv run mypy
    uv run lint-imports --no-cache
    uv run pytest -q tests/unit/test_house.py

# draw the pictures of tests/snapshots anew, to be looked at before they are committed
snap *arguments:
    uv run pytest -q tests/snapshots --snapshot-update "$@"

# measure the speeds we promise, beside their references, and write bench.json
bench *arguments:
    uv run python -m compileall -q service tui
    uv run python -m tests.bench "$@"

# make random calls of every member for a long time: so many of each, other ones each time (on real hosts: as root);
# then feed the terminal random bytes for so many seconds
soak calls="10000" seconds="1800":
    MACHINEDECK_CALLS="$1" uv run pytest -s -q tests/service/fuzz tests/lab/test_any_call.py
    MACHINEDECK_FUZZ_SECONDS="$2" uv run pytest -s -q tests/terminal/test_fuzz_long.py

# run the tests on real systemd hosts, booted for the purpose (needs root)
lab *arguments:
    uv run pytest tests/lab "$@"

# record anew what the real systemd-machined of each release answers to the scenarios, or to one (needs root)
lab-record *releases-and-scenarios:
    uv run python -m tests.lab.differential.record "$@"

# count which errors of which members the scenarios meet, as root and as nobody, and list those they do not
coverage-spec:
    uv run python -m tests.lab.differential.coverage

# play the distribution's clients on real hosts, write down what they print in docs/clients.md and differences.md (needs root)
clients:
    uv run python -m tests.lab.client_table docs

# take the README's picture anew, of the real program on a real host (needs root)
picture:
    uv run python -m tests.lab.picture assets/console.svg

# run every test and write docs/proof.md: each promise, its test, where it ran
proof:
    uv run python -m tests.parts --proof=docs/proof.md
