"""The gate: a batch of movements or lots split into good and bad, with and without a referee."""

import resource
from collections.abc import Callable, Iterator

import psycopg

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import AS_OF, World
from lotwatch import gate, sources
from lotwatch.db.query import query
from lotwatch.gate import Threshold
from lotwatch.paths import EXPECTATIONS
from lotwatch_local.stack import console

#: new lots of each item-site in a batch: a million of them with --rows 100000
LOTS_EACH = 10

Stage = Callable[[psycopg.Connection], int]


def measure_gate(world: World) -> Iterator[Figure]:
    """Movements and lots judged by the statement derived from their suite, and with Great Expectations as referee."""
    import great_expectations  # noqa: F401 (its import takes seconds, once in the life of a process: not measured)

    yield from _measure(world, "movements", world.rows, world.stage_unjudged, "write_verdicts")
    before = _peak()
    lots = world.rows * LOTS_EACH
    yield from _measure(
        world, "lots", lots, lambda conn: world.stage_unjudged_lots(conn, LOTS_EACH), "write_lot_verdicts"
    )
    console.print(
        f"  memory of this process at most {before:,.0f} MB before and {_peak():,.0f} MB after judging {lots:,} lots"
    )


def _measure(world: World, unit: str, rows: int, stage: Stage, floor_query: str) -> Iterator[Figure]:
    with world.connect() as conn:
        batch_id = stage(conn)
        with Stopwatch() as watch:
            conn.execute(query(__package__, floor_query), {"batch_id": batch_id})
            conn.commit()
        sources.finish_batch(conn, batch_id)
    floor = Yardstick("UPDATE of the same rows", watch.seconds)
    for case, referee in (("split", False), ("split and Great Expectations", True)):
        world.settle()
        yield Figure("gate", case, rows, unit, _judge(world, stage, referee=referee), floor)


def _judge(world: World, stage: Stage, *, referee: bool) -> float:
    """Seconds the gate takes for a staged batch, quarantine and report included."""
    docs = world.settings.home / "validation"
    everything = {"movement": Threshold(1.0), "lot": Threshold(1.0)}
    with world.connect() as conn:
        batch_id = stage(conn)
        with Stopwatch() as watch:
            report = gate.run_gate(
                conn,
                [batch_id],
                suites=EXPECTATIONS,
                docs=docs,
                as_of=AS_OF,
                thresholds=everything,
                referee=referee,
            )
        (batch,) = report.batches
        assert batch.state == "judged", batch.error
        sources.finish_batch(conn, batch_id)
    return watch.seconds


def _peak() -> float:
    """The most memory this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
