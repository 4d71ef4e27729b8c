"""Judges temperatures against what is allowed and holds what was exposed.

Decision page 0016 says what counts as an excursion, what as exposed, and why it is held where it is.
"""

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.ledger.cold_chain.tolerance import Tolerance
from lotwatch.ledger.holds import Hold, place_hold

PLACED_BY = "cold chain"
#: how far behind something new a place's readings are judged again
LOOKS_BACK = timedelta(days=7)
Row = dict[str, Any]


@dataclass(slots=True)
class Watched:
    """What a batch's temperatures came to: excursions new or changed (codes), and holds placed."""

    excursions: list[str] = field(default_factory=list)
    holds: int = 0


def watch_cold_chain(conn: psycopg.Connection, batch_id: int, context: RunContext, tolerance: Tolerance) -> Watched:
    """Judge what a posted batch tells of temperatures, contents and movements; hold what was exposed, each once.

    Whatever the order in which readings, contents and movements are told, the excursions come out the same; what a person
    released is not held again for the same excursion. Runs in the caller's transaction, before the batch is finished.
    """
    if conn.execute(query(__package__, "has_readings")).fetchone() is None:
        return Watched()
    watched = Watched()
    _judge(conn, batch_id, context, tolerance, watched)
    while followed := _rows(conn, "followed", batch_id=batch_id, codes=watched.excursions):
        for each in followed:  # from there it may have gone on
            hold = Hold(
                "cold_chain",
                each["reference"],
                each["reason"],
                each["item_id"],
                each["lot_id"],
                None,
                each["location_id"],
            )
            watched.holds += place_hold(conn, hold, context, PLACED_BY) is not None
    return watched


def _judge(
    conn: psycopg.Connection, batch_id: int, context: RunContext, tolerance: Tolerance, watched: Watched
) -> None:
    conn.execute(query(__package__, "drop_judged"))
    conn.execute(query(__package__, "make_judged"))
    conn.execute(query(__package__, "find_judged"), {"batch_id": batch_id, "looks_back": LOOKS_BACK})
    known = _rows(conn, "judged_excursions")
    for run in _rows(conn, "runs"):
        earlier = _same(run, known)
        if earlier is not None and run["began_before"]:  # of its beginning only the end was looked at
            run["started_at"] = min(run["started_at"], earlier["started_at"])
        run["beyond_tolerance"] = tolerance.is_exceeded(run)
        if earlier is not None and _says_nothing_new(run, earlier):
            known.remove(earlier)
            continue
        exposed = _exposed(conn, run)
        if not exposed and not run["own"]:
            continue  # nothing that needs this range was there
        if earlier is not None:
            known.remove(earlier)
        code = _keep(conn, run, earlier)
        watched.excursions.append(code)
        if run["beyond_tolerance"]:
            watched.holds += _hold(conn, code, run, exposed, context)
    conn.execute(query(__package__, "withdraw_excursions"), {"excursion_ids": [each["excursion_id"] for each in known]})


def _same(run: Row, known: list[Row]) -> Row | None:
    """The excursion that this run is a newer account of: of the same subject, sensor and range, at the same time."""
    names = ("judged_no", "sensor", "min_c", "max_c")
    for each in known:
        alike = all(each[name] == run[name] for name in names)
        if alike and each["started_at"] <= run["ended_at"] and run["started_at"] <= each["ended_at"]:
            return each
    return None


def _says_nothing_new(run: Row, earlier: Row) -> bool:
    """Whether the excursion is known as it is, and nothing was told of what was there."""
    names = ("started_at", "ended_at", "is_over", "coldest_c", "warmest_c", "beyond_tolerance")
    return not run["content_changed"] and not earlier["withdrawn"] and all(run[name] == earlier[name] for name in names)


def _keep(conn: psycopg.Connection, run: Row, earlier: Row | None) -> str:
    if earlier is None:
        row = conn.execute(query(__package__, "add_excursion"), run).fetchone()
        return str(row[0])  # type: ignore[index]
    conn.execute(query(__package__, "change_excursion"), {**run, "excursion_id": earlier["excursion_id"]})
    return str(earlier["code"])


def _exposed(conn: psycopg.Connection, run: Row) -> list[Row]:
    """Item, lot, serial unit and where it is to be held (None: everywhere) of all that the run's range is for."""
    name = "exposed_place" if run["location_id"] is not None else "exposed_goods"
    return _rows(conn, name, **run)


def _hold(conn: psycopg.Connection, code: str, run: Row, exposed: list[Row], context: RunContext) -> int:
    names = ("item_id", "lot_id", "serial_id", "location_id")
    before = {tuple(each[name] for name in names) for each in _rows(conn, "held_before", reference=code)}
    placed = 0
    for each in exposed:
        item_id, lot_id, serial_id, location_id = key = tuple(each[name] for name in names)
        if key not in before:
            hold = Hold("cold_chain", code, _reason(run), item_id, lot_id, serial_id, location_id)
            placed += place_hold(conn, hold, context, PLACED_BY) is not None
    return placed


def _reason(run: Row) -> str:
    """What happened, as far as it no longer changes: how far and how long is in the excursion, which goes on."""
    low = f"{run['min_c'].normalize():f}" if run["min_c"] is not None else "any"
    high = f"{run['max_c'].normalize():f}" if run["max_c"] is not None else "any"
    return f"outside of {low} to {high} °C from {run['started_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _rows(conn: psycopg.Connection, name: str, **parameters: Any) -> list[Row]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(__package__, name), parameters or None).fetchall()
