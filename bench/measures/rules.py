"""The rules: a sweep over everything, and what changed."""

from collections.abc import Iterator
from statistics import median

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import World, post
from lotwatch import rules

#: how many positions change, and how often that is measured
_CHANGED = ((1, 5), (1_000, 3), (10_000, 3))


def measure_sweep(world: World) -> Iterator[Figure]:
    """All shipped rules over all facts: when the alerts are opened, and a day later, when most of them go on."""
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    tables = rules.load_rules()
    for case, days in (("first", 1), ("a day later", 2)):
        context = world.context(days)
        with world.connect() as conn, Stopwatch() as watch:
            done = rules.evaluate_live(conn, tables, context)
            conn.commit()
        told = f"{case}, {done.opened:,} alerts opened, {done.continued:,} go on"
        yield Figure("sweep", told, world.rows, "item-sites", watch.seconds, floor)
    world.settle()


def measure_changed(world: World) -> Iterator[Figure]:
    """All shipped rules on what new movements changed, spread evenly over the company: items and sites of its own each."""
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    tables = rules.load_rules()
    context = world.context(2)
    with world.connect() as conn:  # what the measures before have left
        rules.evaluate_changed(conn, tables, context)
    for size, times in _CHANGED:
        seconds, looked_at = [], 0
        for _ in range(times):
            with world.connect() as conn:
                post(conn, world.stage_usage(conn, size))
            with world.connect() as conn, Stopwatch() as watch:
                done = rules.evaluate_changed(conn, tables, context)
                conn.commit()
            seconds.append(watch.seconds)
            looked_at = done.item_sites
        told = f"{size:,} movements, {looked_at:,} item-sites{', by a sweep' if done.swept else ''}"
        yield Figure("changed", told, looked_at or world.rows, "item-sites", median(seconds), floor)
