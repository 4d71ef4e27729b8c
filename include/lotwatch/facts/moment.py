"""Says which moment the fact views show, until the transaction ends."""

from datetime import datetime
from typing import Any

import psycopg

from lotwatch.db.query import query


def live(conn: psycopg.Connection[Any], as_of: datetime) -> None:
    """Show what is so now. `as_of` decides what is expired or late."""
    _set(conn, as_of, live=True)


def at(conn: psycopg.Connection[Any], as_of: datetime) -> None:
    """Show what was so at `as_of`, by all that is known today of what had happened by then."""
    _set(conn, as_of, live=False)


def _set(conn: psycopg.Connection[Any], as_of: datetime, *, live: bool) -> None:
    conn.execute(query(__package__, "set_moment"), {"as_of": as_of.isoformat(), "live": str(live)})
