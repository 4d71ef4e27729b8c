"""The facts: the stock of everything, now and at moments of the past, from all movements and from snapshots."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import AS_OF, World
from lotwatch import facts, ledger

#: how many days ago
_MOMENTS = {"now": 0, "a month ago": 31, "a year ago": 365}
#: statements, and what they read
_READ = {"sum_stock": "stock", "sum_facts": "facts"}


def measure_as_of(world: World) -> Iterator[Figure]:
    """The stock and the facts of everything: from kept positions, from all movements, and from a snapshot before."""
    floor = Yardstick("sum of all positions", seconds_to_read(world, "scan_positions"))
    live = {}
    for statement, told in _READ.items():
        seconds = seconds_to_read(world, statement)
        live[statement] = Yardstick(f"{told} now", seconds)
        yield Figure("as of", f"{told} now, from positions", world.rows, "item-sites", seconds, floor)
    yield from _past(world, live, "from movements")
    yield from _snapshots(world, floor)
    yield from _past(world, live, "from a snapshot")
    known = partial(facts.at, as_of=AS_OF - timedelta(days=31), known_at=AS_OF - timedelta(days=31))
    seconds = seconds_to_read(world, "sum_stock", known, times=1)
    yield Figure("as of", "stock a month ago, as known then", world.rows, "item-sites", seconds, live["sum_stock"])


def _past(world: World, live: dict[str, Yardstick], how: str) -> Iterator[Figure]:
    for when, days in _MOMENTS.items():
        for statement, told in _READ.items():
            look = partial(facts.at, as_of=AS_OF - timedelta(days=days))
            seconds = seconds_to_read(world, statement, look, times=1)
            yield Figure("as of", f"{told} {when}, {how}", world.rows, "item-sites", seconds, live[statement])


def _snapshots(world: World, floor: Yardstick) -> Iterator[Figure]:
    """A snapshot a day before each moment: the oldest from what had happened by then, each other from the one before."""
    for when, days in reversed(_MOMENTS.items()):
        with world.connect() as conn, Stopwatch() as watch:
            kept = ledger.take_snapshot(conn, AS_OF - timedelta(days=days + 1))
            conn.commit()
        yield Figure("snapshot", f"a day before {when}", kept, "positions", watch.seconds, floor)
    world.settle()
