"""The rules: compiling many, and a sweep over everything."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from bench.figures import Figure, Stopwatch, Yardstick, median_seconds
from bench.measures.reading import seconds_to_read
from bench.world import World
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
