"""Snapshots of the whole stock, from which past moments are read without adding everything up."""

from datetime import datetime

import psycopg
from psycopg import IsolationLevel

from lotwatch.db.query import query
from lotwatch.db.retry import in_transaction


def take_snapshot(conn: psycopg.Connection, as_of: datetime) -> int:
    """Keep what was where at `as_of`, by all that is recorded now; return how many positions that are.

    0 when there is one of that moment already. The snapshot names the transactions it has seen, so that whoever reads
    from it adds what was recorded later, even if that occurred before. `conn` must not be in a transaction.
    """
    isolation = conn.isolation_level
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        # of two that take the same one, the second finds it taken
        return in_transaction(
            conn, lambda: conn.execute(query(__package__, "take_snapshot"), {"as_of": as_of}).rowcount
        )
    finally:
        conn.isolation_level = isolation
