"""Planning: policies for everything."""

from collections.abc import Iterator

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import World
from lotwatch import planning
from lotwatch.db.query import query


def measure_plan(world: World) -> Iterator[Figure]:
    """Policies for all item-sites: the first ones, and a day later, when few change."""
    with world.connect() as conn, Stopwatch() as watch:
        conn.execute(query(__package__, "scan_ledger"))
    floor = Yardstick("sum of all movements", watch.seconds)
    for case, days in (("first", 0), ("a day later", 1)):
        context = world.context(days)
        with world.connect() as conn, Stopwatch() as watch:
            done = planning.plan(conn, context.as_of, planning.PlanSettings(), "bench")
            conn.commit()
        yield Figure("plan", f"{case}, {done['changed']:,} changed", done["planned"], "policies", watch.seconds, floor)
    world.settle()
