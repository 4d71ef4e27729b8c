"""The actions: what is short is ordered."""

from collections.abc import Iterator

from bench.figures import Figure, Stopwatch, Yardstick
from bench.measures.reading import seconds_to_read
from bench.world import World
from lotwatch import actions, rules


def measure_reorder(world: World) -> Iterator[Figure]:
    """Orders proposed for everything that is short."""
    floor = Yardstick("count(*) of fact_item_site", seconds_to_read(world, "count_facts"))
    context, tables = world.context(2), rules.load_rules()
    with world.connect() as conn, Stopwatch() as watch:
        done = actions.propose(conn, tables, actions.ProposeSettings(), context)
        conn.commit()
    yield Figure("reorder", f"{done['proposals']:,} orders", done["lines"], "order lines", watch.seconds, floor)
