"""The rules: a sweep over everything."""

from collections.abc import Iterator

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import World
from lotwatch import rules


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
