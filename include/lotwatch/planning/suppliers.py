"""How suppliers delivered: measured once a night, so that no evaluation has to sum all their receipts."""

from datetime import datetime

import psycopg

from lotwatch.db.query import query


def measure_suppliers(conn: psycopg.Connection, as_of: datetime) -> int:
    """Keep how each supplier delivered as of a moment; a moment is measured once. Returns how many suppliers were."""
    return conn.execute(query(__package__, "measure_suppliers"), {"as_of": as_of}).rowcount
