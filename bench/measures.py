"""What is measured. Each measure calls the project as a task does: on a fresh connection, commit included."""

from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from statistics import median
from tempfile import TemporaryFile
from typing import IO, Literal

import psycopg

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import AS_OF, World, post
from lotwatch import actions, facts, gate, planning, rules, sources
from lotwatch.db.query import query
from lotwatch.paths import EXPECTATIONS

#: movements in a batch, and how often it is measured (the median counts)
_BATCHES = ((1, 51), (100, 21), (10_000, 3))
_COPY = "COPY into an unlogged table"
_CHUNK = 1 << 20


def measure_post(world: World) -> Iterator[Figure]:
    """Movements exactly once, with positions and the change queue; and the same movements a second time."""
    for size, times in _BATCHES:
        runs = [_post_and_copy(world, size) for _ in range(times)]
        floor = Yardstick(_COPY, median(copying for _, copying in runs))
        yield Figure("post", f"batch of {size:,}", size, "movements", median(posting for posting, _ in runs), floor)
    yield _post_again(world, 10_000)
    with TemporaryFile() as rows:
        _copy_out(world, world.history.batch_ids, rows)
        floor = Yardstick(_COPY, _copy_in(world, rows))
    case = f"a year's {world.history.movements:,}"
    yield Figure("post", case, world.history.movements, "movements", world.history.posting, floor)


def measure_gate(world: World) -> Iterator[Figure]:
    """Movements judged by the statement derived from their suite, and with Great Expectations as referee."""
    import great_expectations  # noqa: F401 (its import takes seconds, once in the life of a process: not measured)

    with world.connect() as conn:
        batch_id = world.stage_unjudged(conn)
        with Stopwatch() as watch:
            conn.execute(query(__package__, "write_verdicts"), {"batch_id": batch_id})
            conn.commit()
        sources.finish_batch(conn, batch_id)
    floor = Yardstick("UPDATE of the same rows", watch.seconds)
    for case, referee in (("split", False), ("split and Great Expectations", True)):
        world.settle()
        yield Figure("gate", case, world.rows, "movements", _judge(world, referee=referee), floor)


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


def measure_as_of(world: World) -> Iterator[Figure]:
    """The stock of everything: now, from the kept positions; and at a moment, from the movements until then."""
    floor = Yardstick("sum of all positions", _read_facts(world, "scan_positions", facts.live))
    live = _read_facts(world, "sum_facts", facts.live)
    past = _read_facts(world, "sum_facts", facts.at)
    yield Figure("as of", "now", world.rows, "item-sites", live, floor)
    yield Figure(
        "as of", "at a moment, from all movements", world.rows, "item-sites", past, Yardstick("the same now", live)
    )


def measure_sweep(world: World) -> Iterator[Figure]:
    """All shipped rules over all facts: when the alerts are opened, and a day later, when most of them go on."""
    floor = _count_facts(world)
    tables = rules.load_rules()
    for case, days in (("first", 1), ("a day later", 2)):
        context = world.context(days)
        with world.connect() as conn, Stopwatch() as watch:
            done = rules.evaluate_live(conn, tables, context)
            conn.commit()
        told = f"{case}, {done.opened:,} alerts opened, {done.continued:,} go on"
        yield Figure("sweep", told, world.rows, "item-sites", watch.seconds, floor)
    world.settle()


def measure_reorder(world: World) -> Iterator[Figure]:
    """Orders proposed for everything that is short."""
    floor = _count_facts(world)
    context, tables = world.context(2), rules.load_rules()
    with world.connect() as conn, Stopwatch() as watch:
        done = actions.propose(conn, tables, actions.ProposeSettings(), context)
        conn.commit()
    yield Figure("reorder", f"{done['proposals']:,} orders", done["lines"], "order lines", watch.seconds, floor)


Name = Literal["post", "gate", "plan", "asof", "sweep", "reorder"]
#: in the order in which they build on one another
MEASURES: dict[Name, Callable[[World], Iterator[Figure]]] = {
    "post": measure_post,
    "gate": measure_gate,
    "plan": measure_plan,
    "asof": measure_as_of,
    "sweep": measure_sweep,
    "reorder": measure_reorder,
}
#: what must have been done before a measure
NEEDS: dict[Name, set[Name]] = {"asof": {"plan"}, "sweep": {"plan"}, "reorder": {"plan", "sweep"}}


def _post_and_copy(world: World, size: int) -> tuple[float, float]:
    """Seconds to post a batch of new movements, and to copy what was posted."""
    with world.connect() as conn:
        batch_id = world.stage_usage(conn, size)
        posting = _post(conn, batch_id, expected=size)
    with BytesIO() as rows:
        _copy_out(world, [batch_id], rows)
        return posting, _copy_in(world, rows)


def _post_again(world: World, size: int) -> Figure:
    with world.connect() as conn:
        first = _post(conn, world.stage_usage(conn, size), expected=size)
        again = _post(conn, world.stage_usage_again(conn, size), expected=0)
    return Figure("post", f"replay of {size:,}", size, "movements", again, Yardstick("first posting", first))


def _post(conn: psycopg.Connection, batch_id: int, *, expected: int) -> float:
    seconds, posted = post(conn, batch_id)
    assert posted == expected, f"{posted} of {expected} movements were new"
    return seconds


def _copy_out(world: World, batch_ids: list[int], target: IO[bytes]) -> None:
    text = query(__package__, "copy_out")
    with world.connect("migrator") as conn, conn.cursor().copy(text, {"batch_ids": batch_ids}) as rows:
        for data in rows:
            target.write(data)


def _copy_in(world: World, rows: IO[bytes]) -> float:
    """Seconds to store the rows with nothing around them."""
    rows.seek(0)
    with world.connect("migrator") as conn, conn.cursor() as cursor:
        with Stopwatch() as watch:
            with cursor.copy("COPY bench.movement FROM STDIN") as target:
                while data := rows.read(_CHUNK):
                    target.write(data)
            conn.commit()
        conn.execute("TRUNCATE bench.movement")
    return watch.seconds


def _judge(world: World, *, referee: bool) -> float:
    """Seconds the gate takes for a batch of as many movements as there are item-sites."""
    docs = world.settings.home / "validation"
    with world.connect() as conn:
        batch_id = world.stage_unjudged(conn)
        with Stopwatch() as watch:
            report = gate.run_gate(conn, [batch_id], suites=EXPECTATIONS, docs=docs, as_of=AS_OF, referee=referee)
        (batch,) = report.batches
        assert batch.state == "judged", batch.error
        sources.finish_batch(conn, batch_id)
    return watch.seconds


def _count_facts(world: World) -> Yardstick:
    return Yardstick("count(*) of fact_item_site", _read_facts(world, "count_facts", facts.live))


def _read_facts(world: World, what: str, look: Callable[[psycopg.Connection, datetime], None]) -> float:
    seconds = []
    for _ in range(3):
        with world.connect() as conn:
            look(conn, AS_OF)
            with Stopwatch() as watch:
                conn.execute(query(__package__, what))
            seconds.append(watch.seconds)
    return median(seconds)
