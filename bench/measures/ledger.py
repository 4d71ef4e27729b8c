"""The ledger: movements in, positions kept and rebuilt, one position's past, traces and holds."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from statistics import median
from tempfile import TemporaryFile
from typing import IO

import psycopg

from bench.figures import Figure, Stopwatch, Yardstick, median_seconds
from bench.measures.reading import seconds_to_read
from bench.world import AS_OF, World, post
from lotwatch import ledger
from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.ledger.trace import Subject, trace_subjects

#: movements in a batch, and how often it is measured (the median counts)
_BATCHES = ((1, 51), (100, 21), (10_000, 3))
_COPY = "COPY into an unlogged table"
_CHUNK = 1 << 20
#: how often what takes milliseconds is measured
_OFTEN = 21
_TRACED = 10
_LOTS_HELD = 500


def measure_rebuild(world: World) -> Iterator[Figure]:
    """A full replay: positions and receipts derived from all movements, from nothing."""
    seconds = world.rebuilding or world.rebuild_from_nothing()
    movements = world.sizes()["movements"]
    floor = _pass_over_movements(world)
    yield Figure("rebuild", "positions from nothing", movements, "movements", seconds, floor)


def measure_verify(world: World) -> Iterator[Figure]:
    """Everything derived compared with the movements. Raises LotwatchError when anything differs."""
    floor = _pass_over_movements(world)
    with world.connect() as conn, Stopwatch() as watch:
        differences = ledger.verify(conn)
    if differences:
        raise LotwatchError(f"{len(differences)} differences in the ledger", where=str(differences[0]))
    yield Figure("verify", "no difference", world.sizes()["movements"], "movements", watch.seconds, floor)


def measure_post(world: World) -> Iterator[Figure]:
    """Movements exactly once, with positions and the change queue; and the same movements a second time."""
    for size, times in _BATCHES:
        runs = [_post_and_copy(world, size) for _ in range(times)]
        posting, copying = (median(seconds) for seconds in zip(*runs, strict=True))
        yield Figure("post", f"batch of {size:,}", size, "movements", posting, Yardstick(_COPY, copying))
    posting, copying = _post_and_copy(world, world.rows)
    yield Figure("post", f"batch of {world.rows:,}", world.rows, "movements", posting, Yardstick(_COPY, copying))
    with world.connect() as conn:
        again = _post(conn, world.stage_usage_again(conn, world.rows), expected=0)
    floor = Yardstick("first posting", posting)
    yield Figure("post", f"the same {world.rows:,} again: 0 posted", world.rows, "movements", again, floor)
    world.settle()


def measure_one_position(world: World) -> Iterator[Figure]:
    """What was of one item, or of one lot, in one place a month ago: a page asks that on a connection in use."""
    with world.connect() as conn:
        [(item_id, location_id, lot_id)] = _positions(conn, 1)
        key = {"item_id": item_id, "location_id": location_id}
        now = median_seconds(_OFTEN, lambda: conn.execute(query(__package__, "one_position"), key))
        moment = AS_OF - timedelta(days=31)
        for case, lot in (("an item in a place, a month ago", None), ("a lot in a place, a month ago", lot_id)):
            asked = partial(ledger.quantity_at, conn, item_id, location_id, moment, lot_id=lot)
            yield Figure(
                "position", case, 1, "positions", median_seconds(_OFTEN, asked), Yardstick("the same now", now)
            )


def measure_trace(world: World) -> Iterator[Figure]:
    """Ten lots: every place, movement, order and department they touched, on a connection in use."""
    with world.connect() as conn:
        lot_ids = [lot_id for _, _, lot_id in _positions(conn, _TRACED)]
        moved = median_seconds(_OFTEN, lambda: conn.execute(query(__package__, "lots_moved"), {"lot_ids": lot_ids}))
        subjects = [Subject(lot_id, 0) for lot_id in lot_ids]
        seconds = median_seconds(_OFTEN, lambda: trace_subjects(conn, subjects))
    yield Figure("trace", f"{_TRACED} lots at once", _TRACED, "lots", seconds, Yardstick("their movements", moved))


def measure_holds(world: World) -> Iterator[Figure]:
    """Five hundred lots held one by one, then a whole site; and what that costs whoever reads the facts."""
    free = Yardstick("facts without them", seconds_to_read(world, "count_facts"))
    with world.connect() as conn:
        positions = _positions(conn, _LOTS_HELD)
        sites = conn.execute(query(__package__, "one_site")).fetchall()
    lots = [
        ledger.Hold("precaution", f"bench {lot}", "measured", item_id=item, lot_id=lot) for item, _, lot in positions
    ]
    places = [ledger.Hold("cold_chain", "bench", "measured", location_id=site) for (site,) in sites]
    for case, holds in ((f"{len(lots)} lots", lots), ("a site", places)):
        yield Figure("holds", f"{case}: placed", len(holds), "holds", _place(world, holds, world.context()))
        seconds = seconds_to_read(world, "count_facts")
        yield Figure("holds", f"{case}: facts", world.rows, "item-sites", seconds, free)


def _pass_over_movements(world: World) -> Yardstick:
    with world.connect() as conn, Stopwatch() as watch:
        conn.execute(query(__package__, "scan_ledger"))
    return Yardstick("sum of all movements", watch.seconds)


def _positions(conn: psycopg.Connection, count: int) -> list[tuple[int, int, int]]:
    """(item, location, lot) of positions spread over all there are."""
    return conn.execute(query(__package__, "some_positions"), {"count": count}).fetchall()


def _place(world: World, holds: list[ledger.Hold], context: RunContext) -> float:
    with world.connect() as conn, Stopwatch() as watch:
        for hold in holds:
            ledger.place_hold(conn, hold, context, "bench")
        conn.commit()
    return watch.seconds


def _post_and_copy(world: World, size: int) -> tuple[float, float]:
    """Seconds to post a batch of new movements, and to copy what was posted."""
    with world.connect() as conn:
        batch_id = world.stage_usage(conn, size)
        posting = _post(conn, batch_id, expected=size)
    with TemporaryFile() as rows:
        _copy_out(world, batch_id, rows)
        return posting, _copy_in(world, rows)


def _post(conn: psycopg.Connection, batch_id: int, *, expected: int) -> float:
    seconds, posted = post(conn, batch_id)
    assert posted == expected, f"{posted} of {expected} movements were new"
    return seconds


def _copy_out(world: World, batch_id: int, target: IO[bytes]) -> None:
    text = query(__package__, "copy_out")
    with world.connect("migrator") as conn, conn.cursor().copy(text, {"batch_id": batch_id}) as rows:
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
