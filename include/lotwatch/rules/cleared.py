"""The end of what somebody was told of."""

from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query
from lotwatch.rules.alerts import Alert

#: what ended longer ago is no news
_NEWS = timedelta(days=1)


def take_cleared(conn: psycopg.Connection, as_of: datetime) -> list[Alert]:
    """Critical alerts that somebody was told of and that have ended; they are told as ended from this transaction on."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query(__package__, "take_cleared"), {"since": as_of - _NEWS}).fetchall()
