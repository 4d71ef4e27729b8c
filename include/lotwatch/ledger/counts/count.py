"""Opening balances and stocktakes: a count is compared with the books of its moment and, approved, moves the difference."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.ledger.posting import post_movements
from lotwatch.ledger.reconcile import lock_positions
from lotwatch.sources import finish_batch, open_batch

#: the source of what we ourselves write into the ledger
OURSELVES = "lotwatch"


@dataclass(frozen=True, slots=True)
class Count:
    """A count, and how far it is from the books of its moment: `variance` in base units, without sign."""

    code: str
    kind: Literal["opening", "count"]
    site_code: str
    counted_at: datetime
    counted_by: str | None
    state: Literal["proposed", "approved", "rejected"]
    decided_by: str | None
    lines: int
    differing: int
    variance: int


@dataclass(frozen=True, slots=True)
class CountLine:
    """A position as it was counted, and as the books had it (base units)."""

    item_code: str
    location_code: str
    lot_number: str | None
    serial_number: str | None
    owner: str
    status: str
    counted: int
    expected: int
    variance: int


def list_counts(conn: psycopg.Connection, *, limit: int = 50) -> list[Count]:
    """Counts, those that wait for a decision first, then the newest."""
    with conn.cursor(row_factory=class_row(Count)) as cursor:
        return cursor.execute(query(__package__, "list_counts"), {"limit": limit}).fetchall()


def count_of(conn: psycopg.Connection, code: str) -> int:
    """The number of the count with a code. Raises LotwatchError when there is none."""
    row = conn.execute(query(__package__, "find_count"), {"code": code}).fetchone()
    if row is None:
        raise LotwatchError("There is no such count", where=code, do="see `lotwatch count list`")
    return int(row[0])


def differing_lines(conn: psycopg.Connection, stocktake_id: int) -> list[CountLine]:
    """The lines of a count that differ from the books, the largest difference first."""
    with conn.cursor(row_factory=class_row(CountLine)) as cursor:
        return cursor.execute(query(__package__, "differing_lines"), {"stocktake_id": stocktake_id}).fetchall()


def post_counts(conn: psycopg.Connection, batch_id: int) -> int:
    """Bring a batch's counts up for decision, each with what the books said at its moment; return how many.

    A count read again before it is decided replaces itself. Nothing of the stock changes before it is approved.
    """
    conn.execute(query(__package__, "clear_recounted"), {"batch_id": batch_id})
    counts = conn.execute(query(__package__, "post_count"), {"batch_id": batch_id}).fetchall()
    for (stocktake_id,) in counts:
        conn.execute(query(__package__, "expect_count"), {"stocktake_id": stocktake_id})
    return len(counts)


def decide_count(
    conn: psycopg.Connection,
    stocktake_id: int,
    decision: Literal["approved", "rejected"],
    context: RunContext,
    *,
    decided_by: str,
    note: str | None = None,
    seen_variance: int | None = None,
) -> int:
    """Approve or reject a count; return how many movements that made.

    Approved, the difference is moved at the moment of the count, and that moment becomes the point from which these
    positions go on. `seen_variance` is the sum of differences (base units, without sign) that the approver looked at:
    when movements that became known since have changed it, nothing is decided. Raises LotwatchError then, when the
    count was decided before, and when who counted wants to approve.
    """
    with conn.transaction():
        known = {"stocktake_id": stocktake_id}
        lock_positions(conn)  # what is being posted is on the books, or comes after the count
        conn.execute(query(__package__, "expect_count"), known)
        row = conn.execute(query(__package__, "lock_count"), known).fetchone()
        if row is None:
            raise LotwatchError("There is no such count", where=f"stocktake {stocktake_id}")
        code, state, counted_by, _, variance = row
        if state != "proposed":
            raise LotwatchError(f"The count was {state} already", where=code)
        if decided_by == counted_by:
            raise LotwatchError(
                "Who counted may not approve or reject it", where=code, do="ask somebody else to decide"
            )
        if seen_variance is not None and seen_variance != variance:
            raise LotwatchError(
                f"The difference is {variance} now, not {seen_variance}: the books of that moment have changed",
                where=code,
                do="look at the count again, then decide",
            )
        posted = 0
        decided = {"state": decision, "decided_by": decided_by, "decided_at": context.as_of, "note": note}
        if decision == "approved":
            batch_id = open_batch(conn, OURSELVES, context)
            conn.execute(query(__package__, "stage_variance"), known | {"batch_id": batch_id})
            posted = post_movements(conn, batch_id)
            finish_batch(conn, batch_id)
        conn.execute(query(__package__, "decide_count"), known | decided)
        after = {"variance": variance, "movements": posted}
        record(conn, context, f"count {decision}", "stocktake", code, actor=decided_by, after=after, reason=note)
        return posted
