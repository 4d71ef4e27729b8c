"""The gate: a batch of movements split into good and bad, with and without a referee."""

from collections.abc import Iterator

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import AS_OF, World
from lotwatch import gate, sources
from lotwatch.db.query import query
from lotwatch.paths import EXPECTATIONS


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
