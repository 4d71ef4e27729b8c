"""The rules: compiling many, a sweep over everything, and what changed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import median

from bench.figures import Figure, Stopwatch, Yardstick, median_seconds
from bench.measures.reading import seconds_to_read
from bench.world import World, post
from lotwatch import facts, rules
from lotwatch.rules.compile import compile_rules

_MANY = 500


def measure_compile(world: World) -> Iterator[Figure]:
    """The shipped rules, each so often that there are 500: understood and made into one statement for each subject."""
    shipped = rules.load_rules()
    many = [shipped[place % len(shipped)].model_copy(update={"id": f"rule_{place}"}) for place in range(_MANY)]
    many.sort(key=lambda rule: rule.subject)
    with world.connect() as conn:
        known = facts.columns(conn)
    yield Figure("compile", f"{_MANY} rules", _MANY, "rules", median_seconds(5, lambda: _compile(many, known)))


def _compile(tables: Sequence[rules.Rule], known: Mapping[str, Mapping[str, facts.Column]]) -> None:
    for subject, group in groupby(tables, key=lambda rule: rule.subject):
        compile_rules(subject, list(group), known[f"fact_{subject}"])


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
