"""What a person decides on stock, with what has to happen in the same transaction."""

from typing import Literal

import psycopg

from lotwatch import ledger
from lotwatch.actions import warehouse
from lotwatch.audit import RunContext
from lotwatch.recall.cases import hold_arrivals


def place_hold(conn: psycopg.Connection, hold: ledger.Hold, context: RunContext, placed_by: str) -> int | None:
    """Place a hold and stop what is leaving of it; returns the hold's number, None when that hold is in force already."""
    hold_id = ledger.place_hold(conn, hold, context, placed_by)
    if hold_id is not None:
        warehouse.call_back(conn, context, holds=[hold_id])
    return hold_id


def decide_count(
    conn: psycopg.Connection,
    stocktake_id: int,
    decision: Literal["approved", "rejected"],
    context: RunContext,
    *,
    decided_by: str,
    note: str | None,
    seen_variance: int | None = None,
) -> int:
    """Approve or reject a count (see `ledger.decide_count`), and hold what it brings to light of a recall."""
    with hold_arrivals(conn, context):
        return ledger.decide_count(
            conn, stocktake_id, decision, context, decided_by=decided_by, note=note, seen_variance=seen_variance
        )
