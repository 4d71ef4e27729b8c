"""The parts of the movement table, one for each month in which movements are recorded, made before they are needed."""

from datetime import date, timedelta

import psycopg

from lotwatch.db.query import query


def make_partitions(conn: psycopg.Connection, today: date, months_ahead: int = 3) -> int:
    """Make the parts from this month on that are missing; return how many. What had to wait in the default part moves."""
    parameters = {"first": today, "last": today + timedelta(days=31 * months_ahead)}
    row = conn.execute(query(__package__, "make_partitions"), parameters).fetchone()
    return int(row[0]) if row else 0
