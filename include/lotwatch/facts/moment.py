"""Says which moment the fact views show, until the transaction ends."""

from datetime import datetime
from typing import Any

import psycopg

from lotwatch.db.query import query


def live(conn: psycopg.Connection[Any], as_of: datetime) -> None:
    """Show what is so now. `as_of` decides what is expired or late."""
    _set(conn, as_of, None, live=True)


def at(conn: psycopg.Connection[Any], as_of: datetime, known_at: datetime | None = None) -> None:
    """Show what was so at `as_of`, by all that is known today of what had happened by then.

    With `known_at`, by what had been recorded by that moment: the stock, holds and policies that a decision taken
    then could see (what was being recorded at that very moment counts from the start of its transaction). Documents
    and dates on labels are kept only as they are now.
    """
    _set(conn, as_of, known_at, live=False)


def _set(conn: psycopg.Connection[Any], as_of: datetime, known_at: datetime | None, *, live: bool) -> None:
    parameters = {
        "as_of": as_of.isoformat(),
        "known_at": "infinity" if known_at is None else known_at.isoformat(),
        "live": str(live),
    }
    conn.execute(query(__package__, "set_moment"), parameters)
